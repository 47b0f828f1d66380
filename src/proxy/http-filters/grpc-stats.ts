/** Statistics of gRPC calls for the cluster that they go to, in all and by method. */

import { FilterConfigSchema } from '../../xds/proto/generated/envoy/extensions/filters/http/grpc_stats/v3/config_pb.js';
import type { StatsScope } from '../stats/stats.ts';
import type { HeaderList } from '../http/header-list.ts';
import { isGrpc } from '../telemetry/grpc-status.ts';
import type { Cluster } from '../upstream/types.ts';
import type { FilterKind, FilterStream } from './filter.ts';
import { FrameCounter } from './grpc-frames.ts';
import { unpack } from './settings.ts';

/** Under this name access logs find how many messages went. */
const STATE = 'envoy.filters.http.grpc_stats';

/** Methods of one cluster that are counted apart. */
const MOST_METHODS = 1_000;

interface Method {
  readonly service: string;
  readonly method: string;
}

/** Of `/package.Service/Method`. */
function methodOf(path: string): Method | undefined {
  const found = /^\/([^/?]+)\/([^/?]+)(?:\?|$)/.exec(path);
  return found === null ? undefined : { service: found[1] ?? '', method: found[2] ?? '' };
}

export const GRPC_STATS: FilterKind = {
  typeName: FilterConfigSchema.typeName,

  compile(name, settings, { clusters }) {
    const config = unpack(FilterConfigSchema, settings);
    const specifier = config.perMethodStatSpecifier;
    const allowed =
      specifier.case === 'individualMethodStatsAllowlist'
        ? new Map(specifier.value.services.map((one) => [one.name, new Set(one.methodNames)]))
        : undefined;
    // Without a word about methods Envoy counts them in all.
    const all = specifier.case === 'statsForAllMethods' && specifier.value.value;

    /** Before the names of the statistics of one call. */
    function prefixOf(path: string): string {
      const found = methodOf(path);
      const isNamed = found !== undefined && (all || allowed?.get(found.service)?.has(found.method) === true);
      if (!isNamed) return 'grpc.';
      const { service, method } = found;
      return `grpc.${config.replaceDotsInGrpcServiceName ? service.replaceAll('.', '_') : service}.${method}.`;
    }

    /** Kept for as long as the cluster is, since statistics go when nobody holds their scope. */
    const scopes = new WeakMap<Cluster, Map<string, StatsScope>>();

    function scopeOf(stream: FilterStream, prefix: string): StatsScope | undefined {
      const cluster = stream.info.upstreamCluster ?? clusters.get(stream.routeCluster);
      if (cluster === undefined) return undefined;
      const known = scopes.get(cluster) ?? new Map<string, StatsScope>();
      scopes.set(cluster, known);
      // Clients choose the names of methods: beyond so many they are counted together.
      const kept = known.has(prefix) || known.size < MOST_METHODS ? prefix : 'grpc.';
      const scope = known.get(kept) ?? cluster.stats.scope.scope(kept);
      known.set(kept, scope);
      return scope;
    }

    return {
      name,
      forStream(stream) {
        if (!isGrpc(stream.requestHeaders)) return undefined;
        const prefix = prefixOf(stream.path);
        const requests = new FrameCounter();
        const responses = new FrameCounter();
        let status: string | undefined;
        const note = (headers: HeaderList) => {
          status ??= headers.get('grpc-status');
        };
        return {
          onRequestData(_, chunk) {
            requests.see(chunk);
            return chunk;
          },
          onResponseHeaders(_, __, headers, end) {
            if (end) note(headers);
            return 'continue';
          },
          onResponseData(_, chunk) {
            responses.see(chunk);
            return chunk;
          },
          onResponseTrailers(_, trailers) {
            note(trailers);
            return undefined;
          },
          onComplete() {
            if (config.emitFilterState) {
              stream.info.filterState.set(STATE, `${requests.count},${responses.count}`);
            }
            const scope = scopeOf(stream, prefix);
            if (scope === undefined) return;
            scope.counter('request_message_count').value += requests.count;
            scope.counter('response_message_count').value += responses.count;
            if (status !== undefined) {
              scope.counter(status).value++;
              scope.counter(status === '0' ? 'success' : 'failure').value++;
              scope.counter('total').value++;
            }
            if (config.enableUpstreamStats && stream.info.times.upstreamFirstReceived > 0) {
              const { upstreamFirstReceived, upstreamLastSent } = stream.info.times;
              scope
                .histogram('upstream_rq_time')
                .record(Math.round(upstreamFirstReceived - upstreamLastSent));
            }
          },
        };
      },
    };
  },
};
