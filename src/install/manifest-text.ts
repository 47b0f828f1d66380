/** A manifest as YAML: one stream, or one file a resource. The same resources give the same bytes. */

import type { Resource } from './resource.ts';
import { applyRank } from './resource.ts';
import { toYamlText } from './yaml-text.ts';

/** All resources, in their order, with `---` between them. Empty for none. */
export function manifestText(resources: readonly Resource[]): string {
  return resources.map(toYamlText).join('---\n');
}

/** A file for each resource. The names sort in the order to apply, which `kubectl apply -f` of a folder follows. */
export function manifestFiles(
  resources: readonly Resource[],
): readonly { readonly name: string; readonly text: string }[] {
  return resources.map((resource) => {
    const { kind, metadata } = resource;
    const rank = String(applyRank(kind)).padStart(2, '0');
    const place = metadata.namespace === undefined ? '' : `${metadata.namespace}-`;
    return {
      name: `${rank}-${kind.toLowerCase()}-${place}${metadata.name}.yaml`,
      text: toYamlText(resource),
    };
  });
}
