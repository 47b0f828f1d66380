/** What a request is limited by: descriptors, which the actions of its route make. */

import type { Metadata } from '../../../xds/proto/generated/envoy/config/core/v3/base_pb.js';
import {
  type RateLimit,
  type RateLimit_Action as Action,
  RateLimit_Action_MetaData_Source as Source,
} from '../../../xds/proto/generated/envoy/config/route/v3/route_components_pb.js';
import { maskedCidr } from './masked-cidr.ts';
import { compileHeader, compileQuery } from '../../route/conditions.ts';
import { UnsupportedError } from '../../route/unsupported.ts';
import { valueAt } from '../../route/value-matcher.ts';
import { requestOf } from '../../telemetry/request-of.ts';
import type { FilterStream } from '../filter.ts';
import { requestHeaderValues } from '../header-edits.ts';

export type Entry = readonly [key: string, value: string];

/** `undefined`: the whole descriptor is left out; `skip`: only this entry is. */
type Step = (stream: FilterStream) => Entry | 'skip' | undefined;

export type DescriptorMaker = (stream: FilterStream) => readonly Entry[] | undefined;

/** Throws an `UnsupportedError` for actions that are not known. `cluster` is the one of the node. */
export function compileRateLimit(limit: RateLimit, cluster: string): DescriptorMaker {
  const steps = limit.actions.map((action) => compileAction(action, cluster));
  return (stream) => {
    const entries: Entry[] = [];
    for (const step of steps) {
      const entry = step(stream);
      if (entry === undefined) return undefined;
      if (entry !== 'skip') entries.push(entry);
    }
    return entries.length === 0 ? undefined : entries;
  };
}

function compileAction({ actionSpecifier: action }: Action, cluster: string): Step {
  switch (action.case) {
    case 'sourceCluster':
      return () => ['source_cluster', cluster];
    case 'destinationCluster':
      return ({ routeCluster }) => ['destination_cluster', routeCluster];
    case 'requestHeaders': {
      const { descriptorKey, skipIfAbsent } = action.value;
      const name = action.value.headerName.toLowerCase();
      return (stream) => {
        const [value] = requestHeaderValues(stream, name);
        if (value === undefined) return skipIfAbsent ? 'skip' : undefined;
        return value === '' ? undefined : [descriptorKey, value];
      };
    }
    case 'remoteAddress':
      return ({ info }) => ['remote_address', info.downstreamRemoteIp];
    case 'maskedRemoteAddress': {
      const { v4PrefixMaskLen = 32, v6PrefixMaskLen = 128 } = action.value;
      return ({ info }) => [
        'masked_remote_address',
        maskedCidr(info.downstreamRemoteIp, v4PrefixMaskLen, v6PrefixMaskLen),
      ];
    }
    case 'genericKey': {
      const { descriptorKey, descriptorValue } = action.value;
      return () => [descriptorKey === '' ? 'generic_key' : descriptorKey, descriptorValue];
    }
    case 'headerValueMatch': {
      const { descriptorKey, descriptorValue, expectMatch = true } = action.value;
      const conditions = action.value.headers.map(compileHeader);
      return (stream) => {
        const request = requestOf(stream.info);
        if (conditions.every((one) => one.holds(request)) !== expectMatch) return undefined;
        return [descriptorKey === '' ? 'header_match' : descriptorKey, descriptorValue];
      };
    }
    case 'queryParameterValueMatch': {
      const { descriptorKey, descriptorValue, expectMatch = true } = action.value;
      const conditions = action.value.queryParameters.map(compileQuery);
      return (stream) => {
        const request = requestOf(stream.info);
        if (conditions.every((one) => one.holds(request)) !== expectMatch) return undefined;
        return [descriptorKey === '' ? 'query_match' : descriptorKey, descriptorValue];
      };
    }
    case 'metadata': {
      const { descriptorKey, defaultValue, source, skipIfAbsent, metadataKey } = action.value;
      const path = (metadataKey?.path ?? []).map(({ segment }) => segment.value ?? '');
      const filter = metadataKey?.key ?? '';
      return ({ info }) => {
        const metadata =
          source === Source.ROUTE_ENTRY
            ? filterMetadata(info.routeMetadata, filter)
            : info.dynamicMetadata.get(filter);
        const found = valueAt(metadata, path);
        const value = typeof found === 'string' && found !== '' ? found : defaultValue;
        if (value === '') return skipIfAbsent ? 'skip' : undefined;
        return [descriptorKey, value];
      };
    }
    default:
      throw new UnsupportedError(`rate limit action ${action.case ?? 'without a kind'}`);
  }
}

function filterMetadata(metadata: Metadata | undefined, filter: string) {
  return metadata?.filterMetadata[filter];
}
