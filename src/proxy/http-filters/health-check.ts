/** Requests of health checkers: answered by the proxy itself, or passed on and their answers kept for a while. */

import { HealthCheckSchema } from '../../xds/proto/generated/envoy/extensions/filters/http/health_check/v3/health_check_pb.js';
import { compileHeader } from '../route/conditions.ts';
import { milliseconds } from '../route/milliseconds.ts';
import { UnsupportedError } from '../route/unsupported.ts';
import { requestOf } from '../telemetry/request-of.ts';
import type { FilterKind, HttpFilter } from './filter.ts';
import { unpack } from './settings.ts';

export const HEALTH_CHECK: FilterKind = {
  typeName: HealthCheckSchema.typeName,

  compile(name, settings, { node, healthCheckFailed }) {
    const config = unpack(HealthCheckSchema, settings);
    if (Object.keys(config.clusterMinHealthyPercentages).length > 0) {
      throw new UnsupportedError('cluster_min_healthy_percentages');
    }
    const conditions = config.headers.map(compileHeader);
    const passThrough = config.passThroughMode ?? false;
    const cacheTime = config.cacheTime === undefined ? 0 : milliseconds(config.cacheTime);
    if (!passThrough && cacheTime > 0) throw new UnsupportedError('cache_time without pass_through_mode');
    let kept: { readonly status: number; readonly until: number } | undefined;

    /** Answers other than those of health checks say when the proxy is about to go. */
    const others: HttpFilter = {
      onResponseHeaders(_, __, headers) {
        if (healthCheckFailed()) headers.set('x-envoy-immediate-health-check-fail', 'true');
        return 'continue';
      },
    };

    return {
      name,
      forStream(stream) {
        const request = requestOf(stream.info);
        if (!conditions.every((one) => one.holds(request))) return others;
        stream.info.healthCheck = true;

        function answer(): boolean {
          if (healthCheckFailed()) {
            stream.info.responseFlags.push('LH');
            stream.reply({ status: 503, body: '', details: 'health_check_failed' });
          } else if (!passThrough) {
            stream.reply({ status: 200, body: '', details: 'health_check_ok' });
          } else if (kept !== undefined && performance.now() < kept.until) {
            if (kept.status !== 200) stream.info.responseFlags.push('LH');
            stream.reply({ status: kept.status, body: '', details: 'health_check_cached' });
          } else {
            return false;
          }
          return true;
        }

        return {
          onRequestHeaders: () => (answer() ? 'stop' : 'continue'),
          onResponseHeaders(_, status, headers) {
            if (cacheTime > 0 && stream.info.responseCodeDetails !== 'health_check_cached') {
              kept = { status, until: performance.now() + cacheTime };
            }
            headers.set('x-envoy-upstream-healthchecked-cluster', node.cluster);
            return 'continue';
          },
        };
      },
    };
  },
};
