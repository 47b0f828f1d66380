/** The mesh's settings as far as the input itself says them: the ConfigMap that the control plane reads. */

import type { KindTypes } from '../api/generated/kind-types.ts';
import { embeddedFindings } from '../config/checks/embedded.ts';
import type { MeshObject } from '../config/object.ts';
import type { MeshConfig, MeshNetworks } from '../model/mesh-settings.ts';

export interface MeshInput {
  readonly config?: MeshConfig;
  readonly networks?: MeshNetworks;
}

/**
 * Settings from the ConfigMap `istio` in the control plane's namespace. Objects must have passed the type
 * checks of `validate`, which reads the texts inside the ConfigMap too.
 */
export function meshFromObjects(
  objects: readonly MeshObject[],
  istioNamespace: string,
  defaultNamespace = 'default',
): MeshInput {
  const source = objects.find(
    ({ key, meta }) =>
      key === 'core/ConfigMap' &&
      meta.name === 'istio' &&
      (meta.namespace ?? defaultNamespace) === istioNamespace,
  );
  if (source === undefined) return {};
  const found = new Map<string, unknown>();
  for (const part of embeddedFindings(source)) if ('key' in part) found.set(part.key, part.value);
  return {
    config: found.get('mesh.istio.io/MeshConfig') as KindTypes['mesh.istio.io/MeshConfig'] | undefined,
    networks: found.get('mesh.istio.io/MeshNetworks') as KindTypes['mesh.istio.io/MeshNetworks'] | undefined,
  };
}
