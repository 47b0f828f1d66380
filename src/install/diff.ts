/** Compares two sets of Kubernetes objects by resource and field, as the API server would understand them. */

import { formatFieldPath } from '../base/field-path.ts';
import { findKind, kindKey, splitApiVersion } from '../api/kinds.ts';
import type { KindInfo } from '../api/kind-info.ts';
import type { KindSchema } from '../api/schema.ts';
import type { Rename, ResourcePattern } from './diff/choice.ts';
import { compareValues, isFields, own } from './diff/compare.ts';
import type { Step, ValueChange } from './diff/compare.ts';
import { kubernetesShape, PLAIN_OBJECT } from './diff/kubernetes-shapes.ts';
import { normalForm } from './diff/normal-form.ts';
import { schemaShape } from './diff/schema-shape.ts';
import type { Shape } from './diff/shape.ts';

type Fields = Readonly<Record<string, unknown>>;

export type ChangeWord = 'added' | 'removed' | 'changed';

/** One field that differs. Values that must stay secret are left out, and `secret` says so. */
export interface FieldDifference {
  /** As `spec.template.spec.containers[name=app].image`. */
  readonly path: string;
  readonly change: ChangeWord;
  readonly old?: unknown;
  readonly new?: unknown;
  readonly secret?: true;
}

/** One resource that differs. */
export interface ResourceDifference {
  readonly change: ChangeWord;
  readonly apiVersion: string;
  readonly kind: string;
  /** As written; absent where the input gives none. */
  readonly namespace?: string;
  readonly name: string;
  /** Only for a changed resource; never empty there. */
  readonly fields?: readonly FieldDifference[];
}

export interface Comparison {
  /** By kind, namespace and name. */
  readonly differences: readonly ResourceDifference[];
  /** What the reader should know though it is no difference, each a sentence. */
  readonly notes: readonly string[];
}

export interface CompareOptions {
  /** Namespace of objects that name none; `default` unless said otherwise. */
  readonly namespace?: string;
  /** Schema of a kind of the registry, for its documented defaults; undefined where it is not at hand. */
  schemaOf?(info: KindInfo): KindSchema | undefined;
  /** Only resources that one of these matches; all when empty. */
  readonly select?: readonly ResourcePattern[];
  /** No resources that one of these matches. */
  readonly ignore?: readonly ResourcePattern[];
  /** New names for resources of both sides, before they are matched. */
  readonly rename?: readonly Rename[];
}

interface Resource {
  readonly object: Fields;
  readonly apiVersion: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** The one that counts: empty for a kind without namespaces. */
  readonly namespace: string;
  readonly name: string;
  readonly written: string | undefined;
}

/** Kinds of Kubernetes that have no namespace; the registry knows those of the mesh. */
const CLUSTER_WIDE = new Set([
  'core/Namespace',
  'core/Node',
  'core/PersistentVolume',
  'admissionregistration.k8s.io/MutatingWebhookConfiguration',
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy',
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding',
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration',
  'apiextensions.k8s.io/CustomResourceDefinition',
  'apiregistration.k8s.io/APIService',
  'networking.k8s.io/IngressClass',
  'rbac.authorization.k8s.io/ClusterRole',
  'rbac.authorization.k8s.io/ClusterRoleBinding',
  'scheduling.k8s.io/PriorityClass',
  'storage.k8s.io/StorageClass',
]);

/**
 * What differs between two sets of objects. Objects are matched by group, kind, namespace and name; the version
 * counts for nothing. The order of objects, of keys, and of lists whose items have names counts for nothing
 * either, nor do defaults, status and what the API server fills in. Never throws, whatever the objects hold.
 */
export function compareObjects(
  left: readonly Fields[],
  right: readonly Fields[],
  options: CompareOptions = {},
): Comparison {
  const notes: string[] = [];
  const old = collect(left, 'first', options, notes);
  const now = collect(right, 'second', options, notes);
  const differences: ResourceDifference[] = [];
  for (const id of [...new Set([...old.keys(), ...now.keys()])].toSorted()) {
    const [before, after] = [old.get(id), now.get(id)];
    if (before !== undefined && after !== undefined) {
      if (before.version !== after.version) notes.push(versionNote(before, after));
      const fields = compareResources(before, after, options);
      if (fields.length > 0) differences.push({ change: 'changed', ...identity(after), fields });
    } else if (before !== undefined) {
      differences.push({ change: 'removed', ...identity(before) });
    } else if (after !== undefined) {
      differences.push({ change: 'added', ...identity(after) });
    }
  }
  return { differences, notes };
}

/** `Kind namespace/name`, or `Kind name` where the input names no namespace. */
export function resourceTitle({
  kind,
  namespace,
  name,
}: Pick<ResourceDifference, 'kind' | 'namespace' | 'name'>): string {
  return namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}

function collect(
  objects: readonly Fields[],
  side: string,
  options: CompareOptions,
  notes: string[],
): ReadonlyMap<string, Resource> {
  const found = new Map<string, Resource>();
  const { select = [], ignore = [], rename = [] } = options;
  for (const object of objects) {
    const resource = rename.reduce<Resource>(
      (current, one) => one.apply(current),
      describe(object, options.namespace ?? 'default'),
    );
    if (select.length > 0 && !select.some((pattern) => pattern.matches(resource))) continue;
    if (ignore.some((pattern) => pattern.matches(resource))) continue;
    const { group, kind, namespace, name } = resource;
    const id = JSON.stringify([kind, group, namespace, name]);
    if (found.has(id)) {
      notes.push(`${title(resource)} stands more than once on the ${side} side; the last one counts.`);
    }
    found.set(id, resource);
  }
  return found;
}

function describe(object: Fields, defaultNamespace: string): Resource {
  const apiVersion = text(own(object, 'apiVersion')) ?? '';
  const kind = text(own(object, 'kind')) ?? '';
  const metadata = own(object, 'metadata');
  const meta = isFields(metadata) ? metadata : {};
  const { group, version } = splitApiVersion(apiVersion);
  const key = kindKey(group, kind);
  const clusterWide = CLUSTER_WIDE.has(key) || findKind(key)?.scope === 'Cluster';
  const written = clusterWide ? undefined : text(own(meta, 'namespace'));
  return {
    object,
    apiVersion,
    group,
    version,
    kind,
    written,
    namespace: clusterWide ? '' : (written ?? defaultNamespace),
    name: text(own(meta, 'name')) ?? text(own(meta, 'generateName')) ?? '',
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function identity({
  apiVersion,
  kind,
  written,
  name,
}: Resource): Pick<ResourceDifference, 'apiVersion' | 'kind' | 'namespace' | 'name'> {
  return { apiVersion, kind, ...(written === undefined ? {} : { namespace: written }), name };
}

function title(resource: Resource): string {
  return resourceTitle(identity(resource));
}

function versionNote(before: Resource, after: Resource): string {
  return (
    `${title(after)} is written in version ${before.version} on the first side and in ${after.version} on the ` +
    'second; its fields are compared all the same.'
  );
}

function compareResources(
  before: Resource,
  after: Resource,
  options: CompareOptions,
): readonly FieldDifference[] {
  const key = kindKey(after.group, after.kind);
  return compareValues(
    normalForm(before.object, key),
    normalForm(after.object, key),
    shapeOf(key, after.version, options),
  ).map((change) => fieldDifference(change, key === 'core/Secret'));
}

function shapeOf(key: string, version: string, { schemaOf }: CompareOptions): Shape {
  const known = kubernetesShape(key);
  if (known !== undefined) return known;
  const info = findKind(key);
  const schema = info === undefined ? undefined : schemaOf?.(info);
  if (schema === undefined) return PLAIN_OBJECT;
  const own = schemaShape(schema, version);
  return {
    ...own,
    field: (name) => (name === 'metadata' ? PLAIN_OBJECT.field?.(name) : own.field?.(name)),
  };
}

/** A change of a value as differences are shown; `ofSecret` for the object of a Secret. */
export function fieldDifference(change: ValueChange, ofSecret: boolean): FieldDifference {
  const path = formatPath(change.path);
  const word: ChangeWord =
    change.old === undefined ? 'added' : change.new === undefined ? 'removed' : 'changed';
  // Data of a Secret is secret as a whole too, when it appears or goes, or has the wrong type.
  if (change.secret || (ofSecret && SECRET_FIELDS.has(String(change.path[0])))) {
    return { path, change: word, secret: true };
  }
  return {
    path,
    change: word,
    ...(change.old === undefined ? {} : { old: change.old }),
    ...(change.new === undefined ? {} : { new: change.new }),
  };
}

const SECRET_FIELDS = new Set(['data', 'stringData']);

function formatPath(path: readonly Step[]): string {
  let written = '';
  let plain: (string | number)[] = [];
  const flush = (): void => {
    const part = formatFieldPath(plain);
    written += written === '' || part === '' || part.startsWith('[') ? part : `.${part}`;
    plain = [];
  };
  for (const step of path) {
    if (typeof step !== 'object') {
      plain.push(step);
      continue;
    }
    flush();
    written += `[${step.keys.map(([name, value]) => `${name}=${String(value)}`).join(',')}]`;
  }
  flush();
  return written;
}
