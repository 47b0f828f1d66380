/**
 * Headers that a message has once: of these Envoy 1.40 keeps one value, and what comes further goes behind it with a
 * comma between. All others come as often as they were sent. Which they are was asked of Envoy itself; some are there
 * only because one of its filters reads them, as `pragma`.
 */

/** What a message has in both directions. */
const ANY: readonly string[] = [
  'content-type',
  'cache-control',
  'content-encoding',
  'via',
  'x-request-id',
  'proxy-status',
  'x-envoy-attempt-count',
  'x-envoy-decorator-operation',
  'connection',
  'upgrade',
];

const REQUEST: readonly string[] = [
  'accept',
  'accept-encoding',
  'user-agent',
  'authorization',
  'origin',
  'referer',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'expect',
  'pragma',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'grpc-timeout',
  'grpc-accept-encoding',
  'x-forwarded-client-cert',
  'access-control-request-headers',
  'access-control-request-method',
  'access-control-request-private-network',
  'cdn-loop',
  'x-client-trace-id',
  'x-envoy-downstream-service-cluster',
  'x-envoy-downstream-service-node',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-external-address',
  'x-envoy-force-trace',
  'x-envoy-hedge-on-per-try-timeout',
  'x-envoy-internal',
  'x-envoy-ip-tags',
  'x-envoy-is-timeout-retry',
  'x-envoy-max-retries',
  'x-envoy-original-host',
  'x-envoy-original-path',
  'x-envoy-original-url',
  'x-envoy-retriable-header-names',
  'x-envoy-retriable-status-codes',
  'x-envoy-retry-grpc-on',
  'x-envoy-retry-on',
  'x-envoy-upstream-alt-stat-name',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-stream-duration-ms',
];

const RESPONSE_TRAILER: readonly string[] = ['grpc-status', 'grpc-message'];

const RESPONSE: readonly string[] = [
  'date',
  'server',
  'vary',
  'etag',
  'location',
  'last-modified',
  'expires',
  'age',
  'access-control-allow-credentials',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-allow-origin',
  'access-control-allow-private-network',
  'access-control-expose-headers',
  'access-control-max-age',
  'x-envoy-degraded',
  'x-envoy-immediate-health-check-fail',
  'x-envoy-ratelimited',
  'x-envoy-upstream-canary',
  'x-envoy-upstream-healthchecked-cluster',
  'x-envoy-upstream-service-time',
  ...RESPONSE_TRAILER,
];

/** Names in lower case. */
export type SingleHeaders = ReadonlySet<string>;

export const REQUEST_SINGLES: SingleHeaders = new Set([...ANY, ...REQUEST]);
export const RESPONSE_SINGLES: SingleHeaders = new Set([...ANY, ...RESPONSE]);
export const RESPONSE_TRAILER_SINGLES: SingleHeaders = new Set(RESPONSE_TRAILER);

/** Of the bits of a small integer. */
const LAST_BIT = 29;

const marks = new Map<string, number>();
for (const list of [ANY, REQUEST, RESPONSE]) {
  for (const [index, name] of list.entries()) {
    const first = list === ANY ? 0 : ANY.length;
    marks.set(name, 1 << Math.min(first + index, LAST_BIT));
  }
}

/**
 * A bit that tells whether a name like this one has been seen before in a message, without looking at the others of
 * it; 0 for names that come as often as they like. Rare names share one.
 */
export function markOf(name: string): number {
  return marks.get(name) ?? 0;
}
