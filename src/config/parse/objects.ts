/** Documents to objects: List kinds opened up, nulls left out, metadata read with care. */

import type { FieldPath } from '../../base/field-path.ts';
import { findKind, kindKey, splitApiVersion } from '../../api/kinds.ts';
import type { DocumentSource, MeshObject, ObjectMeta } from '../object.ts';

type Mapping = Record<string, unknown>;

/** How a document is read. */
export type Reading =
  | {
      readonly is: 'objects';
      readonly objects: readonly MeshObject[];
      readonly faults: readonly ObjectFault[];
    }
  /** It has nothing of a Kubernetes object. */
  | { readonly is: 'other' }
  | { readonly is: 'empty' };

/** Something that should be an object and is none. */
export interface ObjectFault {
  readonly path: FieldPath;
  readonly message: string;
  readonly hint?: string;
}

/**
 * The objects of one document. `sourceAt` gives the source of the value at a path of the document; the path
 * is empty for the document itself. `hasNull` says whether nulls must be looked for.
 */
export function readObjects(
  value: unknown,
  hasNull: boolean,
  sourceAt: (path: FieldPath) => DocumentSource,
): Reading {
  if (value === null || value === undefined) return { is: 'empty' };
  if (!isMapping(value) || !looksLikeObject(value)) return { is: 'other' };
  const objects: MeshObject[] = [];
  const faults: ObjectFault[] = [];
  collect(value, [], hasNull, sourceAt, objects, faults);
  return { is: 'objects', objects, faults };
}

function collect(
  value: Mapping,
  path: FieldPath,
  hasNull: boolean,
  sourceAt: (path: FieldPath) => DocumentSource,
  objects: MeshObject[],
  faults: ObjectFault[],
): void {
  const { apiVersion, kind } = value;
  if (typeof apiVersion !== 'string' || apiVersion === '') {
    faults.push(missing(path, 'apiVersion', apiVersion));
  } else if (typeof kind !== 'string' || kind === '') {
    faults.push(missing(path, 'kind', kind));
  } else if (kind.endsWith('List') && (Array.isArray(value['items']) || kind === 'List')) {
    const items = Array.isArray(value['items']) ? value['items'] : [];
    for (const [index, item] of items.entries()) {
      const itemPath = [...path, 'items', index];
      if (!isMapping(item)) {
        faults.push({ path: itemPath, message: `an item of a ${kind} must be an object` });
        continue;
      }
      // The server leaves both out in the items of a typed list, as every item is of the one kind.
      const typed =
        kind !== 'List' && item['kind'] === undefined && item['apiVersion'] === undefined
          ? { apiVersion, kind: kind.slice(0, -'List'.length), ...item }
          : item;
      collect(typed, itemPath, hasNull, sourceAt, objects, faults);
    }
  } else {
    objects.push(makeObject(value, apiVersion, kind, hasNull, sourceAt(path)));
  }
}

function missing(path: FieldPath, field: string, value: unknown): ObjectFault {
  const absent = value === undefined || value === null || value === '';
  return {
    path: [...path, field],
    message: absent ? `the object has no ${field}` : `${field} must be text`,
  };
}

function makeObject(
  value: Mapping,
  apiVersion: string,
  kind: string,
  hasNull: boolean,
  source: DocumentSource,
): MeshObject {
  const { group, version } = splitApiVersion(apiVersion);
  const key = kindKey(group, kind);
  if (hasNull) {
    if (key === 'networking.istio.io/EnvoyFilter') dropNulls(value, ENVOY_PATCH_PATH);
    else dropNulls(value, []);
  }
  return {
    key,
    apiVersion,
    group,
    version,
    kind,
    meta: readMeta(value['metadata']),
    value,
    info: findKind(key),
    source,
  };
}

/**
 * Kubernetes objects have apiVersion and kind. With one of them and metadata or spec it is one that lacks the
 * other (a Chart.yaml has an apiVersion, and neither).
 */
function looksLikeObject(value: Mapping): boolean {
  const hasVersion = isGiven(value['apiVersion']);
  const hasKind = isGiven(value['kind']);
  if (hasVersion && hasKind) return true;
  return (hasVersion || hasKind) && (isMapping(value['metadata']) || isMapping(value['spec']));
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** Metadata as far as its types are right; `validate` reports what is not. */
export function readMeta(metadata: unknown): ObjectMeta {
  const given = isMapping(metadata) ? metadata : {};
  const { name, namespace } = given;
  return {
    name: typeof name === 'string' ? name : '',
    namespace: typeof namespace === 'string' && namespace !== '' ? namespace : undefined,
    labels: textMap(given['labels']),
    annotations: textMap(given['annotations']),
  };
}

const NO_ENTRIES: Readonly<Record<string, string>> = Object.freeze({});

function textMap(value: unknown): Readonly<Record<string, string>> {
  if (!isMapping(value)) return NO_ENTRIES;
  for (const entry of Object.values(value)) {
    if (typeof entry !== 'string') {
      return Object.fromEntries(
        Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
      );
    }
  }
  return value as Readonly<Record<string, string>>;
}

/** Where null is a value of its own: an Envoy message may be cleared by it. `*` is any index. */
const ENVOY_PATCH_PATH: readonly string[] = ['spec', 'configPatches', '*', 'patch', 'value'];

/**
 * Removes entries of maps whose value is null, as `kubectl apply` does, except below `keep` (empty: nowhere).
 */
export function dropNulls(value: unknown, keep: readonly string[]): void {
  if (Array.isArray(value)) {
    for (const item of value) dropNulls(item, keep[0] === '*' ? keep.slice(1) : []);
    return;
  }
  if (!isMapping(value)) return;
  for (const [key, entry] of Object.entries(value)) {
    if (entry === null) {
      delete value[key];
    } else if (typeof entry === 'object') {
      const below = keep[0] === key ? keep.slice(1) : [];
      if (keep[0] === key && below.length === 0) continue;
      dropNulls(entry, below);
    }
  }
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
