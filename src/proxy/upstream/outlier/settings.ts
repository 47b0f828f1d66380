/** What counts as failing, and what follows from it. */

import type { OutlierDetection } from '../../../xds/proto/generated/envoy/config/cluster/v3/outlier_detection_pb.js';
import { InvalidConfigError, milliseconds, refuseFields } from '../../config-error.ts';

/** Why an endpoint is left out; the names are those of the statistics. */
export type EjectionKind =
  | 'consecutive_5xx'
  | 'consecutive_gateway_failure'
  | 'consecutive_local_origin_failure'
  | 'success_rate'
  | 'local_origin_success_rate'
  | 'failure_percentage'
  | 'local_origin_failure_percentage';

export const EJECTION_KINDS: readonly EjectionKind[] = [
  'consecutive_5xx',
  'consecutive_gateway_failure',
  'consecutive_local_origin_failure',
  'success_rate',
  'local_origin_success_rate',
  'failure_percentage',
  'local_origin_failure_percentage',
];

/** https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/cluster/v3/outlier_detection.proto; times in milliseconds. */
export interface OutlierSettings {
  readonly interval: number;
  readonly baseEjectionTime: number;
  readonly maxEjectionTime: number;
  readonly maxEjectionTimeJitter: number;
  /** In percent. */
  readonly maxEjectionPercent: number;
  readonly alwaysEjectOne: boolean;
  readonly splits: boolean;
  readonly consecutive5xx: number;
  readonly consecutiveGatewayFailure: number;
  readonly consecutiveLocalOriginFailure: number;
  readonly successRate: { readonly hosts: number; readonly volume: number; readonly stdevFactor: number };
  readonly failurePercentage: { readonly hosts: number; readonly volume: number; readonly threshold: number };
  /** In how many percent of the cases it does follow. */
  readonly enforcing: Readonly<Record<EjectionKind, number>>;
  readonly checkUnejects: boolean;
}

/** Throws an `UnsupportedError` or `InvalidConfigError`. */
export function outlierSettings(owner: string, config: OutlierDetection): OutlierSettings {
  const field = `${owner}.outlier_detection`;
  refuseFields(field, { monitors: config.monitors.length > 0 });
  const percent = (name: string, value: number | undefined, byDefault: number) => {
    if (value !== undefined && value > 100) throw new InvalidConfigError(`${field}.${name}`, 'above 100');
    return value ?? byDefault;
  };
  const duration = (name: string, value: OutlierDetection['interval'], byDefault: number) => {
    const time = milliseconds(value, byDefault);
    if (time <= 0) throw new InvalidConfigError(`${field}.${name}`, 'not above 0');
    return time;
  };
  const baseEjectionTime = duration('base_ejection_time', config.baseEjectionTime, 30_000);
  return {
    interval: duration('interval', config.interval, 10_000),
    baseEjectionTime,
    maxEjectionTime: Math.max(
      baseEjectionTime,
      duration('max_ejection_time', config.maxEjectionTime, 300_000),
    ),
    maxEjectionTimeJitter: milliseconds(config.maxEjectionTimeJitter, 0),
    maxEjectionPercent: percent('max_ejection_percent', config.maxEjectionPercent, 10),
    alwaysEjectOne: config.alwaysEjectOneHost === true,
    splits: config.splitExternalLocalOriginErrors,
    consecutive5xx: config.consecutive5xx ?? 5,
    consecutiveGatewayFailure: config.consecutiveGatewayFailure ?? 5,
    consecutiveLocalOriginFailure: config.consecutiveLocalOriginFailure ?? 5,
    successRate: {
      hosts: config.successRateMinimumHosts ?? 5,
      volume: config.successRateRequestVolume ?? 100,
      stdevFactor: (config.successRateStdevFactor ?? 1900) / 1000,
    },
    failurePercentage: {
      hosts: config.failurePercentageMinimumHosts ?? 5,
      volume: config.failurePercentageRequestVolume ?? 50,
      threshold: percent('failure_percentage_threshold', config.failurePercentageThreshold, 85),
    },
    enforcing: {
      consecutive_5xx: percent('enforcing_consecutive_5xx', config.enforcingConsecutive5xx, 100),
      consecutive_gateway_failure: percent(
        'enforcing_consecutive_gateway_failure',
        config.enforcingConsecutiveGatewayFailure,
        0,
      ),
      consecutive_local_origin_failure: percent(
        'enforcing_consecutive_local_origin_failure',
        config.enforcingConsecutiveLocalOriginFailure,
        100,
      ),
      success_rate: percent('enforcing_success_rate', config.enforcingSuccessRate, 100),
      local_origin_success_rate: percent(
        'enforcing_local_origin_success_rate',
        config.enforcingLocalOriginSuccessRate,
        100,
      ),
      failure_percentage: percent('enforcing_failure_percentage', config.enforcingFailurePercentage, 0),
      local_origin_failure_percentage: percent(
        'enforcing_failure_percentage_local_origin',
        config.enforcingFailurePercentageLocalOrigin,
        0,
      ),
    },
    checkUnejects: config.successfulActiveHealthCheckUnejectHost !== false,
  };
}
