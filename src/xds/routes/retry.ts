/** When a request is tried again, and where. */

import type { HttpRoute } from '../../model/virtual-services.ts';
import type { MeshConfig } from '../../model/mesh-settings.ts';
import type { RetryPolicySchema } from '../proto/generated/envoy/config/route/v3/route_components_pb.js';
import { PreviousHostsPredicateSchema } from '../proto/generated/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.js';
import { PreviousPrioritiesConfigSchema } from '../proto/generated/envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config_pb.js';
import { pack } from '../proto/registry.ts';
import { type Init, defined, durationOf } from '../values.ts';

type Retries = NonNullable<HttpRoute['retries']>;
type RetryPolicy = Init<typeof RetryPolicySchema>;

const DEFAULT_ATTEMPTS = 2;
const DEFAULT_REASONS = 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes';
const BY_STATUS = 'retriable-status-codes';

/**
 * The route's policy, else the mesh's, else two more tries where no answer can have been lost. Undefined when
 * retries are turned off. Requests that are bound to one endpoint by a hash may be tried there again.
 * https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRetry
 */
export function retryPolicy(
  own: Retries | undefined,
  mesh: MeshConfig,
  hashed: boolean,
): RetryPolicy | undefined {
  const retries: Retries | undefined = own ?? mesh.defaultHttpRetryPolicy;
  if (retries !== undefined && (retries.attempts ?? 0) <= 0) return undefined;
  const avoid = retries?.retryIgnorePreviousHosts ?? !hashed;
  return {
    numRetries: retries?.attempts ?? DEFAULT_ATTEMPTS,
    hostSelectionRetryMaxAttempts: 5n,
    ...reasons(retries?.retryOn),
    ...defined({ perTryTimeout: durationOf(retries?.perTryTimeout) }),
    ...(avoid && { retryHostPredicate: [previousHosts()] }),
    ...(retries?.retryRemoteLocalities === true && { retryPriority: previousPriorities() }),
    ...backOff(retries),
  };
}

/**
 * The tries of a proxy in front of its own workload: only what never reached it. Of the mesh's policy the number, the
 * reasons and the pause count: there is one endpoint, and the caller keeps the time.
 */
export function inboundRetryPolicy(mesh: MeshConfig): RetryPolicy | undefined {
  const policy = mesh.defaultInboundHttpRetryPolicy;
  if (policy === undefined) return { retryOn: 'reset-before-request', numRetries: DEFAULT_ATTEMPTS };
  if ((policy.attempts ?? 0) <= 0) return undefined;
  return {
    numRetries: policy.attempts ?? DEFAULT_ATTEMPTS,
    ...((policy.retryOn ?? '') === '' ? { retryOn: 'reset-before-request' } : reasons(policy.retryOn)),
    ...backOff(policy),
  };
}

function backOff(retries: Pick<Retries, 'backoff'> | undefined): Pick<RetryPolicy, 'retryBackOff'> {
  const baseInterval = durationOf(retries?.backoff);
  return baseInterval === undefined ? {} : { retryBackOff: { baseInterval } };
}

/** Numbers among the reasons are status codes. */
function reasons(retryOn: string | undefined): Pick<RetryPolicy, 'retryOn' | 'retriableStatusCodes'> {
  if (retryOn === undefined || retryOn === '') return { retryOn: DEFAULT_REASONS };
  const parts = retryOn
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const retriableStatusCodes = parts.filter((part) => /^\d+$/.test(part)).map(Number);
  const names = parts.filter((part) => !/^\d+$/.test(part));
  if (retriableStatusCodes.length === 0) return { retryOn: names.join(',') };
  if (!names.includes(BY_STATUS)) names.push(BY_STATUS);
  return { retryOn: names.join(','), retriableStatusCodes };
}

function previousHosts() {
  return {
    name: 'envoy.retry_host_predicates.previous_hosts',
    configType: { case: 'typedConfig' as const, value: pack(PreviousHostsPredicateSchema, {}) },
  };
}

function previousPriorities() {
  return {
    name: 'envoy.retry_priorities.previous_priorities',
    configType: {
      case: 'typedConfig' as const,
      value: pack(PreviousPrioritiesConfigSchema, { updateFrequency: 2 }),
    },
  };
}
