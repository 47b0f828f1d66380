/** Which other origins may call a route from a browser. */

import type { HttpRoute } from '../../model/virtual-services.ts';
import { CorsPolicySchema } from '../proto/generated/envoy/extensions/filters/http/cors/v3/cors_pb.js';
import { pack } from '../proto/registry.ts';
import { wholePercent } from '../routes/percent.ts';
import { stringMatcher } from '../routes/string-match.ts';
import { durationOf } from '../values.ts';

type CorsPolicy = NonNullable<HttpRoute['corsPolicy']>;

export const CORS_FILTER = 'envoy.filters.http.cors';

/** The route's own settings of the CORS filter. */
export function corsConfig(policy: CorsPolicy) {
  const maxAge = durationOf(policy.maxAge);
  // The older field names origins in full.
  const origins = policy.allowOrigins ?? (policy.allowOrigin ?? []).map((exact) => ({ exact }));
  return pack(CorsPolicySchema, {
    allowOriginStringMatch: origins.map(stringMatcher),
    allowMethods: (policy.allowMethods ?? []).join(','),
    allowHeaders: (policy.allowHeaders ?? []).join(','),
    exposeHeaders: (policy.exposeHeaders ?? []).join(','),
    ...(maxAge !== undefined && { maxAge: String(maxAge.seconds) }),
    ...(typeof policy.allowCredentials === 'boolean' && { allowCredentials: policy.allowCredentials }),
    filterEnabled: { defaultValue: wholePercent(100) },
    forwardNotMatchingPreflights: policy.unmatchedPreflights !== 'IGNORE',
  });
}
