/** What every builder is given: the mesh, who asks, and what of the mesh counts for it. */

import type { DestinationRule } from '../model/destination-rules.ts';
import type { MeshService } from '../model/services.ts';
import type { SidecarScope } from '../model/sidecar-scopes.ts';
import type { Reads, Snapshot } from '../model/snapshot.ts';
import type { ReportProblem } from './problem.ts';
import type { ProxyIdentity } from './proxy-identity.ts';

export interface Input {
  readonly snapshot: Snapshot;
  readonly proxy: ProxyIdentity;
  /** For gateways the scope of a sidecar that sees everything. */
  readonly scope: SidecarScope;
  readonly report: ReportProblem;
  /** Hears what is read through `snapshot`. */
  readonly reads: Reads;
}

/** Services that the proxy may see by their full names. */
export function serviceNamed(input: Input, host: string): MeshService | undefined {
  return input.scope.byHost.get(host);
}

/** The DestinationRule that holds when the proxy calls a host. */
export function ruleFor(
  input: Input,
  host: string,
  serviceNamespace: string | undefined,
): DestinationRule | undefined {
  const { snapshot, proxy } = input;
  return snapshot.destinationRules.find(host, serviceNamespace ?? proxy.namespace, proxy);
}
