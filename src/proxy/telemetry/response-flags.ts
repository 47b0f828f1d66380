/** Response flags with their long names. */

import type { ResponseFlag } from '../stream-info.ts';

/** https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage */
const LONG_NAMES: Readonly<Record<ResponseFlag, string>> = {
  LH: 'FailedLocalHealthCheck',
  UH: 'NoHealthyUpstream',
  UT: 'UpstreamRequestTimeout',
  LR: 'LocalReset',
  UR: 'UpstreamRemoteReset',
  UF: 'UpstreamConnectionFailure',
  UC: 'UpstreamConnectionTermination',
  UO: 'UpstreamOverflow',
  NR: 'NoRouteFound',
  DI: 'DelayInjected',
  FI: 'FaultInjected',
  RL: 'RateLimited',
  UAEX: 'UnauthorizedExternalService',
  RLSE: 'RateLimitServiceError',
  DC: 'DownstreamConnectionTermination',
  URX: 'UpstreamRetryLimitExceeded',
  SI: 'StreamIdleTimeout',
  IH: 'InvalidEnvoyRequestHeaders',
  DPE: 'DownstreamProtocolError',
  UMSDR: 'UpstreamMaxStreamDurationReached',
  RFCF: 'ResponseFromCacheFilter',
  NFCF: 'NoFilterConfigFound',
  DT: 'DurationTimeout',
  UPE: 'UpstreamProtocolError',
  NC: 'NoClusterFound',
  OM: 'OverloadManagerTerminated',
  DF: 'DnsResolutionFailed',
  DO: 'DropOverload',
  DR: 'DownstreamRemoteReset',
  UDO: 'UnconditionalDropOverload',
};

/** As `UF,URX`, in the order in which they came up; undefined when there are none. */
export function shortFlags(flags: readonly ResponseFlag[]): string | undefined {
  return flags.length === 0 ? undefined : flags.join(',');
}

/** As `UpstreamConnectionFailure,UpstreamRetryLimitExceeded`; undefined when there are none. */
export function longFlags(flags: readonly ResponseFlag[]): string | undefined {
  if (flags.length === 0) return undefined;
  return flags.map((flag) => LONG_NAMES[flag]).join(',');
}

/** Whether Envoy knows a flag of that name. */
export function isResponseFlag(name: string): name is ResponseFlag {
  return name in LONG_NAMES;
}
