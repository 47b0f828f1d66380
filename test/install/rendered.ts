/** Manifests for tests, and ways to look into them. */

import { fileURLToPath } from 'node:url';
import { readCrds } from '../../src/cli/package-parts.ts';
import { buildManifest, type Manifest } from '../../src/install/manifest.ts';
import { type Resource, resourceName } from '../../src/install/resource.ts';
import { parseSettingPath, valueAt } from '../../src/install/setting-path.ts';
import { resolveSettings } from '../../src/install/settings.ts';

// Those that the build made of `schemas/`.
export const crds = readCrds(fileURLToPath(new URL('../../dist/crds', import.meta.url)));
export const VERSION = '1.2.3';

/** The manifest for settings by their paths; with a filter, of these components alone. */
export function manifest(
  settings: Readonly<Record<string, unknown>> = {},
  filter: readonly string[] = [],
): Manifest {
  const layers = Object.entries(settings).map(([path, value]) => ({ path: parseSettingPath(path), value }));
  return buildManifest(resolveSettings(layers, VERSION), { version: VERSION, crds, filter });
}

/** The value at a path of settings. */
export const at = (tree: unknown, path: string): unknown => valueAt(tree, parseSettingPath(path));

/** The resource of that name, as `Deployment istio-system/istiod`. */
export function one({ resources }: Manifest, name: string): Resource {
  const found = resources.find((resource) => resourceName(resource) === name);
  if (found === undefined) throw new Error(`${name} is not among ${resources.map(resourceName).join(', ')}`);
  return found;
}

export const names = ({ resources }: Manifest): string[] => resources.map(resourceName);

/** Settings with which every part is installed. */
export const everything = {
  profile: 'demo',
  'values.global.networkPolicy.enabled': true,
  'values.global.multiCluster.enabled': true,
  'values.revisionTags': ['prod'],
};
