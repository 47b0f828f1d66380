/** So many new connections in a time, and no more. */

import { toJson } from '@bufbuild/protobuf';
import { LocalRateLimitSchema } from '../../xds/proto/generated/envoy/extensions/filters/network/local_ratelimit/v3/local_rate_limit_pb.js';
import { TokenBucketSchema } from '../../xds/proto/generated/envoy/type/v3/token_bucket_pb.js';
import { InvalidConfigError, unpacked } from '../config-error.ts';
import { type TokenBucket, bucketMaker } from '../http-filters/rate-limit/token-bucket.ts';
import type { NetworkFilterKind } from '../listeners/network-filter.ts';

/** Buckets that several filter chains share, by their key and settings; kept while one of them uses it. */
const shared = new Map<string, { readonly bucket: TokenBucket; users: number }>();

/** https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/network_filters/local_rate_limit_filter */
export const LOCAL_RATELIMIT: NetworkFilterKind = {
  kind: 'gate',
  typeName: LocalRateLimitSchema.typeName,
  compile: (any, { stats }) => {
    const config = unpacked('local_ratelimit', any, LocalRateLimitSchema);
    if (config.tokenBucket === undefined)
      throw new InvalidConfigError('local_ratelimit.token_bucket', 'missing');
    const make = bucketMaker(config.tokenBucket);
    const key = `${config.shareKey} ${JSON.stringify(toJson(TokenBucketSchema, config.tokenBucket))}`;
    const entry = (config.shareKey === '' ? undefined : shared.get(key)) ?? { bucket: make(), users: 0 };
    entry.users++;
    if (config.shareKey !== '') shared.set(key, entry);
    const isEnabled = config.runtimeEnabled?.defaultValue !== false;
    const scope = stats.scope(`local_rate_limit.${config.statPrefix}.`);
    const limited = scope.counter('rate_limited');
    return {
      onConnection: () => {
        if (!isEnabled || entry.bucket.take()) return 'continue';
        limited.value++;
        return 'close';
      },
      close: () => {
        scope.release();
        entry.users--;
        if (entry.users === 0) shared.delete(key);
      },
    };
  },
};
