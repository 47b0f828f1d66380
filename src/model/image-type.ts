/** Which variant of the proxy's image a workload gets. */

import type { KindTypes } from '../api/generated/kind-types.ts';
import type { MeshObject } from '../config/object.ts';
import { parseValue } from '../config/parse/value.ts';
import { matchesLabels } from './selectors.ts';
import type { Snapshot } from './snapshot.ts';
import type { Workload } from './workloads.ts';

type ProxyConfig = MeshObject<KindTypes['networking.istio.io/ProxyConfig']>;

/** Annotation of a pod with settings of its own proxy. */
export const PROXY_CONFIG_ANNOTATION = 'proxy.istio.io/config';
const IMAGE_TYPE_ANNOTATION = 'sidecar.istio.io/proxyImageType';

/**
 * The image type of a workload, '' when nobody says. From weak to strong: the mesh's defaultConfig, ProxyConfigs
 * of the root namespace, of the workload's namespace, those that select it, and its annotations. Reads
 * networking.istio.io/ProxyConfig.
 * https://istio.io/latest/docs/reference/config/networking/proxy-config/
 */
export function imageTypeOf(snapshot: Snapshot, workload: Workload): string {
  const { config, rootNamespace } = snapshot.mesh;
  const configs = snapshot.list('networking.istio.io/ProxyConfig');
  const general = (namespace: string): ProxyConfig | undefined =>
    configs.find(
      (object) => snapshot.namespaceOf(object) === namespace && object.value.spec?.selector === undefined,
    );
  const selecting = configs.find(
    (object) =>
      snapshot.namespaceOf(object) === workload.namespace &&
      object.value.spec?.selector !== undefined &&
      matchesLabels(object.value.spec.selector.matchLabels ?? {}, workload.labels),
  );
  const said = [
    workload.annotations[IMAGE_TYPE_ANNOTATION],
    annotatedImageType(workload.annotations[PROXY_CONFIG_ANNOTATION]),
    selecting?.value.spec?.image?.imageType,
    general(workload.namespace)?.value.spec?.image?.imageType,
    general(rootNamespace)?.value.spec?.image?.imageType,
    config.defaultConfig?.image?.imageType,
  ];
  return said.find((type) => type !== undefined && type !== '') ?? '';
}

/** `image.imageType` of proxy settings in an annotation, whose text nobody has checked. */
function annotatedImageType(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const image = fieldOf(parseValue(text).value, 'image');
  const type = fieldOf(image, 'imageType') ?? fieldOf(image, 'image_type');
  return typeof type === 'string' ? type : undefined;
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return Reflect.get(value, name);
}
