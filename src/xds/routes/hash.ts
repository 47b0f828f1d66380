/** What of a request decides which endpoint it is bound to. */

import type { EffectivePolicy } from '../../model/traffic-policy.ts';
import type { RouteAction_HashPolicySchema } from '../proto/generated/envoy/config/route/v3/route_components_pb.js';
import { type Init, defined, durationOf } from '../values.ts';

export type HashPolicy = Init<typeof RouteAction_HashPolicySchema>;

/** The hash policy that a destination's consistent hashing asks for; undefined without one. */
export function hashPolicy(policy: EffectivePolicy): HashPolicy | undefined {
  const hash = policy.loadBalancer?.consistentHash;
  if (hash === undefined) return undefined;
  if (hash.httpHeaderName !== undefined) {
    return { policySpecifier: { case: 'header', value: { headerName: hash.httpHeaderName } } };
  }
  if (hash.httpCookie !== undefined) {
    const { name = '', path = '', ttl, attributes = [] } = hash.httpCookie;
    const cookie = {
      name,
      path,
      ...defined({ ttl: durationOf(ttl) }),
      attributes: attributes.map((one) => ({ name: one.name ?? '', value: one.value ?? '' })),
    };
    return { policySpecifier: { case: 'cookie', value: cookie } };
  }
  if (hash.httpQueryParameterName !== undefined) {
    return {
      policySpecifier: { case: 'queryParameter', value: { name: hash.httpQueryParameterName } },
    };
  }
  if (hash.useSourceIp === true) {
    return { policySpecifier: { case: 'connectionProperties', value: { sourceIp: true } } };
  }
  return undefined;
}
