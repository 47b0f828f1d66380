/** The cluster behind a destination of a route. */

import type { MeshService } from '../../model/services.ts';
import type { Destination } from '../../model/virtual-services.ts';
import { effectivePolicy } from '../../model/traffic-policy.ts';
import { type Input, ruleFor, serviceNamed } from '../input.ts';
import { UNKNOWN_CLUSTER, outboundCluster } from '../names.ts';
import { type HashPolicy, hashPolicy } from './hash.ts';

export interface ResolvedDestination {
  readonly cluster: string;
  readonly host: string;
  readonly port: number;
  /** How its DestinationRule binds requests to endpoints. */
  readonly hash: HashPolicy | undefined;
}

/** Services by full name, as far as a listener knows them. */
export type KnownServices = Pick<ReadonlyMap<string, MeshService>, 'get'>;

/**
 * The port is the destination's own word, else the only one of the service, else that of the listener. A service
 * that nobody knows has a cluster's name all the same: requests to it are answered with 503.
 */
export function resolveDestination(
  destination: Destination | undefined,
  listenPort: number,
  input: Input,
  services: KnownServices = input.scope.byHost,
): ResolvedDestination {
  const written = destination?.host ?? '';
  if (written === '') return { cluster: UNKNOWN_CLUSTER, host: '', port: listenPort, hash: undefined };
  const service = services.get(written);
  // An alias stands for the service that it names.
  const host = service?.externalName?.toLowerCase() ?? written;
  const [only, ...others] = service?.ports ?? [];
  const port =
    destination?.port?.number ?? (only !== undefined && others.length === 0 ? only.number : listenPort);
  const rule = ruleFor(input, host, serviceNamed(input, host)?.namespace);
  const mesh = input.snapshot.mesh.config;
  const subset = rule?.subsets.find(({ name }) => name !== undefined && name === destination?.subset);
  return {
    cluster: outboundCluster(port, destination?.subset, host),
    host,
    port,
    // As in Istio: what a rule says of a port counts for destinations that name it.
    hash: hashPolicy(effectivePolicy(rule, subset, destination?.port?.number ?? 0, mesh)),
  };
}
