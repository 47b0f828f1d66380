/** Takes from an object what only an API server or a client writes into it. */

import { isFields, own } from './compare.ts';

type Fields = Readonly<Record<string, unknown>>;

const SERVER_METADATA = new Set([
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'generation',
  'managedFields',
  'resourceVersion',
  'selfLink',
  'uid',
]);

/** Annotations by which kubectl and the controllers of Kubernetes keep books. */
const KEPT_BY_OTHERS = new Set([
  'deployment.kubernetes.io/revision',
  'deprecated.daemonset.template.generation',
  'kubectl.kubernetes.io/last-applied-configuration',
  'kubectl.kubernetes.io/restartedAt',
  'pv.kubernetes.io/bind-completed',
  'pv.kubernetes.io/bound-by-controller',
]);

/** The label that the API server puts on every namespace. */
const NAMESPACE_NAME = 'kubernetes.io/metadata.name';

/**
 * What somebody wanted the object to be: without status, without what the API server writes, without the names
 * that it is matched by; the texts of a Secret are made data, as the API server makes them.
 */
export function normalForm(object: Fields, key: string): Fields {
  const { apiVersion: _apiVersion, kind: _kind, status: _status, metadata, ...rest } = object;
  const normal: Record<string, unknown> = { ...rest };
  if (isFields(metadata)) normal.metadata = normalMetadata(metadata, key === 'core/Namespace');
  if (TAKES_LABELS_OF_PODS.has(key)) return withLabelsOfPods(normal);
  if (key === 'core/Secret' && isFields(rest.stringData)) {
    const { stringData } = rest;
    delete normal.stringData;
    normal.data = { ...(isFields(rest.data) ? rest.data : {}), ...encoded(stringData) };
  }
  return normal;
}

function normalMetadata(metadata: Fields, isNamespace: boolean): Fields {
  const kept = Object.entries(metadata).filter(
    ([name]) => !SERVER_METADATA.has(name) && name !== 'name' && name !== 'namespace',
  );
  const normal: Record<string, unknown> = Object.fromEntries(kept);
  const annotations = own(metadata, 'annotations');
  if (isFields(annotations)) normal.annotations = without(annotations, KEPT_BY_OTHERS);
  const labels = own(metadata, 'labels');
  if (isNamespace && isFields(labels)) normal.labels = without(labels, new Set([NAMESPACE_NAME]));
  return normal;
}

/** Kinds that get the labels of their pods when they have none. */
const TAKES_LABELS_OF_PODS = new Set(['batch/Job', 'core/ReplicationController']);

/** Labels by which the controller of Jobs knows its pods. */
const OF_JOB = new Set([
  'batch.kubernetes.io/controller-uid',
  'batch.kubernetes.io/job-name',
  'controller-uid',
  'job-name',
]);

function withLabelsOfPods(object: Fields): Fields {
  const spec = fieldsAt(object, 'spec');
  const template = fieldsAt(spec, 'template');
  const podMetadata = fieldsAt(template, 'metadata');
  const metadata = fieldsAt(object, 'metadata');
  const podLabels = without(fieldsAt(podMetadata, 'labels'), OF_JOB);
  const ownLabels = without(fieldsAt(metadata, 'labels'), OF_JOB);
  const labels = Object.keys(ownLabels).length === 0 ? podLabels : ownLabels;
  const metadataOfPods = { ...podMetadata, labels: podLabels };
  if (!isFields(own(spec, 'template'))) return object;
  return {
    ...object,
    metadata: { ...metadata, labels },
    spec: { ...spec, template: { ...template, metadata: metadataOfPods } },
  };
}

function fieldsAt(object: Fields, name: string): Fields {
  const value = own(object, name);
  return isFields(value) ? value : {};
}

function without(map: Fields, names: ReadonlySet<string>): Fields {
  return Object.fromEntries(Object.entries(map).filter(([name]) => !names.has(name)));
}

function encoded(texts: Fields): Fields {
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, typeof text === 'string' ? base64(text) : text]),
  );
}

function base64(text: string): string {
  let bytes = '';
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte);
  return btoa(bytes);
}
