/** Which endpoints a cluster leaves out for a while, because they fail. */

import type { OutlierDetectionSchema } from '../proto/generated/envoy/config/cluster/v3/outlier_detection_pb.js';
import type { MatchPredicateSchema } from '../proto/generated/envoy/config/common/matcher/v3/matcher_pb.js';
import type { MeshService } from '../../model/services.ts';
import { type Init, defined, durationOf } from '../values.ts';
import type { EffectivePolicy } from '../../model/traffic-policy.ts';

type Predicate = Init<typeof MatchPredicateSchema>;

/** Only what is configured is enforced, and nothing is judged by its rate of success. */
export function outlierDetection(policy: EffectivePolicy): Init<typeof OutlierDetectionSchema> | undefined {
  const outlier = policy.outlierDetection;
  if (outlier === undefined) return undefined;
  const enforced = (count: number) => (count > 0 ? 100 : 0);
  const split = outlier.splitExternalLocalOriginErrors === true;
  const local = outlier.consecutiveLocalOriginFailures ?? 0;
  // The field of older releases counted answers of gateways only.
  const gateway = outlier.consecutiveGatewayErrors ?? outlier.consecutiveErrors ?? undefined;
  const server = outlier.consecutive5xxErrors ?? (outlier.consecutiveErrors === undefined ? undefined : 0);
  return defined({
    enforcingSuccessRate: 0,
    ...(server !== undefined && {
      consecutive5xx: server,
      enforcingConsecutive5xx: enforced(server),
    }),
    ...(gateway !== undefined && {
      consecutiveGatewayFailure: gateway,
      enforcingConsecutiveGatewayFailure: enforced(gateway),
    }),
    interval: durationOf(outlier.interval),
    baseEjectionTime: durationOf(outlier.baseEjectionTime),
    maxEjectionPercent: (outlier.maxEjectionPercent ?? 0) > 0 ? outlier.maxEjectionPercent : undefined,
    ...(split && {
      splitExternalLocalOriginErrors: true,
      enforcingLocalOriginSuccessRate: 0,
      ...(local > 0 && {
        consecutiveLocalOriginFailure: local,
        enforcingConsecutiveLocalOriginFailure: 100,
      }),
    }),
  });
}

/**
 * Share of healthy endpoints below which all are used again, in percent; 0 unless the policy says more. A service that
 * prefers near endpoints leaves those out that are not ready whatever is said.
 */
export function panicThreshold(
  { outlierDetection }: EffectivePolicy,
  { prefers }: MeshService,
): { value: number } {
  return { value: prefers === undefined ? (outlierDetection?.minHealthPercent ?? 0) : 0 };
}

/** Status codes that count as failures; undefined leaves that to Envoy (5xx). */
export function errorMatcher(codes: readonly number[]): { errorMatcher: Predicate } | undefined {
  if (codes.length === 0) return undefined;
  const rules = codes.map((code): Predicate => ({
    rule: {
      case: 'httpResponseHeadersMatch',
      value: {
        headers: [
          {
            name: ':status',
            headerMatchSpecifier: {
              case: 'stringMatch',
              value: { matchPattern: { case: 'exact', value: String(code) } },
            },
          },
        ],
      },
    },
  }));
  const [first] = rules;
  if (rules.length === 1 && first !== undefined) return { errorMatcher: first };
  return { errorMatcher: { rule: { case: 'orMatch', value: { rules } } } };
}
