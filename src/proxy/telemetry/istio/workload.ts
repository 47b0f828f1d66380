/** Workloads as Istio's proxies know each other: by the metadata of nodes, of endpoints, and as they tell it themselves. */

import type { JsonObject, JsonValue } from '@bufbuild/protobuf';

/** Parts that are not known are empty. */
export interface Workload {
  readonly name: string;
  readonly namespace: string;
  readonly app: string;
  readonly version: string;
  readonly canonicalName: string;
  readonly canonicalRevision: string;
  readonly cluster: string;
  /** What tells it from others. */
  readonly key: string;
}

const CANONICAL_NAME = 'service.istio.io/canonical-name';
const CANONICAL_REVISION = 'service.istio.io/canonical-revision';

/** Names of Kubernetes have no more letters. What is longer comes of nobody's configuration. */
const LONGEST = 253;

function textOf(value: unknown): string {
  return typeof value === 'string' && value.length <= LONGEST ? value : '';
}

function asMap(value: unknown): Readonly<Record<string, unknown>> {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isMap ? (value as Readonly<Record<string, unknown>>) : {};
}

function workload(parts: Omit<Workload, 'key'>): Workload {
  return { ...parts, key: Object.values(parts).join(';') };
}

/** By the metadata of its node, or by those of them that it tells of itself. */
export function workloadOfNode(metadata: Readonly<Record<string, unknown>>): Workload {
  const labels = asMap(metadata.LABELS);
  const first = (...names: readonly string[]) => textOf(names.map((name) => labels[name]).find(Boolean));
  return workload({
    name: textOf(metadata.WORKLOAD_NAME),
    namespace: textOf(metadata.NAMESPACE),
    app: first('app.kubernetes.io/name', 'app'),
    version: first('app.kubernetes.io/version', 'version'),
    canonicalName: first(CANONICAL_NAME),
    canonicalRevision: first(CANONICAL_REVISION),
    cluster: textOf(metadata.CLUSTER_ID),
  });
}

/** The workload that this proxy serves. What its labels leave out is taken as injection would write it into them. */
export function ownWorkload(metadata: Readonly<Record<string, unknown>>): Workload {
  const labels = asMap(metadata.LABELS);
  const { key: _, ...told } = workloadOfNode(metadata);
  const canonicalName = told.canonicalName || told.app || told.name;
  return workload({
    ...told,
    // Of itself a proxy tells the plain labels.
    app: textOf(labels.app),
    version: textOf(labels.version),
    canonicalName,
    canonicalRevision: told.canonicalRevision || told.version || 'latest',
  });
}

/** Of an endpoint: `workload;namespace;canonical name;canonical revision;cluster`. */
export function workloadOfEndpoint(text: string): Workload | undefined {
  const parts = text.split(';').map(textOf);
  if (parts.length < 5) return undefined;
  const [name = '', namespace = '', canonicalName = '', canonicalRevision = '', cluster = ''] = parts;
  return workload({ name, namespace, app: '', version: '', canonicalName, canonicalRevision, cluster });
}

/** What a proxy tells others about its workload, as metadata of a node. */
export function toldMetadata(metadata: Readonly<Record<string, unknown>>): JsonObject {
  const known = ownWorkload(metadata);
  const { app, version } = workloadOfNode(metadata);
  const labels: JsonObject = {
    [CANONICAL_NAME]: known.canonicalName,
    [CANONICAL_REVISION]: known.canonicalRevision,
    app,
    version,
  };
  const told: Record<string, JsonValue> = {
    NAME: textOf(metadata.NAME),
    NAMESPACE: known.namespace,
    WORKLOAD_NAME: known.name,
    CLUSTER_ID: known.cluster,
    OWNER: textOf(metadata.OWNER),
  };
  return { ...withoutEmpty(told), LABELS: withoutEmpty(labels) };
}

function withoutEmpty(values: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));
}
