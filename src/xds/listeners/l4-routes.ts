/** TCP and TLS routes of VirtualServices that hold for one proxy and port. */

import { matchesLabels } from '../../model/selectors.ts';
import type { TcpRoute, TlsRoute, VirtualService } from '../../model/virtual-services.ts';
import type { Input } from '../input.ts';
import { configPath } from '../names.ts';
import { istioMetadata } from '../values.ts';
import { type FilterChain, TRANSPORT_TIMEOUT, serverNameMatch } from './chains.ts';
import { tcpToDestinations } from './tcp-proxy.ts';

type TcpMatch = NonNullable<TcpRoute['match']>[number];
type TlsMatch = NonNullable<TlsRoute['match']>[number];

export interface L4Context {
  readonly input: Input;
  readonly listenPort: number;
  /** `mesh`, or the names of the gateway's Gateways. */
  readonly gateways: ReadonlySet<string>;
  /** At a gateway connections come from anywhere: what is asked of their source counts for nothing. */
  readonly isGateway: boolean;
}

/** Conditions on the caller and the listener, which are known now. */
export function holdsFor(match: TcpMatch | TlsMatch, context: L4Context): boolean {
  const { input, listenPort, gateways, isGateway } = context;
  const named = match.gateways ?? [];
  if (named.length > 0 && !named.some((gateway) => gateways.has(gateway))) return false;
  if (match.port !== undefined && match.port !== 0 && match.port !== listenPort) return false;
  if (isGateway) return true;
  // The proxy's own traits are read only where something is asked of them: others can share the result.
  if (match.sourceLabels !== undefined && !matchesLabels(match.sourceLabels, input.proxy.labels))
    return false;
  const wanted = match.sourceNamespace ?? '';
  return wanted === '' || wanted === input.proxy.namespace;
}

/** A condition that Istio has given up: connections are not told apart by it. */
export function reportUnused(
  match: TcpMatch | TlsMatch,
  { name, namespace }: VirtualService,
  { input }: L4Context,
): void {
  if ((match.sourceSubnet ?? '') === '') return;
  input.report(
    { kind: 'VirtualService', namespace, name },
    `sourceSubnet ${match.sourceSubnet} of a match is not in force: the match holds wherever connections come from. ` +
      'Use sourceLabels, or an AuthorizationPolicy at the destination.',
  );
}

/** A chain for the destinations of a route. */
export function routeChain(
  service: VirtualService,
  route: TcpRoute | TlsRoute,
  match: FilterChain['filterChainMatch'],
  { input, listenPort }: L4Context,
): FilterChain {
  return {
    ...(match !== undefined && Object.keys(match).length > 0 && { filterChainMatch: match }),
    filters: [tcpToDestinations(route.route ?? [], service, listenPort, input)],
    metadata: istioMetadata({ config: configPath(service.apiVersion, 'virtual-service', service) }),
    transportSocketConnectTimeout: TRANSPORT_TIMEOUT,
  };
}

/** Chains of the TLS routes, by server name, as far as `mayHave` lets a VirtualService have the names. */
export function tlsChains(
  services: readonly VirtualService[],
  subnets: readonly string[],
  context: L4Context,
  mayHave: (names: readonly string[], owner: VirtualService) => boolean = () => true,
): readonly FilterChain[] {
  const chains: FilterChain[] = [];
  for (const service of services) {
    for (const route of service.tls) {
      if ((route.route ?? []).length === 0) continue;
      for (const match of route.match ?? []) {
        if (!holdsFor(match, context)) continue;
        reportUnused(match, service, context);
        const written = match.sniHosts ?? [];
        if (!mayHave(written.length === 0 ? ['*'] : written, service)) continue;
        const names = withoutRest(written);
        const own = match.destinationSubnets ?? [];
        const condition = serverNameMatch(names, own.length > 0 ? own : subnets);
        chains.push(routeChain(service, route, condition, context));
      }
    }
  }
  return chains;
}

/** Beside the name that stands for any the others say nothing. */
function withoutRest(names: readonly string[]): readonly string[] {
  return names.length === 0 || names.includes('*') ? ['*'] : names;
}

/** Chains of the TCP routes, up to the first that takes every connection; `complete` says that one does. */
export function tcpChains(
  services: readonly VirtualService[],
  subnets: readonly string[],
  context: L4Context,
): { readonly chains: readonly FilterChain[]; readonly complete: boolean } {
  const chains = new Map<string, FilterChain>();
  for (const service of services) {
    for (const route of service.tcp) {
      if ((route.route ?? []).length === 0) continue;
      const matches = route.match ?? [];
      const held = matches.filter((match) => holdsFor(match, context));
      if (matches.length > 0 && held.length === 0) continue;
      for (const match of held) reportUnused(match, service, context);
      const own = held.flatMap((match) => match.destinationSubnets ?? []);
      const takesAll =
        matches.length === 0 || held.some(({ destinationSubnets = [] }) => destinationSubnets.length === 0);
      const condition = serverNameMatch([], takesAll ? subnets : own);
      const key = JSON.stringify(condition);
      if (!chains.has(key)) chains.set(key, routeChain(service, route, condition, context));
      if (takesAll) return { chains: [...chains.values()], complete: true };
    }
  }
  return { chains: [...chains.values()], complete: false };
}
