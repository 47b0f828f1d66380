/** Statistics of gRPC calls for the cluster that they go to, in all and by method. */

import { FilterConfigSchema } from '../../xds/proto/generated/envoy/extensions/filters/http/grpc_stats/v3/config_pb.js';
import type { Counter, Histogram, StatsScope } from '../stats/stats.ts';
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
/** Statuses whose counters are remembered. */
const MOST_STATUSES = 32;

interface Method {
  readonly service: string;
  readonly method: string;
}

/** Of `/package.Service/Method`. */
function methodOf(path: string): Method | undefined {
  const found = /^\/([^/?]+)\/([^/?]+)(?:\?|$)/.exec(path);
  return found === null ? undefined : { service: found[1] ?? '', method: found[2] ?? '' };
}

/** What calls of one cluster, or of one of its methods, are counted in. */
class CallStats {
  readonly requests: Counter;
  readonly responses: Counter;
  readonly #scope: StatsScope;
  readonly #byStatus = new Map<string, readonly Counter[]>();
  #time: Histogram | undefined;

  constructor(scope: StatsScope) {
    this.#scope = scope;
    this.requests = scope.counter('request_message_count');
    this.responses = scope.counter('response_message_count');
  }

  /** The counters of calls that end so. */
  ofStatus(status: string): readonly Counter[] {
    let found = this.#byStatus.get(status);
    if (found === undefined) {
      const scope = this.#scope;
      found = [status, status === '0' ? 'success' : 'failure', 'total'].map((name) => scope.counter(name));
      // Servers choose what they say.
      if (this.#byStatus.size < MOST_STATUSES) this.#byStatus.set(status, found);
    }
    return found;
  }

  get time(): Histogram {
    return (this.#time ??= this.#scope.histogram('upstream_rq_time'));
  }
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
    const byCluster = new WeakMap<Cluster, Map<string, CallStats>>();

    function statsOf(stream: FilterStream, prefix: string): CallStats | undefined {
      const cluster = stream.info.upstreamCluster ?? clusters.get(stream.routeCluster);
      if (cluster === undefined) return undefined;
      let known = byCluster.get(cluster);
      if (known === undefined) byCluster.set(cluster, (known = new Map<string, CallStats>()));
      // Clients choose the names of methods: beyond so many they are counted together.
      const kept = known.has(prefix) || known.size < MOST_METHODS ? prefix : 'grpc.';
      let found = known.get(kept);
      if (found === undefined) known.set(kept, (found = new CallStats(cluster.stats.scope.scope(kept))));
      return found;
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
            const stats = statsOf(stream, prefix);
            if (stats === undefined) return;
            stats.requests.value += requests.count;
            stats.responses.value += responses.count;
            if (status !== undefined) for (const counter of stats.ofStatus(status)) counter.value++;
            const { upstreamFirstReceived, upstreamLastSent } = stream.info.times;
            if (config.enableUpstreamStats && upstreamFirstReceived > 0) {
              stats.time.record(Math.round(upstreamFirstReceived - upstreamLastSent));
            }
          },
        };
      },
    };
  },
};
