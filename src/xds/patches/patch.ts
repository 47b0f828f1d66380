/** The patches of one EnvoyFilter, decoded: what they change, how, where, and into what. */

import { type DescMessage, type JsonValue, type MessageShape, create, fromJson } from '@bufbuild/protobuf';
import type { KindTypes } from '../../api/generated/kind-types.ts';
import { re2Problem } from '../../base/re2.ts';
import type { EnvoyFilterObject } from '../../model/envoy-filters.ts';
import type { ConfigReference } from '../problem.ts';
import { ClusterSchema } from '../proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { TypedExtensionConfigSchema } from '../proto/generated/envoy/config/core/v3/extension_pb.js';
import {
  FilterChainSchema,
  FilterSchema,
  ListenerFilterSchema,
} from '../proto/generated/envoy/config/listener/v3/listener_components_pb.js';
import { ListenerSchema } from '../proto/generated/envoy/config/listener/v3/listener_pb.js';
import {
  RouteSchema,
  VirtualHostSchema,
} from '../proto/generated/envoy/config/route/v3/route_components_pb.js';
import { RouteConfigurationSchema } from '../proto/generated/envoy/config/route/v3/route_pb.js';
import { HttpFilterSchema } from '../proto/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { REGISTRY } from '../proto/registry.ts';

type EnvoyFilterSpec = NonNullable<KindTypes['networking.istio.io/EnvoyFilter']['spec']>;
type ConfigPatch = NonNullable<EnvoyFilterSpec['configPatches']>[number];
export type PatchMatch = NonNullable<ConfigPatch['match']>;

/** What patches can be applied to, and the message that each of them carries. */
export const VALUE_SCHEMAS = {
  LISTENER: ListenerSchema,
  FILTER_CHAIN: FilterChainSchema,
  LISTENER_FILTER: ListenerFilterSchema,
  NETWORK_FILTER: FilterSchema,
  HTTP_FILTER: HttpFilterSchema,
  ROUTE_CONFIGURATION: RouteConfigurationSchema,
  VIRTUAL_HOST: VirtualHostSchema,
  HTTP_ROUTE: RouteSchema,
  CLUSTER: ClusterSchema,
  EXTENSION_CONFIG: TypedExtensionConfigSchema,
} as const satisfies Record<string, DescMessage>;

export type ApplyTo = keyof typeof VALUE_SCHEMAS;
export type PatchValue<To extends ApplyTo> = MessageShape<(typeof VALUE_SCHEMAS)[To]>;

/** Of what is written only what remains after reading: INSERT becomes ADD where there is no order. */
export type Operation =
  | 'MERGE'
  | 'ADD'
  | 'REMOVE'
  | 'REPLACE'
  | 'INSERT_BEFORE'
  | 'INSERT_AFTER'
  | 'INSERT_FIRST';

export interface Patch<To extends ApplyTo = ApplyTo> {
  readonly object: ConfigReference;
  /** `spec.configPatches[2]`. */
  readonly place: string;
  readonly applyTo: To;
  readonly operation: Operation;
  /** For MERGE. */
  readonly replaceLists: boolean;
  readonly match: PatchMatch;
  /** Shared: copied before it is put anywhere. Empty for REMOVE. */
  readonly value: PatchValue<To>;
}

export interface DecodedFilter {
  readonly patches: readonly Patch[];
  /** Why patches, or parts of them, are not applied. */
  readonly problems: readonly string[];
}

const ORDERED: ReadonlySet<string> = new Set([
  'LISTENER_FILTER',
  'NETWORK_FILTER',
  'HTTP_FILTER',
  'HTTP_ROUTE',
]);

const INSERTS = ['INSERT_BEFORE', 'INSERT_AFTER', 'INSERT_FIRST'];
const FILTER_OPERATIONS = ['MERGE', 'ADD', 'REMOVE', 'REPLACE', ...INSERTS];

/** What can be done to each. */
const OPERATIONS: Readonly<Record<ApplyTo, readonly string[]>> = {
  LISTENER: ['MERGE', 'ADD', 'REMOVE'],
  FILTER_CHAIN: ['MERGE', 'ADD', 'REMOVE'],
  LISTENER_FILTER: FILTER_OPERATIONS,
  NETWORK_FILTER: FILTER_OPERATIONS,
  HTTP_FILTER: FILTER_OPERATIONS,
  ROUTE_CONFIGURATION: ['MERGE'],
  VIRTUAL_HOST: ['MERGE', 'ADD', 'REMOVE', 'REPLACE'],
  HTTP_ROUTE: ['MERGE', 'ADD', 'REMOVE', ...INSERTS],
  CLUSTER: ['MERGE', 'ADD', 'REMOVE'],
  EXTENSION_CONFIG: ['ADD'],
};

/** Resources, which proxies know by their names. */
const NAMED: ReadonlySet<string> = new Set(['LISTENER', 'CLUSTER', 'EXTENSION_CONFIG']);

/** Istio does not run longer patterns either. */
const MAX_VERSION_PATTERN = 1024;

/** Objects do not change, so that each is decoded once. */
const decoded = new WeakMap<EnvoyFilterObject, DecodedFilter>();

/** Decodes all patches of an object. One that cannot be is told of, and the others remain. */
export function decodeFilter(object: EnvoyFilterObject, reference: ConfigReference): DecodedFilter {
  let found = decoded.get(object);
  if (found === undefined) decoded.set(object, (found = decodeAll(object, reference)));
  return found;
}

function decodeAll(object: EnvoyFilterObject, reference: ConfigReference): DecodedFilter {
  const { configPatches = [], filters = [] } = object.value.spec ?? {};
  const problems: string[] = [];
  const patches = configPatches.flatMap((written, index) => {
    const place = `spec.configPatches[${index}]`;
    const patch = decode(written, reference, place, (reason) => problems.push(`${place} ${reason}`));
    return patch === undefined ? [] : [patch];
  });
  if (filters.length > 0) {
    problems.push('spec.filters is the form of release 1.2 and is not applied: write configPatches.');
  }
  return { patches, problems };
}

function decode(
  { applyTo, match = {}, patch }: ConfigPatch,
  object: ConfigReference,
  place: string,
  tell: (reason: string) => void,
): Patch | undefined {
  const written = patch?.operation ?? '';
  if (applyTo === 'BOOTSTRAP') {
    tell('is not applied: BOOTSTRAP is for what a proxy starts with, and not for what it is served.');
    return undefined;
  }
  if (applyTo === undefined || !isApplyTo(applyTo)) {
    tell('is not applied: its applyTo is none that there is.');
    return undefined;
  }
  const operation = operationOf(written, applyTo);
  const fault =
    operation === undefined
      ? `${written === '' ? 'without an operation' : written} can do nothing to a ${applyTo}`
      : matchFault(applyTo, operation, match);
  if (operation === undefined || fault !== undefined) {
    tell(`is not applied: ${fault}.`);
    return undefined;
  }
  const value = decodeValue(VALUE_SCHEMAS[applyTo], operation === 'REMOVE' ? {} : patch?.value, tell);
  if (value === undefined) return undefined;
  if (operation === 'ADD' && NAMED.has(applyTo) && (!('name' in value) || value.name === '')) {
    tell(`is not applied: a ${applyTo} that is added needs a name.`);
    return undefined;
  }
  const replaceLists = written === 'MERGE_AND_REPLACE_LIST';
  return { object, place, applyTo, operation, replaceLists, match, value };
}

function isApplyTo(text: string): text is ApplyTo {
  return Object.hasOwn(VALUE_SCHEMAS, text);
}

function operationOf(written: string, applyTo: ApplyTo): Operation | undefined {
  const one = written === 'MERGE_AND_REPLACE_LIST' ? 'MERGE' : written;
  const effective = one.startsWith('INSERT_') && !ORDERED.has(applyTo) ? 'ADD' : one;
  return OPERATIONS[applyTo].includes(effective) ? (effective as Operation) : undefined;
}

/** What the match lacks, or has wrong. */
function matchFault(applyTo: ApplyTo, operation: Operation, match: PatchMatch): string | undefined {
  const pattern = match.proxy?.proxyVersion ?? '';
  if (pattern.length > MAX_VERSION_PATTERN) {
    return `its proxyVersion is longer than ${MAX_VERSION_PATTERN} characters`;
  }
  const problem = pattern === '' ? undefined : re2Problem(pattern);
  if (problem !== undefined) return `its proxyVersion is no regular expression in RE2 syntax: ${problem}`;
  const { listenerFilter = '', filterChain } = match.listener ?? {};
  const needs = (has: boolean, field: string) =>
    has ? undefined : `${operation} on a ${applyTo} needs match.listener.${field}, which says which one`;
  if (applyTo === 'LISTENER_FILTER' && ['MERGE', 'REMOVE', 'REPLACE'].includes(operation)) {
    return needs(listenerFilter !== '', 'listenerFilter');
  }
  if (operation !== 'REMOVE' && operation !== 'REPLACE') return undefined;
  if (applyTo === 'NETWORK_FILTER') return needs(filterChain?.filter !== undefined, 'filterChain.filter');
  if (applyTo === 'HTTP_FILTER') {
    return needs(filterChain?.filter?.subFilter !== undefined, 'filterChain.filter.subFilter');
  }
  return undefined;
}

function decodeValue<Schema extends DescMessage>(
  schema: Schema,
  value: unknown,
  tell: (reason: string) => void,
): MessageShape<Schema> | undefined {
  if (value === undefined) {
    tell('is not applied: it has no value.');
    return undefined;
  }
  if (typeof value === 'object' && value !== null && Object.keys(value).length === 0) return create(schema);
  try {
    return fromJson(schema, value as JsonValue, { registry: REGISTRY });
  } catch (strict) {
    try {
      const message = fromJson(schema, value as JsonValue, {
        registry: REGISTRY,
        ignoreUnknownFields: true,
      });
      tell(`is applied without what is not known of Envoy's API: ${reasonOf(strict)}.`);
      return message;
    } catch (error) {
      tell(`is not applied: ${reasonOf(error)}.`);
      return undefined;
    }
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
