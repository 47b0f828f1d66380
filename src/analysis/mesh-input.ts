/** The mesh's settings as far as the input itself says them: the ConfigMap that the control plane reads. */

import type { KindKey } from '../api/kind-info.ts';
import { findKind } from '../api/kinds.ts';
import { embeddedFindings } from '../config/checks/embedded.ts';
import * as configSchema from '../config/generated/validators/mesh.istio.io/MeshConfig.js';
import * as networksSchema from '../config/generated/validators/mesh.istio.io/MeshNetworks.js';
import type { MeshObject } from '../config/object.ts';
import { toJsonNames } from '../config/proto-names.ts';
import type { MeshConfig, MeshNetworks } from '../model/mesh-settings.ts';

const CONFIG = 'mesh.istio.io/MeshConfig';
const NETWORKS = 'mesh.istio.io/MeshNetworks';
const SCHEMAS: Readonly<Record<KindKey, typeof configSchema>> = {
  [CONFIG]: configSchema,
  [NETWORKS]: networksSchema,
};

export interface MeshInput {
  readonly config?: MeshConfig;
  readonly networks?: MeshNetworks;
  /** The networks as something that findings can be about. */
  readonly networksObject?: MeshObject<MeshNetworks>;
}

/**
 * Settings from the ConfigMap `istio` (or `istio-REVISION`) in the control plane's namespace. Texts in it that
 * cannot be read as settings count as absent; `validate` tells what is wrong with them.
 */
export function meshFromObjects(
  objects: readonly MeshObject[],
  istioNamespace: string,
  defaultNamespace = 'default',
  revision = '',
): MeshInput {
  const name = revision === '' || revision === 'default' ? 'istio' : `istio-${revision}`;
  // Of several with one name the last counts, as with all objects.
  const map = objects.findLast(
    ({ key, meta }) =>
      key === 'core/ConfigMap' &&
      meta.name === name &&
      (meta.namespace ?? defaultNamespace) === istioNamespace,
  );
  if (map === undefined) return {};
  const found = new Map<string, unknown>();
  for (const part of embeddedFindings(map)) {
    if ('key' in part) found.set(part.key, typedSettings(part.key, part.value));
  }
  const config = found.get(CONFIG) as MeshConfig | undefined;
  const networks = found.get(NETWORKS) as MeshNetworks | undefined;
  const { file, line } = map.source;
  return {
    ...(config === undefined ? {} : { config }),
    ...(networks === undefined
      ? {}
      : {
          networks,
          networksObject: meshNetworksObject(networks, istioNamespace, {
            source: { file, line, locate: () => map.source.locate(['data', 'meshNetworks']) },
            annotations: map.meta.annotations,
          }),
        }),
  };
}

/** Settings with the JSON names of their fields; undefined when some value has a type that it cannot have. */
export function typedSettings(key: KindKey, value: unknown): unknown {
  const schema = SCHEMAS[key];
  if (schema === undefined) return undefined;
  const validator = schema.validatorFor('');
  const errors = validator(value) ? [] : (validator.errors ?? []);
  const isMistyped = errors.some(({ keyword }) => keyword === 'type' || keyword === 'x-mesh-int-or-string');
  return isMistyped ? undefined : toJsonNames(value, schema.spellingsFor(''));
}

/** MeshNetworks as an object, which they are not by themselves. */
export function meshNetworksObject(
  networks: MeshNetworks,
  istioNamespace: string,
  { source, annotations = {} }: Pick<MeshObject, 'source'> & Partial<Pick<MeshObject['meta'], 'annotations'>>,
): MeshObject<MeshNetworks> {
  return {
    key: NETWORKS,
    apiVersion: '',
    group: 'mesh.istio.io',
    version: '',
    kind: 'MeshNetworks',
    meta: { name: 'meshnetworks', namespace: istioNamespace, labels: {}, annotations },
    value: networks as MeshObject<MeshNetworks>['value'],
    info: findKind(NETWORKS),
    source,
  };
}
