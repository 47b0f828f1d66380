/** How many connections clients may have: over all listeners, and with each. */

import type { Bootstrap } from '../xds/proto/generated/envoy/config/bootstrap/v3/bootstrap_pb.js';
import { DownstreamConnectionsConfigSchema } from '../xds/proto/generated/envoy/extensions/resource_monitors/downstream_connections/v3/downstream_connections_pb.js';
import { CONNECTION_LIMIT } from './bootstrap/unsupported-parts.ts';
import { unpacked } from './config-error.ts';

export interface ConnectionLimits {
  /** Infinity for as many as come. */
  readonly all: number;
  /** By the listener's name. */
  readonly listeners: ReadonlyMap<string, number>;
}

const GLOBAL_KEY = 'overload.global_downstream_max_connections';
const LISTENER_KEY = /^envoy\.resource_limits\.listener\.(.+)\.connection_limit$/;

/** https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/runtime */
export function connectionLimits(bootstrap: Bootstrap): ConnectionLimits {
  let all = Number.POSITIVE_INFINITY;
  const listeners = new Map<string, number>();
  for (const [key, value] of runtimeValues(bootstrap)) {
    const listener = LISTENER_KEY.exec(key)?.[1];
    if (key === GLOBAL_KEY) all = value;
    else if (listener !== undefined) listeners.set(listener, value);
  }
  for (const { name, configType } of bootstrap.overloadManager?.resourceMonitors ?? []) {
    if (name !== CONNECTION_LIMIT) continue;
    const settings = unpacked(
      `overload_manager ${name}`,
      configType.value,
      DownstreamConnectionsConfigSchema,
    );
    all = Number(settings.maxActiveDownstreamConnections);
  }
  return { all, listeners };
}

/** Numbers of the static layers of the runtime, by their dotted names; later layers win. */
function runtimeValues({ layeredRuntime }: Bootstrap): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  const collect = (layer: object, prefix: string): void => {
    for (const [name, value] of Object.entries(layer)) {
      if (typeof value === 'object' && value !== null) collect(value, `${prefix}${name}.`);
      else if (Number.isFinite(Number(value))) values.set(prefix + name, Number(value));
    }
  };
  for (const { layerSpecifier } of layeredRuntime?.layers ?? []) {
    if (layerSpecifier.case === 'staticLayer') collect(layerSpecifier.value, '');
  }
  return values;
}
