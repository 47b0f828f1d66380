/** Envoy's own examples of static bootstraps, with ports that are free and endpoints that are here. */

import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import type { Json, JsonMap } from './json.ts';
import type { Ports } from './scenario.ts';

function isMap(value: Json | undefined): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A copy in which every map may be put another in its place. */
function mapped(value: Json, change: (map: JsonMap) => JsonMap): Json {
  if (Array.isArray(value)) return value.map((item: Json) => mapped(item, change));
  if (!isMap(value)) return value;
  const changed = change(value);
  return Object.fromEntries(Object.entries(changed).map(([key, item]) => [key, mapped(item, change)]));
}

export interface Example {
  readonly bootstrap: JsonMap;
  /** Ports of its listeners, in their order. */
  readonly ports: readonly number[];
}

function list(value: Json | undefined): readonly JsonMap[] {
  return Array.isArray(value) ? value.filter(isMap) : [];
}

/** How many listeners the example has. */
export function listenersOf(file: string): number {
  return list(resourcesOf(read(file)).listeners).length;
}

function read(file: string): JsonMap {
  const value = load(readFileSync(file, 'utf8')) as Json;
  return isMap(value) ? value : {};
}

function resourcesOf(bootstrap: JsonMap): JsonMap {
  return isMap(bootstrap.static_resources) ? bootstrap.static_resources : {};
}

/** Hosts by name become endpoints of this test; `tls` is a server of HTTPS. */
export function exampleOf(file: string, backends: Ports, tls: number, free: readonly number[]): Example {
  const { admin: _, ...bootstrap } = read(file);
  const resources = resourcesOf(bootstrap);
  const ports: number[] = [];
  const listeners = list(resources.listeners).map((listener, index): JsonMap => {
    const port = free[index] ?? 0;
    ports.push(port);
    return { ...listener, address: { socket_address: { address: '127.0.0.1', port_value: port } } };
  });
  const clusters = list(resources.clusters).map((cluster): JsonMap => {
    const text = JSON.stringify(cluster);
    const port = text.includes('transport_sockets.tls')
      ? tls
      : /http2_protocol_options/.test(text)
        ? backends.h2
        : backends.b1;
    const changed = mapped(cluster, (map) =>
      isMap(map.socket_address)
        ? { ...map, socket_address: { address: '127.0.0.1', port_value: port } }
        : map,
    );
    return isMap(changed) ? changed : {};
  });
  return {
    bootstrap: {
      node: { id: 'example', cluster: 'example' },
      ...bootstrap,
      static_resources: { ...resources, listeners, clusters },
    },
    ports,
  };
}
