/** Everything that requests can be sent to: each port of each service in scope, and each subset of it. */

import type { Protocol } from '../../base/protocol.ts';
import type { DestinationRule, Subset } from '../../model/destination-rules.ts';
import { gatewayServers, passesByName } from '../../model/gateway-servers.ts';
import type { MeshService, MeshServicePort } from '../../model/services.ts';
import { isDynamic } from '../dynamic-dns.ts';
import { type Input, ruleFor } from '../input.ts';
import { outboundCluster, passedOnCluster } from '../names.ts';
import { type EffectivePolicy, effectivePolicy } from '../../model/traffic-policy.ts';
import { isPassthrough } from './load-balancer.ts';

/** How Envoy finds the endpoints. */
export type Discovery = 'eds' | 'strict-dns' | 'logical-dns' | 'original-destination' | 'dynamic-dns';

/** What says in each request, or connection, whom it is for. */
const NAMES_HOSTS: ReadonlySet<Protocol | undefined> = new Set<Protocol>(['HTTP', 'HTTP2', 'GRPC', 'TLS']);

export interface Target {
  /** The cluster's. */
  readonly name: string;
  readonly service: MeshService;
  readonly port: MeshServicePort;
  readonly rule: DestinationRule | undefined;
  /** Undefined for all of the service. */
  readonly subset: Subset | undefined;
  readonly policy: EffectivePolicy;
  readonly discovery: Discovery;
  /** Connections come with the TLS of their clients, and go on only to workloads that end it. */
  readonly passedOn: boolean;
}

/** The targets of a proxy; names are unique, the first of a name counts. */
export function targetsOf(input: Input): readonly Target[] {
  const found = new Map<string, Target>();
  const passesOn = input.proxy.type === 'router' && passesByServerName(input);
  for (const service of input.scope.services) {
    // An alias has no endpoints of its own.
    if (service.externalName !== undefined) continue;
    const rule = ruleFor(input, service.hostname, service.namespace);
    const looksUp = isDynamic(service);
    // Only sidecars have the filters that look hosts up.
    if (looksUp && (input.proxy.type !== 'sidecar' || input.proxy.isProxylessGrpc)) {
      const { meta } = service.object;
      input.report(
        { kind: 'ServiceEntry', namespace: service.namespace, name: meta.name },
        'Resolution DYNAMIC_DNS is in force at sidecars only: requests to its hosts find no endpoint elsewhere. ' +
          'Use DNS with one entry for each host.',
      );
      continue;
    }
    for (const port of service.ports) {
      const policyOf = (subset: Subset | undefined): EffectivePolicy =>
        effectivePolicy(rule, subset, port.number, input.snapshot.mesh.config);
      const ofAll = policyOf(undefined);
      if (port.speaks === 'UDP' || (looksUp && !NAMES_HOSTS.has(port.speaks))) continue;
      for (const subset of [undefined, ...(looksUp ? [] : (rule?.subsets ?? []))]) {
        const policy = policyOf(subset);
        // No subset chooses endpoints where the service does not.
        const isPassed = isPassthrough(ofAll) || isPassthrough(policy);
        const discovery = discoveryOf(service, isPassed, input);
        const add = (name: string, isPassedOn: boolean): void => {
          if (found.has(name)) return;
          found.set(name, { name, service, port, rule, subset, policy, discovery, passedOn: isPassedOn });
        };
        add(outboundCluster(port.number, subset?.name, service.hostname), false);
        if (passesOn && !service.external) {
          add(passedOnCluster(port.number, subset?.name, service.hostname), true);
        }
      }
    }
  }
  return [...found.values()];
}

function discoveryOf(service: MeshService, isPassed: boolean, input: Input): Discovery {
  if (isDynamic(service)) return 'dynamic-dns';
  // Applications without a proxy know the simplest form of DNS only, and call no address as it is.
  const isProxyless = input.proxy.isProxylessGrpc;
  if (isPassed && !isProxyless) return 'original-destination';
  if (service.resolution === 'dns') return isProxyless ? 'logical-dns' : 'strict-dns';
  if (service.resolution === 'dns-round-robin') return 'logical-dns';
  // At a gateway connections end, so that there is no destination to keep.
  if (isProxyless) return 'eds';
  const isGateway = input.proxy.type === 'router';
  if (!isGateway && (service.resolution === 'none' || service.headless)) return 'original-destination';
  return 'eds';
}

/** Whether a server of this gateway sends connections on by nothing but their server name. */
function passesByServerName({ snapshot, proxy }: Input): boolean {
  const gateways = snapshot.list('networking.istio.io/Gateway');
  return gatewayServers(gateways, proxy.labels, (one) => snapshot.namespaceOf(one)).some(passesByName);
}
