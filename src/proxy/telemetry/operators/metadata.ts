/** Operators over metadata of requests, routes, clusters and endpoints, and over what filters have set. */

import type { JsonObject } from '@bufbuild/protobuf';
import type { Metadata } from '../../../xds/proto/generated/envoy/config/core/v3/base_pb.js';
import type { StreamInfo } from '../../stream-info.ts';
import { FormatError } from '../format-error.ts';
import { utf8Bytes } from '../bytes.ts';
import {
  type FormatValue,
  type Operator,
  type OperatorKind,
  type OperatorTable,
  truncated,
} from './operator.ts';

/** The metadata under a filter's name. */
type MetadataOf = (info: StreamInfo, filter: string) => Readonly<Record<string, unknown>> | undefined;

function inMetadata(metadata: Metadata | undefined, filter: string): JsonObject | undefined {
  return metadata?.filterMetadata[filter];
}

const SOURCES = {
  DYNAMIC: ({ dynamicMetadata }, filter) => dynamicMetadata.get(filter),
  CLUSTER: ({ upstreamCluster }, filter) => inMetadata(upstreamCluster?.metadata, filter),
  UPSTREAM_HOST: ({ upstreamHost }, filter) => inMetadata(upstreamHost?.metadata, filter),
  ROUTE: ({ routeMetadata }, filter) => inMetadata(routeMetadata, filter),
  VIRTUAL_HOST: ({ virtualHostMetadata }, filter) => inMetadata(virtualHostMetadata, filter),
  LISTENER: ({ connection }, filter) => inMetadata(connection.listener.metadata, filter),
} as const satisfies Readonly<Record<string, MetadataOf>>;

/** What stands at `FILTER:key:key`, as text when it is text, else as JSON. */
function lookup(metadataOf: MetadataOf, path: string, length: number | undefined): Operator {
  const [filter = '', ...keys] = path.split(':');
  return (info) => {
    let value: unknown = metadataOf(info, filter);
    for (const key of keys) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
      value = (value as Readonly<Record<string, unknown>>)[key];
    }
    return cut(value, length);
  };
}

function cut(value: unknown, length: number | undefined): FormatValue {
  switch (typeof value) {
    case 'string':
      return truncated(utf8Bytes(value), length);
    case 'number':
    case 'boolean':
      return length === undefined ? value : String(value).slice(0, length);
    case 'object':
      if (value === null) return undefined;
      return length === undefined ? value : utf8Bytes(JSON.stringify(value)).slice(0, length);
    default:
      return undefined;
  }
}

function metadataOperator(metadataOf: MetadataOf): OperatorKind {
  return {
    parameters: 'required',
    length: true,
    compile: (parameters, length) => lookup(metadataOf, parameters, length),
  };
}

function sourceOf(name: string): MetadataOf | undefined {
  return Object.hasOwn(SOURCES, name) ? SOURCES[name as keyof typeof SOURCES] : undefined;
}

/** `%METADATA(CLUSTER:filter:key)%`. */
function anyMetadata(parameters: string, length: number | undefined): Operator {
  const colon = parameters.indexOf(':');
  const source = sourceOf(colon < 0 ? parameters : parameters.slice(0, colon));
  if (source === undefined) {
    throw new FormatError(parameters, `%METADATA(${parameters})% is not a supported type of metadata`);
  }
  return lookup(source, colon < 0 ? '' : parameters.slice(colon + 1), length);
}

/** Objects of filters here are texts, so that each form writes the text; as a proto it is JSON, in quotes. */
function filterState(parameters: string, length: number | undefined): Operator {
  const [key = '', form = 'TYPED', field] = parameters.split(':');
  if (key === '') {
    throw new FormatError(parameters, 'Invalid filter state configuration, key cannot be empty.');
  }
  if (!['PLAIN', 'TYPED', 'FIELD'].includes(form)) {
    throw new FormatError(parameters, 'Invalid filter state serialize type, only support PLAIN/TYPED/FIELD.');
  }
  if ((form === 'FIELD') !== (field !== undefined && field !== '')) {
    throw new FormatError(
      parameters,
      'Invalid filter state serialize type, FIELD should be used with the field name.',
    );
  }
  if (form === 'FIELD') return () => undefined;
  return ({ filterState: state }) => {
    const value = state.get(key);
    if (value === undefined) return undefined;
    return truncated(form === 'TYPED' ? JSON.stringify(value) : value, length);
  };
}

/** The environment variables and the host name of the process, taken once when the format is compiled. */
export interface FormatSurroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly hostname: string;
}

export function surroundingOperators({ environment, hostname }: FormatSurroundings): OperatorTable {
  return {
    ENVIRONMENT: {
      parameters: 'required',
      length: true,
      compile(parameters, length) {
        const value = truncated(utf8Bytes(environment[parameters] ?? '-'), length);
        return () => value;
      },
    },
    HOSTNAME: { parameters: 'none', length: false, compile: () => () => hostname },
  };
}

export const METADATA_OPERATORS: OperatorTable = {
  DYNAMIC_METADATA: metadataOperator(SOURCES.DYNAMIC),
  CLUSTER_METADATA: metadataOperator(SOURCES.CLUSTER),
  UPSTREAM_METADATA: metadataOperator(SOURCES.UPSTREAM_HOST),
  METADATA: { parameters: 'required', length: true, compile: anyMetadata },
  FILTER_STATE: { parameters: 'optional', length: true, compile: filterState },
};
