/** Listeners that cannot live on one port. */

import type { Listener } from '../../../api/generated/types/gateway.networking.k8s.io/Gateway.ts';
import type { RuleReport } from '../rule.ts';

type Layer = 'plain HTTP' | 'TLS' | 'TCP';

const LAYERS: ReadonlyMap<string, Layer> = new Map([
  ['HTTP', 'plain HTTP'],
  ['HTTPS', 'TLS'],
  ['TLS', 'TLS'],
  ['TCP', 'TCP'],
]);

/**
 * Warns of each listener that an earlier one keeps off its port: their protocols cannot be told apart there, or
 * their hosts are the same. Equal port, protocol and host is the schema's business.
 * https://gateway-api.sigs.k8s.io/reference/spec/#listener
 */
export function checkConflicts(report: RuleReport, listeners: readonly Listener[]): void {
  const accepted = new Map<number, Listener[]>();
  for (const [index, listener] of listeners.entries()) {
    if (listener.port === undefined) continue;
    const others = accepted.get(listener.port) ?? [];
    const winner = others.find((other) => conflict(listener, other) !== undefined);
    if (winner === undefined) accepted.set(listener.port, [...others, listener]);
    else {
      report.warn(
        ['spec', 'listeners', index],
        `port ${listener.port} is taken by listener "${winner.name ?? ''}": ${conflict(listener, winner)}`,
        { hint: 'Use another port, or another hostname.' },
      );
    }
  }
}

/** Why the two cannot share a port; undefined when they can. */
function conflict(listener: Listener, other: Listener): string | undefined {
  const layer = LAYERS.get(listener.protocol ?? '');
  const otherLayer = LAYERS.get(other.protocol ?? '');
  if (layer === undefined || otherLayer === undefined) return undefined;
  if (layer !== otherLayer) return `one port cannot serve both ${otherLayer} and ${layer}`;
  if (listener.protocol !== other.protocol && listener.hostname === other.hostname) {
    return `${other.protocol} and ${listener.protocol} for the same host cannot be told apart`;
  }
  return undefined;
}
