/** When a request is sent again: https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter */

import { fromBinary } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import {
  type RetryPolicy,
  RetryPolicySchema,
  RetryPolicy_ResetHeaderFormat as ResetFormat,
} from '../../xds/proto/generated/envoy/config/route/v3/route_components_pb.js';
import { OmitHostMetadataConfigSchema } from '../../xds/proto/generated/envoy/extensions/retry/host/omit_host_metadata/v3/omit_host_metadata_config_pb.js';
import { PreviousPrioritiesConfigSchema } from '../../xds/proto/generated/envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config_pb.js';
import { type Condition, compileHeader } from './conditions.ts';
import { LONGEST_WAIT, milliseconds } from './milliseconds.ts';
import { sharing } from './shared-parts.ts';
import { UnsupportedError } from './unsupported.ts';

/** Endpoints that a further try passes over. */
export type HostPredicate =
  | { readonly kind: 'previous' }
  | { readonly kind: 'canary' }
  | { readonly kind: 'metadata'; readonly wanted: Readonly<Record<string, unknown>> };

/** A header of a response that says when to come again: seconds, or a time since 1970. */
export interface ResetHeader {
  readonly name: string;
  readonly format: 'seconds' | 'unix-time';
}

export interface Retries {
  /** Tries after the first. */
  readonly count: number;
  readonly on: readonly string[];
  readonly statusCodes: readonly number[];
  /** In milliseconds; undefined for that of the route. */
  readonly perTryTimeout: number | undefined;
  /** In milliseconds; 0 for none. */
  readonly perTryIdleTimeout: number;
  /** In milliseconds. */
  readonly backOff: { readonly base: number; readonly max: number };
  readonly resetHeaders: readonly ResetHeader[];
  /** In milliseconds. */
  readonly maxResetInterval: number;
  /** Of responses. */
  readonly headers: readonly Condition[];
  /** Of requests: with any, one has to hold for a request to be sent again at all. */
  readonly requestHeaders: readonly Condition[];
  readonly hostPredicates: readonly HostPredicate[];
  readonly hostAttempts: number;
  /** After how many tries priorities that were tried are left out anew; undefined for never. */
  readonly priorityUpdates: number | undefined;
}

const DEFAULT_BASE = 25;
const DEFAULT_MAX_RESET = 300_000;

/** Throws an `UnsupportedError` for what is not known here. */
export const compileRetries = sharing(RetryPolicySchema, compiledRetries);

function compiledRetries(policy: RetryPolicy): Retries {
  if (policy.retryOptionsPredicates.length > 0) throw new UnsupportedError('retry_options_predicates');
  const base = policy.retryBackOff?.baseInterval;
  const baseTime = base === undefined ? DEFAULT_BASE : Math.max(1, milliseconds(base));
  const max = policy.retryBackOff?.maxInterval;
  const limited = policy.rateLimitedRetryBackOff;
  return {
    count: policy.numRetries ?? 1,
    on: policy.retryOn
      .split(',')
      .map((reason) => reason.trim())
      .filter((reason) => reason !== ''),
    statusCodes: policy.retriableStatusCodes,
    perTryTimeout: policy.perTryTimeout === undefined ? undefined : milliseconds(policy.perTryTimeout),
    perTryIdleTimeout: policy.perTryIdleTimeout === undefined ? 0 : milliseconds(policy.perTryIdleTimeout),
    backOff: {
      base: baseTime,
      max: max === undefined ? Math.min(baseTime * 10, LONGEST_WAIT) : milliseconds(max),
    },
    resetHeaders: (limited?.resetHeaders ?? []).map(({ name, format }) => ({
      name: name.toLowerCase(),
      format: format === ResetFormat.UNIX_TIMESTAMP ? 'unix-time' : 'seconds',
    })),
    maxResetInterval:
      limited?.maxInterval === undefined ? DEFAULT_MAX_RESET : milliseconds(limited.maxInterval),
    headers: policy.retriableHeaders.map(compileHeader),
    requestHeaders: policy.retriableRequestHeaders.map(compileHeader),
    hostPredicates: policy.retryHostPredicate.map(({ name, configType }) =>
      hostPredicate(name, configType.value),
    ),
    hostAttempts: Number(policy.hostSelectionRetryMaxAttempts) || 1,
    priorityUpdates: priorityUpdates(policy),
  };
}

function typeName(config: Any | undefined): string {
  return config?.typeUrl.slice(config.typeUrl.lastIndexOf('/') + 1) ?? '';
}

function hostPredicate(name: string, config: Any | undefined): HostPredicate {
  // The type decides; by name where there is none.
  switch (typeName(config) || name) {
    case 'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate':
    case 'envoy.retry_host_predicates.previous_hosts':
      return { kind: 'previous' };
    case 'envoy.extensions.retry.host.omit_canary_hosts.v3.OmitCanaryHostsPredicate':
    case 'envoy.retry_host_predicates.omit_canary_hosts':
      return { kind: 'canary' };
    case 'envoy.extensions.retry.host.omit_host_metadata.v3.OmitHostMetadataConfig': {
      const { metadataMatch } = fromBinary(OmitHostMetadataConfigSchema, config?.value ?? new Uint8Array());
      return { kind: 'metadata', wanted: metadataMatch?.filterMetadata['envoy.lb'] ?? {} };
    }
    default:
      throw new UnsupportedError(`retry_host_predicate ${name}`);
  }
}

function priorityUpdates({ retryPriority }: RetryPolicy): number | undefined {
  if (retryPriority === undefined) return undefined;
  const config = retryPriority.configType.value;
  if (
    typeName(config) !== 'envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig'
  ) {
    throw new UnsupportedError(`retry_priority ${retryPriority.name}`);
  }
  return fromBinary(PreviousPrioritiesConfigSchema, config?.value ?? new Uint8Array()).updateFrequency;
}
