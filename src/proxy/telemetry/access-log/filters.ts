/** Which requests are logged: https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/accesslog/v3/accesslog.proto */

import {
  type AccessLogFilter,
  type ComparisonFilter,
  ComparisonFilter_Op as Op,
} from '../../../xds/proto/generated/envoy/config/accesslog/v3/accesslog_pb.js';
import { AccessLogType } from '../../../xds/proto/generated/envoy/data/accesslog/v3/accesslog_pb.js';
import { compileHeader } from '../../route/conditions.ts';
import { fractionFits } from '../../route/share.ts';
import { UnsupportedError } from '../../route/unsupported.ts';
import { compileMetadataMatcher } from '../../route/value-matcher.ts';
import type { StreamInfo } from '../../stream-info.ts';
import { grpcStatusOf } from '../grpc-status.ts';
import { requestOf } from '../request-of.ts';

export type LogFilter = (info: StreamInfo) => boolean;

/** Throws an `UnsupportedError` for filters of extensions. `random` gives whole numbers from 0 to 2^32 - 1. */
export function compileLogFilter(
  { filterSpecifier: filter }: AccessLogFilter,
  random: () => number,
): LogFilter {
  switch (filter.case) {
    case 'statusCodeFilter': {
      const compare = comparison(filter.value.comparison);
      return ({ responseCode }) => compare(responseCode);
    }
    case 'durationFilter': {
      const compare = comparison(filter.value.comparison);
      return ({ times }) => times.end > 0 && compare(Math.floor(times.end - times.start));
    }
    case 'notHealthCheckFilter':
      return ({ healthCheck }) => healthCheck !== true;
    case 'traceableFilter':
      return ({ traced }) => traced;
    case 'runtimeFilter': {
      const { percentSampled: share, useIndependentRandomness: independent } = filter.value;
      if (share === undefined) return () => false;
      return ({ requestId }) => {
        const own = independent ? NaN : Number.parseInt(requestId.slice(0, 8), 16);
        return fractionFits(share, Number.isNaN(own) ? random() : own);
      };
    }
    case 'andFilter': {
      const filters = filter.value.filters.map((one) => compileLogFilter(one, random));
      return (info) => filters.every((fits) => fits(info));
    }
    case 'orFilter': {
      const filters = filter.value.filters.map((one) => compileLogFilter(one, random));
      return (info) => filters.some((fits) => fits(info));
    }
    case 'headerFilter': {
      const { header } = filter.value;
      if (header === undefined) throw new UnsupportedError('header_filter without a header');
      const condition = compileHeader(header);
      return (info) => condition.holds(requestOf(info));
    }
    case 'responseFlagFilter': {
      const flags = new Set(filter.value.flags);
      if (flags.size === 0) return ({ responseFlags }) => responseFlags.length > 0;
      return ({ responseFlags }) => responseFlags.some((flag) => flags.has(flag));
    }
    case 'grpcStatusFilter': {
      const statuses = new Set<number>(filter.value.statuses);
      const { exclude } = filter.value;
      return (info) => statuses.has(grpcStatusOf(info) ?? UNKNOWN) !== exclude;
    }
    case 'metadataFilter': {
      const { matcher, matchIfKeyNotFound = true } = filter.value;
      if (matcher === undefined) return () => matchIfKeyNotFound;
      const fits = compileMetadataMatcher(matcher, matchIfKeyNotFound);
      return ({ dynamicMetadata }) => fits(dynamicMetadata);
    }
    case 'logTypeFilter': {
      const { types, exclude } = filter.value;
      return ({ protocol }) => {
        const type = protocol === '' ? AccessLogType.TcpConnectionEnd : AccessLogType.DownstreamEnd;
        return types.includes(type) !== exclude;
      };
    }
    default:
      throw new UnsupportedError(`access log filter ${filter.value?.name ?? 'without a kind'}`);
  }
}

/** gRPC's. */
const UNKNOWN = 2;

function comparison(filter: ComparisonFilter | undefined): (value: number) => boolean {
  const bound = filter?.value?.defaultValue ?? 0;
  switch (filter?.op) {
    case Op.GE:
      return (value) => value >= bound;
    case Op.LE:
      return (value) => value <= bound;
    default:
      return (value) => value === bound;
  }
}
