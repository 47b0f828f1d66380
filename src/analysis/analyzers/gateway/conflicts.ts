/**
 * Several Gateways for one workload, port and host that cannot be served together: the proxy obeys only one.
 * Plain HTTP servers are merged by the control plane, so two of those are no conflict.
 */

import type { MeshObject } from '../../../config/object.ts';
import type { KindTypes } from '../../../api/generated/kind-types.ts';
import { type Labels, formatLabels, matchesLabels } from '../../../model/selectors.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import { WORKLOAD_KINDS } from '../../../model/workloads.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';

type Gateway = MeshObject<KindTypes['networking.istio.io/Gateway']>;
type Server = NonNullable<NonNullable<KindTypes['networking.istio.io/Gateway']['spec']>['servers']>[number];

interface Listener {
  readonly gateway: Gateway;
  readonly name: string;
  readonly selector: Labels;
  readonly server: Server;
  readonly index: number;
}

export const analyzer: Analyzer = {
  name: 'gateway.ConflictingGatewayAnalyzer',
  summary: 'No two Gateways of one workload serve the same host on the same port',
  reads: [...WORKLOAD_KINDS, 'networking.istio.io/Gateway'],
  messages: [MESSAGES.ConflictingGateways],
  analyze({ snapshot, report }) {
    const byPort = new Map<number, Listener[]>();
    for (const gateway of snapshot.list('networking.istio.io/Gateway')) {
      const { selector = {}, servers = [] } = gateway.value.spec ?? {};
      const name = `${snapshot.namespaceOf(gateway)}/${gateway.meta.name}`;
      for (const [index, server] of servers.entries()) {
        const port = server.port?.number ?? 0;
        const listener = { gateway, name, selector, server, index };
        const list = byPort.get(port);
        if (list === undefined) byPort.set(port, [listener]);
        else list.push(listener);
      }
    }
    const meet = meetingSelectors(snapshot);
    for (const [port, listeners] of byPort) {
      for (const [listener, rivals] of conflicts(listeners, meet)) {
        report(MESSAGES.ConflictingGateways, listener.gateway, ['spec', 'servers', listener.index], {
          gateways: [...rivals].sort(),
          selector: formatLabels(listener.selector),
          port,
          hosts: listener.server.hosts ?? [],
        });
      }
    }
  },
};

/** For each listener of one port, the other Gateways that serve one of its hosts on the same workload and address. */
function conflicts(
  listeners: readonly Listener[],
  meet: (a: Labels, b: Labels) => boolean,
): Map<Listener, Set<string>> {
  const byHost = new Map<string, Listener[]>();
  for (const listener of listeners) {
    for (const host of new Set(listener.server.hosts ?? [])) {
      const key = `${listener.server.bind ?? ''}|${host}`;
      const list = byHost.get(key);
      if (list === undefined) byHost.set(key, [listener]);
      else list.push(listener);
    }
  }
  const found = new Map<Listener, Set<string>>();
  for (const sharing of byHost.values()) {
    for (const listener of sharing) {
      for (const other of sharing) {
        if (other.gateway === listener.gateway || (isPlainHttp(listener.server) && isPlainHttp(other.server)))
          continue;
        if (!meet(listener.selector, other.selector)) continue;
        const rivals = found.get(listener) ?? new Set();
        found.set(listener, rivals.add(other.name));
      }
    }
  }
  return found;
}

const HTTP_PROTOCOLS = new Set(['HTTP', 'HTTP2', 'GRPC', 'GRPC-WEB']);

function isPlainHttp({ port, tls }: Server): boolean {
  return tls === undefined && HTTP_PROTOCOLS.has((port?.protocol ?? '').toUpperCase());
}

/** Whether two selectors can stand for one workload: they are equal, or some workload has the labels of both. */
function meetingSelectors(snapshot: Snapshot): (a: Labels, b: Labels) => boolean {
  const { workloads } = snapshot;
  return (a, b) =>
    formatLabels(a) === formatLabels(b) ||
    workloads.all.some(({ labels }) => matchesLabels(a, labels) && matchesLabels(b, labels));
}
