/** The parts of `/config_dump`, as Envoy's JSON has them. */

import type { JsonValue, Message } from '@bufbuild/protobuf';
import { type Any, anyUnpack } from '@bufbuild/protobuf/wkt';
import { REGISTRY, TYPE_PREFIX, messageToJson, typedJson } from '../../xds/proto/registry.ts';
import {
  CLUSTER_TYPE,
  ENDPOINT_TYPE,
  EXTENSION_TYPE,
  LISTENER_TYPE,
  ROUTE_TYPE,
  SECRET_TYPE,
} from '../xds-client/resource-types.ts';
import type { HeldResource, RejectedResource, TypeState } from '../xds-client/type-state.ts';
import type { AdminView } from './page.ts';
import { redacted } from '../redact.ts';
import { wholeRoutes } from '../route/encoded-routes.ts';

export type DumpObject = { [name: string]: JsonValue };

/** One of the sections: its type's name, and its lists by the names of their fields. */
export interface DumpSection {
  readonly typeName: string;
  readonly scalars: DumpObject;
  readonly lists: Readonly<Record<string, DumpList>>;
}

export interface DumpList {
  /** The type of an item. */
  readonly typeName: string;
  readonly items: readonly { readonly name: string; readonly value: DumpObject }[];
}

/** All sections in Envoy's order; `keeps` says by its name whether a resource is wanted. */
export function dumpSections(
  view: AdminView,
  withEndpoints: boolean,
  keeps: (name: string) => boolean,
): readonly DumpSection[] {
  const sections = [
    bootstrapSection(view),
    clusterSection(view),
    ...(withEndpoints ? [endpointSection(view)] : []),
    extensionSection(view),
    listenerSection(view),
    { typeName: `${ADMIN}ScopedRoutesConfigDump`, scalars: {}, lists: {} },
    routeSection(view),
    secretSection(view),
  ].filter((section) => section !== undefined);
  return sections.map((section) => ({
    ...section,
    lists: Object.fromEntries(
      Object.entries(section.lists).map(([field, list]) => [
        field,
        { ...list, items: list.items.filter(({ name }) => keeps(name)) },
      ]),
    ),
  }));
}

const ADMIN = 'envoy.admin.v3.';

function bootstrapSection({ bootstrap, staticClusters, startedAt }: AdminView): DumpSection {
  const { staticResources } = bootstrap;
  const value = redacted(
    messageToJson({
      ...bootstrap,
      ...(staticResources !== undefined && {
        staticResources: { ...staticResources, clusters: staticClusters.map(({ message }) => message) },
      }),
    }),
  );
  return {
    typeName: `${ADMIN}BootstrapConfigDump`,
    scalars: { bootstrap: value, last_updated: timestamp(startedAt) },
    lists: {},
  };
}

function clusterSection(view: AdminView): DumpSection {
  const type = `${ADMIN}ClustersConfigDump`;
  const { held, version } = collected(view.states(CLUSTER_TYPE));
  const dynamic = held.map((one) => ({
    name: one.name,
    value: {
      version_info: one.version,
      cluster: anyJson(one.value),
      last_updated: timestamp(one.updatedAt),
    },
  }));
  const isWarming = ({ name }: { readonly name: string }): boolean => view.warmingClusters.has(name);
  return {
    typeName: type,
    scalars: version === '' ? {} : { version_info: version },
    lists: {
      static_clusters: {
        typeName: `${type}.StaticCluster`,
        items: view.staticClusters.map(({ name, message }) => ({
          name,
          value: { cluster: messageJson(message), last_updated: timestamp(view.startedAt) },
        })),
      },
      dynamic_active_clusters: {
        typeName: `${type}.DynamicCluster`,
        items: dynamic.filter((one) => !isWarming(one)),
      },
      dynamic_warming_clusters: { typeName: `${type}.DynamicCluster`, items: dynamic.filter(isWarming) },
    },
  };
}

function endpointSection(view: AdminView): DumpSection {
  const type = `${ADMIN}EndpointsConfigDump`;
  const statics = [...view.clusters].flatMap(({ name, message }) =>
    message.loadAssignment === undefined
      ? []
      : [{ name, value: { endpoint_config: messageJson(message.loadAssignment) } }],
  );
  return {
    typeName: type,
    scalars: {},
    lists: {
      static_endpoint_configs: { typeName: `${type}.StaticEndpointConfig`, items: statics },
      dynamic_endpoint_configs: {
        typeName: `${type}.DynamicEndpointConfig`,
        items: collected(view.states(ENDPOINT_TYPE)).held.map((one) => ({
          name: one.name,
          value: {
            version_info: one.version,
            endpoint_config: anyJson(one.value),
            last_updated: timestamp(one.updatedAt),
          },
        })),
      },
    },
  };
}

function extensionSection(view: AdminView): DumpSection | undefined {
  const { held } = collected(view.states(EXTENSION_TYPE));
  if (held.length === 0) return undefined;
  const type = `${ADMIN}EcdsConfigDump`;
  const items = held.map((one) => ({
    name: one.name,
    value: {
      version_info: one.version,
      ecds_filter: anyJson(one.value),
      last_updated: timestamp(one.updatedAt),
    },
  }));
  return {
    typeName: type,
    scalars: {},
    lists: { ecds_filters: { typeName: `${type}.EcdsFilterConfig`, items } },
  };
}

function listenerSection(view: AdminView): DumpSection {
  const type = `${ADMIN}ListenersConfigDump`;
  const { held, rejected, version } = collected(view.states(LISTENER_TYPE));
  const names = new Set([...held, ...rejected].map(({ name }) => name));
  const stateOf = (one: HeldResource): DumpObject => ({
    version_info: one.version,
    listener: anyJson(one.value),
    last_updated: timestamp(one.updatedAt),
  });
  const dynamic = [...names].sort().map((name) => {
    const one = held.find((resource) => resource.name === name);
    const bad = rejected.find((resource) => resource.name === name);
    const field = view.warmingListeners.has(name) ? 'warming_state' : 'active_state';
    const value: DumpObject = { name };
    if (one !== undefined) value[field] = stateOf(one);
    if (bad !== undefined) value.error_state = errorState(bad);
    return { name, value };
  });
  return {
    typeName: type,
    scalars: version === '' ? {} : { version_info: version },
    lists: {
      static_listeners: {
        typeName: `${type}.StaticListener`,
        items: (view.bootstrap.staticResources?.listeners ?? []).map((listener) => ({
          name: listener.name,
          value: { listener: messageJson(listener), last_updated: timestamp(view.startedAt) },
        })),
      },
      dynamic_listeners: { typeName: `${type}.DynamicListener`, items: dynamic },
    },
  };
}

function routeSection(view: AdminView): DumpSection {
  const type = `${ADMIN}RoutesConfigDump`;
  return {
    typeName: type,
    scalars: {},
    lists: {
      static_route_configs: {
        typeName: `${type}.StaticRouteConfig`,
        items: [...view.inlineRoutes].map(({ routes, updatedAt }) => ({
          name: routes.config.name,
          value: { route_config: messageJson(wholeRoutes(routes)), last_updated: timestamp(updatedAt) },
        })),
      },
      dynamic_route_configs: {
        typeName: `${type}.DynamicRouteConfig`,
        items: collected(view.states(ROUTE_TYPE)).held.map((one) => ({
          name: one.name,
          value: {
            version_info: one.version,
            route_config: anyJson(one.value),
            last_updated: timestamp(one.updatedAt),
          },
        })),
      },
    },
  };
}

function secretSection(view: AdminView): DumpSection {
  const type = `${ADMIN}SecretsConfigDump`;
  return {
    typeName: type,
    scalars: {},
    lists: {
      static_secrets: {
        typeName: `${type}.StaticSecret`,
        items: (view.bootstrap.staticResources?.secrets ?? []).map((secret) => ({
          name: secret.name,
          value: { name: secret.name, last_updated: timestamp(view.startedAt), secret: messageJson(secret) },
        })),
      },
      dynamic_warming_secrets: {
        typeName: `${type}.DynamicSecret`,
        items: [...view.states(SECRET_TYPE)].flatMap(({ names, held }) =>
          names
            .filter((name) => !held.has(name))
            .map((name) => ({
              name,
              value: { name, version_info: 'uninitialized', secret: { '@type': SECRET_TYPE, name } },
            })),
        ),
      },
      dynamic_active_secrets: {
        typeName: `${type}.DynamicSecret`,
        items: collected(view.states(SECRET_TYPE)).held.map((one) => ({
          name: one.name,
          value: {
            name: one.name,
            version_info: one.version,
            last_updated: timestamp(one.updatedAt),
            secret: anyJson(one.value),
          },
        })),
      },
    },
  };
}

function errorState({ version, value, reason, updatedAt }: RejectedResource): DumpObject {
  return {
    failed_configuration: anyJson(value),
    last_update_attempt: timestamp(updatedAt),
    details: reason,
    version_info: version,
  };
}

function collected(states: Iterable<TypeState>): {
  readonly held: readonly HeldResource[];
  readonly rejected: readonly RejectedResource[];
  readonly version: string;
} {
  const all = [...states];
  const byName = (left: { name: string }, right: { name: string }): number =>
    left.name < right.name ? -1 : 1;
  return {
    held: all.flatMap(({ held }) => [...held.values()]).sort(byName),
    rejected: all.flatMap(({ rejected }) => [...rejected.values()]).sort(byName),
    version: all.map(({ version }) => version).find((version) => version !== '') ?? '',
  };
}

/** Without its secrets. What JSON has no words for, as NaN or a message of no known type, leaves but the type. */
function messageJson(message: Message): JsonValue {
  try {
    return redacted(typedJson(message));
  } catch {
    return { '@type': TYPE_PREFIX + message.$typeName };
  }
}

function anyJson(any: Any): JsonValue {
  try {
    const message = anyUnpack(any, REGISTRY);
    if (message !== undefined) return messageJson(message);
  } catch {
    // What cannot be decoded was refused; that it was there is shown all the same.
  }
  return { '@type': any.typeUrl };
}

/** As Envoy shows times: with milliseconds. */
export function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/** A section as one message; empty lists are left out. */
export function sectionJson({ typeName, scalars, lists }: DumpSection): DumpObject {
  const shown = Object.entries(lists).filter(([, { items }]) => items.length > 0);
  return {
    '@type': TYPE_PREFIX + typeName,
    ...scalars,
    ...Object.fromEntries(shown.map(([field, { items }]) => [field, items.map(({ value }) => value)])),
  };
}
