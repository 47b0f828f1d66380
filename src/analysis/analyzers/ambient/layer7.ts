/** Which settings work on HTTP: in ambient mode, the node's proxy knows bytes only, and waypoints do the rest. */

import type { KindTypes } from '../../../api/generated/kind-types.ts';

type Spec<Kind extends keyof KindTypes> = KindTypes[Kind] extends { readonly spec?: infer T }
  ? NonNullable<T>
  : never;
type DestinationRuleSpec = Spec<'networking.istio.io/DestinationRule'>;
type TrafficPolicy = Pick<
  NonNullable<DestinationRuleSpec['trafficPolicy']>,
  'loadBalancer' | 'connectionPool' | 'outlierDetection'
>;

const OPERATION_FIELDS = ['methods', 'notMethods', 'paths', 'notPaths', 'hosts', 'notHosts'] as const;

/** Whether rules ask for the method, path or host of a request, or for its token or headers. */
export function isHttpPolicy({ rules = [] }: Spec<'security.istio.io/AuthorizationPolicy'>): boolean {
  return rules.some(
    ({ from = [], to = [], when = [] }) =>
      to.some(({ operation = {} }) =>
        OPERATION_FIELDS.some((field) => (operation[field] ?? []).length > 0),
      ) ||
      from.some(
        ({ source = {} }) =>
          (source.requestPrincipals ?? []).length > 0 || (source.notRequestPrincipals ?? []).length > 0,
      ) ||
      when.some(({ key = '' }) => key.startsWith('request.')),
  );
}

/** Whether a Telemetry concerns requests: traces, access logs, or labels of metrics. */
export function isHttpTelemetry(spec: Spec<'telemetry.istio.io/Telemetry'>): boolean {
  const { tracing = [], accessLogging = [], metrics = [] } = spec;
  return (
    tracing.length > 0 ||
    accessLogging.length > 0 ||
    metrics.some(({ overrides = [] }) => overrides.length > 0)
  );
}

/** Whether a rule balances by headers or cookies, limits requests, or takes failing workloads out. */
export function isHttpRule({ trafficPolicy, subsets = [] }: DestinationRuleSpec): boolean {
  const policies: (TrafficPolicy | undefined)[] = [
    trafficPolicy,
    ...(trafficPolicy?.portLevelSettings ?? []),
    ...subsets.map((subset) => subset.trafficPolicy),
  ];
  return policies.some((policy) => {
    const hash = policy?.loadBalancer?.consistentHash;
    return (
      hash?.httpHeaderName !== undefined ||
      hash?.httpCookie !== undefined ||
      hash?.httpQueryParameterName !== undefined ||
      policy?.connectionPool?.http !== undefined ||
      policy?.outlierDetection !== undefined
    );
  });
}
