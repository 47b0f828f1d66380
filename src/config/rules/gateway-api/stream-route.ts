/** Rules of the routes for connections and packets: TLSRoute, TCPRoute and UDPRoute. */

import type { TCPRoute } from '../../../api/generated/types/gateway.networking.k8s.io/TCPRoute.ts';
import type { TLSRoute } from '../../../api/generated/types/gateway.networking.k8s.io/TLSRoute.ts';
import type { UDPRoute } from '../../../api/generated/types/gateway.networking.k8s.io/UDPRoute.ts';
import type { KindRules } from '../rule.ts';
import { checkBackends } from './backends.ts';
import { checkHostnames, checkParents } from './parent-refs.ts';

export const kinds = [
  'gateway.networking.k8s.io/TLSRoute',
  'gateway.networking.k8s.io/TCPRoute',
  'gateway.networking.k8s.io/UDPRoute',
] as const;

export const rules: KindRules<TLSRoute | TCPRoute | UDPRoute> = (object, report) => {
  const spec = object.value.spec;
  if (spec === undefined) return;
  checkParents(report, spec.parentRefs);
  if ('hostnames' in spec) checkHostnames(report, spec.hostnames);
  for (const [index, rule] of (spec.rules ?? []).entries()) {
    checkBackends(report, ['spec', 'rules', index, 'backendRefs'], rule.backendRefs);
  }
  if (object.kind === 'UDPRoute') {
    report.warn(['kind'], 'the mesh does not route UDP, so this route has no effect');
  }
};
