/** Routes that match on JWT claims: the gateway's pods need a RequestAuthentication, or there are no claims. */

import { gatewayReference } from '../../../model/gateways.ts';
import { matchesLabels } from '../../../model/selectors.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import { WORKLOAD_KINDS, type Workload } from '../../../model/workloads.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { KindTypes } from '../../../api/generated/kind-types.ts';

/** A header name that stands for a claim: `@request.auth.claims.group` or `@request.auth.claims[group]`. */
const CLAIM_PREFIX = '@request.auth.claims';

export const analyzer: Analyzer = {
  name: 'virtualservice.JWTClaimRouteAnalyzer',
  summary: 'Gateways of routes that match on JWT claims have a RequestAuthentication',
  reads: [
    ...WORKLOAD_KINDS,
    'networking.istio.io/Gateway',
    'networking.istio.io/VirtualService',
    'security.istio.io/RequestAuthentication',
  ],
  messages: [MESSAGES.JwtClaimBasedRoutingWithoutRequestAuthN],
  analyze({ snapshot, report }) {
    for (const object of snapshot.list('networking.istio.io/VirtualService')) {
      const claim = claimMatch(object.value.spec ?? {});
      if (claim === undefined) continue;
      const namespace = snapshot.namespaceOf(object);
      for (const name of object.value.spec?.gateways ?? []) {
        const reference = gatewayReference(name, namespace);
        const gateway =
          reference && snapshot.find('networking.istio.io/Gateway', reference.namespace, reference.name);
        if (gateway === undefined) continue;
        for (const workload of snapshot.workloads.select(gateway.value.spec?.selector ?? {})) {
          if (isAuthenticated(snapshot, workload)) continue;
          report(MESSAGES.JwtClaimBasedRoutingWithoutRequestAuthN, object, claim.path, {
            key: claim.key,
            gateway: `${snapshot.namespaceOf(gateway)}/${gateway.meta.name}`,
            pod: workload.object.meta.name,
          });
        }
      }
    }
  },
};

/** The first header match on a claim. */
function claimMatch(
  spec: NonNullable<KindTypes['networking.istio.io/VirtualService']['spec']>,
): { key: string; path: FieldPath } | undefined {
  for (const [i, rule] of (spec.http ?? []).entries()) {
    for (const [j, match] of (rule.match ?? []).entries()) {
      for (const field of ['headers', 'withoutHeaders'] as const) {
        const key = Object.keys(match[field] ?? {}).find((name) => isClaim(name));
        if (key !== undefined) return { key, path: ['spec', 'http', i, 'match', j, field, key] };
      }
    }
  }
  return undefined;
}

function isClaim(header: string): boolean {
  const lower = header.toLowerCase();
  return lower.startsWith(`${CLAIM_PREFIX}.`) || lower.startsWith(`${CLAIM_PREFIX}[`);
}

function isAuthenticated(snapshot: Snapshot, workload: Workload): boolean {
  return snapshot.list('security.istio.io/RequestAuthentication').some((object) => {
    const namespace = snapshot.namespaceOf(object);
    if (namespace !== snapshot.mesh.rootNamespace && namespace !== workload.namespace) return false;
    const { selector, targetRefs, targetRef } = object.value.spec ?? {};
    if (targetRefs !== undefined || targetRef !== undefined) return false;
    return matchesLabels(selector?.matchLabels ?? {}, workload.labels);
  });
}
