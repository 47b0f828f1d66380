/** The settings that an installation was made from, kept beside it: what an upgrade goes on from. */

import type { IstioOperatorSpec } from '../api/generated/types/install.istio.io/IstioOperator.ts';
import { MeshError } from '../base/mesh-error.ts';
import { installationOf } from './installation.ts';
import type { Resource } from './resource.ts';
import type { Layer } from './settings.ts';
import { isTree } from './setting-path.ts';
import { toYamlText } from './yaml-text.ts';

/** On the ConfigMap that has them. */
export const STORED_LABEL = 'lateen.dev/installation';

/** Which installation it is. */
export interface StoredHead {
  /** Version of the package that installed. */
  readonly version: string;
  readonly profile: string;
  /** `default` for the plain one. */
  readonly revision: string;
  readonly namespace: string;
}

export interface Stored extends StoredHead {
  readonly layers: readonly Layer[];
}

/** Name of the ConfigMap of a revision (`default` or empty for the plain one). */
export function storedName(revision: string): string {
  return revision === '' || revision === 'default'
    ? 'lateen-installation'
    : `lateen-installation-${revision}`;
}

/** The ConfigMap that keeps what these settings were made from. */
export function storedResource(spec: IstioOperatorSpec, layers: readonly Layer[], version: string): Resource {
  const installation = installationOf(spec, version);
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: storedName(installation.revision),
      namespace: installation.namespace,
      labels: { ...installation.labels('Base', 'istiod'), [STORED_LABEL]: installation.revisionLabel },
    },
    data: {
      version,
      profile: spec.profile ?? 'default',
      // Each on top of the one before, as they were given: with another version they are laid over its profile.
      layers: toYamlText(layers.filter((layer) => !isEmpty(layer))),
    },
  };
}

function isEmpty(layer: Layer): boolean {
  return 'spec' in layer && Object.keys(layer.spec).length === 0;
}

/** What such a ConfigMap says; `read` turns YAML into a value. Throws a `MeshError` for one that nobody can have made. */
export function readStored(
  object: Readonly<Record<string, unknown>>,
  read: (text: string) => unknown,
): Stored {
  const head = readHead(object);
  const { layers } = isTree(object['data']) ? object['data'] : {};
  const list = typeof layers === 'string' ? read(layers) : undefined;
  if (!Array.isArray(list) || !(list as readonly unknown[]).every(isLayer)) throw unreadable(head);
  return { ...head, layers: list as readonly Layer[] };
}

/** The same but for the settings, which are left unread. Throws a `MeshError`. */
export function readHead(object: Readonly<Record<string, unknown>>): StoredHead {
  const { metadata, data } = object;
  const { version, profile } = isTree(data) ? data : {};
  const { namespace, labels } = isTree(metadata) ? metadata : {};
  const revision = isTree(labels) ? labels[STORED_LABEL] : undefined;
  const head = { revision: String(revision ?? ''), namespace: String(namespace) };
  if (typeof version !== 'string' || typeof revision !== 'string') throw unreadable(head);
  return { ...head, version, profile: typeof profile === 'string' ? profile : 'default' };
}

function unreadable({ revision, namespace }: Pick<StoredHead, 'revision' | 'namespace'>): MeshError {
  return new MeshError('BadInstallation', 'what it says of the settings of the installation cannot be read', {
    hint: 'Pass the settings again with -f or --set; that writes it anew.',
    where: { object: `ConfigMap ${namespace}/${storedName(revision)}` },
  });
}

function isLayer(value: unknown): boolean {
  return isTree(value) && (isTree(value['spec']) || Array.isArray(value['path']));
}
