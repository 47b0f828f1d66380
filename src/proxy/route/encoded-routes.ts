/**
 * Route configurations as they are kept: each virtual host as bytes until a request calls it by name. A mesh has one for
 * each service, of which a proxy sees few, and most of them say the same but for their names.
 */

import { fromBinary } from '@bufbuild/protobuf';
import {
  type RouteConfiguration,
  RouteConfigurationSchema,
} from '../../xds/proto/generated/envoy/config/route/v3/route_pb.js';
import {
  type VirtualHost,
  VirtualHostSchema,
} from '../../xds/proto/generated/envoy/config/route/v3/route_components_pb.js';
import {
  type CheckContents,
  type LeftOut,
  checkText,
  shapeOf,
  takeOut,
  textField,
  textFields,
} from '../../xds/proto/wire-fields.ts';
import { checkMetadata } from '../../xds/proto/wire-metadata.ts';
import { checkWireTypes } from '../../xds/proto/wire-types.ts';

/** Numbers of fields in `envoy/config/route/v3/route.proto` and `route_components.proto`. */
const VIRTUAL_HOSTS = 2;
const VIRTUAL_HOST = { name: 1, domains: 2, routes: 3 } as const;
const ROUTE = { route: 2, metadata: 4, decorator: 5, name: 14 } as const;
const ROUTE_ACTION = { cluster: 1, weightedClusters: 3 } as const;
const WEIGHTED_CLUSTERS = { clusters: 1 } as const;
const CLUSTER_WEIGHT = { name: 1 } as const;
const DECORATOR = { operation: 1 } as const;

const map = (...entries: readonly (readonly [number, LeftOut | CheckContents])[]): LeftOut =>
  new Map(entries);

/** What says nothing about whether routes are understood. */
const NAMES = map(
  [VIRTUAL_HOST.name, checkText],
  [VIRTUAL_HOST.domains, checkText],
  [
    VIRTUAL_HOST.routes,
    map(
      [ROUTE.name, checkText],
      [ROUTE.metadata, checkMetadata],
      [ROUTE.decorator, map([DECORATOR.operation, checkText])],
      [
        ROUTE.route,
        map(
          [ROUTE_ACTION.cluster, checkText],
          [
            ROUTE_ACTION.weightedClusters,
            map([WEIGHTED_CLUSTERS.clusters, map([CLUSTER_WEIGHT.name, checkText])]),
          ],
        ),
      ],
    ),
  ],
);

export interface EncodedRoutes {
  /** Without its virtual hosts. */
  readonly config: RouteConfiguration;
  readonly virtualHosts: readonly Uint8Array[];
}

/** Throws for bytes that are no route configuration. */
export function encodedRoutes(bytes: Uint8Array): EncodedRoutes {
  const { rest, taken } = takeOut(bytes, VIRTUAL_HOSTS);
  return { config: fromBinary(RouteConfigurationSchema, rest), virtualHosts: taken };
}

/** All of it, decoded. */
export function wholeRoutes({ config, virtualHosts }: EncodedRoutes): RouteConfiguration {
  return { ...config, virtualHosts: virtualHosts.map(decodeHost) };
}

/** The names that a virtual host is called by. Throws for bytes that are none. */
export function domainsOf(virtualHost: Uint8Array): readonly string[] {
  return textFields(virtualHost, VIRTUAL_HOST.domains);
}

/** What a virtual host is called in statistics. Throws for bytes that are none. */
export function nameOf(virtualHost: Uint8Array): string {
  return textField(virtualHost, VIRTUAL_HOST.name);
}

/** The first of those that say the same but for their names. Throws for bytes that are no virtual host. */
export function decodeFirst(virtualHost: Uint8Array): VirtualHost {
  checkWireTypes(VirtualHostSchema, virtualHost, NAMES);
  return decodeHost(virtualHost);
}

/** Throws for bytes that are no virtual host. */
export function decodeHost(virtualHost: Uint8Array): VirtualHost {
  return fromBinary(VirtualHostSchema, virtualHost);
}

/**
 * A text that is the same for virtual hosts of which either all are understood or none is. Throws for bytes that cannot
 * be decoded, where they are not part of that text.
 */
export function hostShape(virtualHost: Uint8Array): string {
  return shapeOf(virtualHost, NAMES);
}
