/** Whether a patch means a listener, or one of the filter chains or filters in it. */

import type {
  Filter,
  FilterChain,
  ListenerFilter,
} from '../proto/generated/envoy/config/listener/v3/listener_components_pb.js';
import type { Listener } from '../proto/generated/envoy/config/listener/v3/listener_pb.js';
import type { HttpFilter } from '../proto/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import type { Patch } from './patch.ts';

/** Listeners of redirected connections: their chains stand for the ports. */
const VIRTUAL: ReadonlySet<string> = new Set(['virtualInbound', 'virtualOutbound']);

export function meansListener({ applyTo, match }: Patch, listener: Listener): boolean {
  const wanted = match.listener;
  if (wanted === undefined) return true;
  if (isGiven(wanted.name) && wanted.name !== listener.name) return false;
  if (applyTo !== 'LISTENER' && VIRTUAL.has(listener.name)) return true;
  const port = wanted.portNumber ?? 0;
  return port === 0 || port === portOf(listener);
}

function portOf(listener: Listener): number | undefined {
  const address = listener.address?.address;
  if (address?.case !== 'socketAddress') return undefined;
  const { portSpecifier } = address.value;
  return portSpecifier.case === 'portValue' ? portSpecifier.value : undefined;
}

/** Of a listener that is meant. */
export function meansChain({ match }: Patch, listener: Listener, chain: FilterChain): boolean {
  const { portNumber = 0, filterChain: wanted } = match.listener ?? {};
  const asked = chain.filterChainMatch;
  if (portNumber > 0 && VIRTUAL.has(listener.name) && asked?.destinationPort !== portNumber) return false;
  if (wanted === undefined) return true;
  const { destinationPort = 0, applicationProtocols = '' } = wanted;
  return (
    (!isGiven(wanted.name) || wanted.name === chain.name) &&
    (!isGiven(wanted.sni) || (asked?.serverNames ?? []).includes(wanted.sni)) &&
    (!isGiven(wanted.transportProtocol) || wanted.transportProtocol === transportOf(listener, chain)) &&
    (applicationProtocols === '' ||
      applicationProtocols.split(',').every((one) => asked?.applicationProtocols.includes(one) === true)) &&
    (destinationPort === 0 || destinationPort === asked?.destinationPort)
  );
}

/**
 * The transport that a chain is for. Those of requests to the workload are for what is not encrypted where they name none:
 * with Istio they say so.
 */
function transportOf({ name }: Listener, { filterChainMatch, name: chainName }: FilterChain): string {
  const named = filterChainMatch?.transportProtocol ?? '';
  const isPlain = name === 'virtualInbound' && chainName !== 'virtualInbound-blackhole';
  return named === '' && isPlain ? 'raw_buffer' : named;
}

function isGiven(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}

/** Tells the listener filter of the match; undefined when the match names none. */
export function listenerFilterOf({ match }: Patch): ((filter: ListenerFilter) => boolean) | undefined {
  const name = match.listener?.listenerFilter;
  return isGiven(name) ? (filter) => filter.name === name : undefined;
}

/** Tells the network filter of the match; undefined when the match names none. */
export function networkFilterOf({ match }: Patch): ((filter: Filter) => boolean) | undefined {
  const wanted = match.listener?.filterChain?.filter;
  return wanted === undefined ? undefined : (filter) => filter.name === (wanted.name ?? '');
}

/** Tells the HTTP filter of the match; undefined when the match names none. */
export function httpFilterOf({ match }: Patch): ((filter: HttpFilter) => boolean) | undefined {
  const wanted = match.listener?.filterChain?.filter?.subFilter;
  return wanted === undefined ? undefined : (filter) => filter.name === (wanted.name ?? '');
}
