/** A limit of requests that this proxy keeps on its own: a bucket of tokens, and further ones for descriptors. */

import type { Any } from '@bufbuild/protobuf/wkt';
import { VhRateLimitsOptions as VhOptions } from '../../xds/proto/generated/envoy/extensions/common/ratelimit/v3/ratelimit_pb.js';
import { LocalRateLimitSchema } from '../../xds/proto/generated/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit_pb.js';
import type { RateLimit } from '../../xds/proto/generated/envoy/config/route/v3/route_components_pb.js';
import { UnsupportedError } from '../route/unsupported.ts';
import type { Counter } from '../stats/stats.ts';
import type { FilterContext, FilterKind, FilterStream, RouteRateLimits } from './filter.ts';
import { addedHeaders, compileHeaderOption, requestHeadersOf } from './header-edits.ts';
import { type DescriptorMaker, type Entry, compileRateLimit } from './rate-limit/descriptors.ts';
import { type TokenBucket, bucketMaker } from './rate-limit/token-bucket.ts';
import { RouteSettings, isHit, unpack } from './settings.ts';

/** https://grpc.io/docs/guides/status-codes/ */
const RESOURCE_EXHAUSTED = 8;
const UNAVAILABLE = 14;

interface Buckets {
  readonly all: TokenBucket | undefined;
  readonly byDescriptor: ReadonlyMap<string, TokenBucket>;
}

function keyOf(entries: readonly Entry[]): string {
  return JSON.stringify(entries);
}

/** The limits of the route that are for this stage. */
function chosenLimits(
  { route, virtualHost, includeVirtualHost }: RouteRateLimits,
  option: VhOptions,
): readonly RateLimit[] {
  switch (option) {
    case VhOptions.IGNORE:
      return includeVirtualHost ? [...route, ...virtualHost] : route;
    case VhOptions.INCLUDE:
      return [...route, ...virtualHost];
    default:
      if (includeVirtualHost) return [...route, ...virtualHost];
      return route.length > 0 ? route : virtualHost;
  }
}

function compileConfig(settings: Any, { allStats, random, node }: FilterContext) {
  const config = unpack(LocalRateLimitSchema, settings);
  if (config.localClusterRateLimit !== undefined) throw new UnsupportedError('local_cluster_rate_limit');
  const makeAll = config.tokenBucket === undefined ? undefined : bucketMaker(config.tokenBucket);
  const makers = config.descriptors.map((descriptor) => {
    if (descriptor.tokenBucket === undefined)
      throw new UnsupportedError('a descriptor without a token_bucket');
    return [
      keyOf(descriptor.entries.map(({ key, value }) => [key, value])),
      bucketMaker(descriptor.tokenBucket),
    ] as const;
  });
  const makeBuckets = (): Buckets => ({
    all: makeAll?.(),
    byDescriptor: new Map(makers.map(([key, make]) => [key, make()])),
  });
  const shared = makeBuckets();
  const ofConnection = new WeakMap<object, Buckets>();
  const limits = new WeakMap<RateLimit, DescriptorMaker>();
  const scope = allStats.scope(`${config.statPrefix}.http_local_rate_limit.`);
  const status = config.status === undefined || config.status.code < 400 ? 429 : config.status.code;
  const requestEdits = config.requestHeadersToAddWhenNotEnforced.map(compileHeaderOption);
  const responseEdits = config.responseHeadersToAdd.map(compileHeaderOption);
  const consumeAll = config.alwaysConsumeDefaultTokenBucket ?? true;

  function bucketsFor(stream: FilterStream): Buckets {
    if (!config.localRateLimitPerDownstreamConnection) return shared;
    const { connection } = stream.info;
    const known = ofConnection.get(connection) ?? makeBuckets();
    ofConnection.set(connection, known);
    return known;
  }

  function makerOf(limit: RateLimit): DescriptorMaker {
    const known = limits.get(limit) ?? compileRateLimit(limit, node.cluster);
    limits.set(limit, known);
    return known;
  }

  /** Those whose descriptors the request has, the slowest first. */
  function matching(stream: FilterStream, { byDescriptor }: Buckets): TokenBucket[] {
    if (byDescriptor.size === 0) return [];
    const found = new Set<TokenBucket>();
    for (const limit of chosenLimits(stream.rateLimits(), config.vhRateLimits)) {
      if ((limit.stage ?? 0) !== config.stage) continue;
      const entries = makerOf(limit)(stream);
      const bucket = entries === undefined ? undefined : byDescriptor.get(keyOf(entries));
      if (bucket !== undefined) found.add(bucket);
    }
    return [...found].sort((a, b) => a.rate - b.rate);
  }

  /** The bucket that decided, and whether it had a token. */
  function ask(stream: FilterStream): {
    readonly allowed: boolean;
    readonly bucket: TokenBucket | undefined;
  } {
    const buckets = bucketsFor(stream);
    const matched = matching(stream, buckets);
    for (const bucket of matched) if (!bucket.take()) return { allowed: false, bucket };
    const [strictest] = matched;
    if (buckets.all === undefined || (strictest !== undefined && !consumeAll)) {
      return { allowed: true, bucket: strictest };
    }
    return { allowed: buckets.all.take(), bucket: strictest ?? buckets.all };
  }

  return {
    ask,
    status,
    requestEdits,
    responseEdits,
    showsLimits: config.enableXRatelimitHeaders !== 0,
    grpcStatus: config.rateLimitedAsResourceExhausted ? RESOURCE_EXHAUSTED : UNAVAILABLE,
    isEnabled: () => isHit(config.filterEnabled, random, false),
    isEnforced: () => isHit(config.filterEnforced, random, false),
    counters: {
      enabled: scope.counter('enabled'),
      enforced: scope.counter('enforced'),
      limited: scope.counter('rate_limited'),
      ok: scope.counter('ok'),
    } satisfies Record<string, Counter>,
  };
}

/** https://www.ietf.org/archive/id/draft-ietf-httpapi-ratelimit-headers-03.html */
function limitHeaders(bucket: TokenBucket): [string, string][] {
  return [
    ['x-ratelimit-limit', String(bucket.most)],
    ['x-ratelimit-remaining', String(bucket.left())],
    ['x-ratelimit-reset', String(bucket.secondsToNext())],
  ];
}

export const LOCAL_RATELIMIT: FilterKind = {
  typeName: LocalRateLimitSchema.typeName,

  compile(name, settings, context) {
    const base = compileConfig(settings, context);
    const routes = new RouteSettings((one) => compileConfig(one, context));
    return {
      name,
      forStream(stream) {
        let shown: TokenBucket | undefined;
        return {
          onRequestHeaders() {
            const config = routes.first(stream, name) ?? base;
            if (!config.isEnabled()) return 'continue';
            config.counters.enabled.value++;
            const { allowed, bucket } = config.ask(stream);
            if (config.showsLimits) shown = bucket;
            if (allowed) {
              config.counters.ok.value++;
              return 'continue';
            }
            config.counters.limited.value++;
            if (!config.isEnforced()) {
              const headers = requestHeadersOf(stream);
              for (const edit of config.requestEdits) edit(headers, stream.info);
              return 'continue';
            }
            config.counters.enforced.value++;
            stream.info.responseFlags.push('RL');
            stream.reply({
              status: config.status,
              body: 'local_rate_limited',
              headers: addedHeaders(config.responseEdits, stream.info),
              details: 'local_rate_limited',
              grpcStatus: config.grpcStatus,
            });
            return 'stop';
          },
          onResponseHeaders(_, __, headers) {
            if (shown !== undefined)
              for (const [header, value] of limitHeaders(shown)) headers.set(header, value);
            return 'continue';
          },
        };
      },
    };
  },

  checkRouteSettings(settings) {
    unpack(LocalRateLimitSchema, settings);
  },
};
