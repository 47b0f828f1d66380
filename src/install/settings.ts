/** From a profile and what is laid over it to all the settings of an installation. */

import type { IstioOperatorSpec } from '../api/generated/types/install.istio.io/IstioOperator.ts';
import { withoutOldKeys } from './old-keys.ts';
import { overlay } from './overlay.ts';
import { profileSpec } from './profiles.ts';
import { isTree, type PathStep, setAt, type Tree, valueAt } from './setting-path.ts';

/** Settings to lay over others: the `spec` of a file, or one value at a path below it. */
export type Layer = { readonly spec: Tree } | { readonly path: readonly PathStep[]; readonly value: unknown };

const DEFAULT_PROFILE = 'default';

/**
 * The settings that layers make, from left to right, on top of the profile that the last of them names.
 * `version` is the tag of images where nothing names one. The layers must have been checked against the schema.
 */
export function resolveSettings(layers: readonly Layer[], version: string): IstioOperatorSpec {
  const trees = layers.map((layer) =>
    'spec' in layer ? { spec: withoutOldKeys(layer.spec) } : asTree(layer),
  );
  let profile: unknown = DEFAULT_PROFILE;
  for (const layer of trees) {
    const named = 'spec' in layer ? layer.spec['profile'] : undefined;
    if (typeof named === 'string' && named !== '') profile = named;
  }
  let spec = structuredClone(profileSpec(String(profile)));
  for (const layer of trees) {
    if ('spec' in layer) spec = overlay(spec, layer.spec);
    else {
      spec = structuredClone(spec);
      setAt(spec, layer.path, layer.value === null ? undefined : layer.value);
    }
  }
  return finished({ ...spec, profile }, version);
}

/** A value without list items in its path is a small tree, so that old keys are known in it. */
function asTree(
  layer: Extract<Layer, { path: unknown }>,
): Layer & ({ spec: Tree } | { path: readonly PathStep[] }) {
  if (layer.path.some((step) => typeof step !== 'string')) return layer;
  const spec: Tree = {};
  setAt(spec, layer.path, layer.value);
  return { spec: withoutOldKeys(spec) };
}

/** Fills in what depends on other settings. */
function finished(spec: Tree, version: string): IstioOperatorSpec {
  const global = valueAt(spec, ['values', 'global']);
  const own = (name: string): unknown => (isTree(global) ? global[name] : undefined);
  const result: Tree = { ...spec };
  // Charts had these three among the values, and what is said there counts unless the field beside it is changed.
  if (spec['hub'] === 'lateen' && own('hub') !== undefined) result['hub'] = own('hub');
  if (spec['namespace'] === 'istio-system' && own('istioNamespace') !== undefined)
    result['namespace'] = own('istioNamespace');
  result['tag'] = spec['tag'] ?? own('tag') ?? version;
  // The schema describes the tree, and every layer has been checked against it.
  return result as IstioOperatorSpec;
}
