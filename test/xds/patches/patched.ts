/** One EnvoyFilter, applied to resources as tests write them. */

import { type JsonObject, type JsonValue, create } from '@bufbuild/protobuf';
import { parseText } from '../../../src/config/parse/parse.ts';
import { meshSettings } from '../../../src/model/mesh-settings.ts';
import { Snapshot, UNHEARD } from '../../../src/model/snapshot.ts';
import { applyPatches } from '../../../src/xds/patches/apply.ts';
import { ProblemList } from '../../../src/xds/problem.ts';
import { ClusterSchema } from '../../../src/xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { NodeSchema } from '../../../src/xds/proto/generated/envoy/config/core/v3/base_pb.js';
import { ListenerSchema } from '../../../src/xds/proto/generated/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from '../../../src/xds/proto/generated/envoy/config/route/v3/route_pb.js';
import { messageFromJson, messageToJson, typeUrlOf } from '../../../src/xds/proto/registry.ts';
import { proxyIdentity } from '../../../src/xds/proxy-identity.ts';
import type { Resource } from '../../../src/xds/resource.ts';

const SCHEMAS = {
  clusters: ClusterSchema,
  listeners: ListenerSchema,
  routes: RouteConfigurationSchema,
} as const;

export type Lists = { readonly [List in keyof typeof SCHEMAS]?: readonly JsonObject[] };

export interface Setting {
  /** Whole objects; an item without a kind is a patch of an EnvoyFilter of its own. */
  readonly filters: readonly JsonObject[];
  readonly given: Lists;
  readonly direction?: 'inbound' | 'outbound';
  readonly nodeType?: 'sidecar' | 'router';
  readonly metadata?: JsonObject;
}

export interface Patched {
  readonly made: Readonly<Record<string, readonly JsonValue[]>>;
  readonly problems: readonly string[];
  readonly resources: readonly Resource[];
}

/** What becomes of the resources for a proxy of namespace `shop` with the label `app: web`. */
export function patched({ filters, given, direction, nodeType, metadata }: Setting): Patched {
  const documents = filters.map((one, index) =>
    JSON.stringify(
      one['kind'] === undefined
        ? {
            apiVersion: 'networking.istio.io/v1alpha3',
            kind: 'EnvoyFilter',
            metadata: { name: `f${index}`, namespace: 'shop' },
            spec: { configPatches: [one] },
          }
        : one,
    ),
  );
  const { objects, problems } = parseText(documents.join('\n---\n'), 'input.yaml');
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  const snapshot = Snapshot.build(objects, { mesh: meshSettings() });
  const proxy = proxyIdentity(
    create(NodeSchema, {
      id: `${nodeType ?? 'sidecar'}~10.0.0.1~web-0.shop~shop.svc.cluster.local`,
      metadata: { NAMESPACE: 'shop', LABELS: { app: 'web' }, ISTIO_VERSION: '1.27.3', ...metadata },
    }),
  );
  const list = new ProblemList();
  const scope = snapshot.sidecarScopes.of(proxy.namespace, proxy.labels);
  const part = Object.fromEntries(
    Object.entries(given).map(([name, messages]) => [name, messages.map((one) => resource(name, one))]),
  );
  const result: Record<string, readonly Resource[]> = applyPatches(part, direction ?? 'outbound', {
    snapshot,
    proxy,
    scope,
    report: list.report,
    reads: UNHEARD,
  });
  return {
    made: Object.fromEntries(
      Object.entries(result).map(([name, all]) => [name, all.map(({ message }) => messageToJson(message))]),
    ),
    problems: list.all.map(({ object, message }) => `${object.name}: ${message}`),
    resources: Object.values(result).flat(),
  };
}

function resource(list: string, json: JsonObject): Resource {
  const schema = SCHEMAS[list as keyof typeof SCHEMAS];
  const message = messageFromJson(schema, json);
  return { typeUrl: typeUrlOf(schema), name: message.name, message };
}

/** Names in nested lists: of listeners, their chains, filters and HTTP filters. */
export function names(value: JsonValue | undefined, ...path: readonly string[]): JsonValue {
  const [field, ...rest] = path;
  if (!Array.isArray(value)) return [];
  return value.map((item) => {
    const object = item as JsonObject;
    return field === undefined ? (object['name'] ?? '') : names(object[field], ...rest);
  });
}
