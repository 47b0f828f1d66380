/** How kinds are named when their objects are served: `networking.istio.io/v1/VirtualService`, as istiod does. */

import type { KindInfo } from '../../api/kind-info.ts';
import { KINDS } from '../../api/kinds.ts';

/** The type URL of a kind, in the version that is stored. Core kinds have the group `core`. */
export function configType(info: KindInfo): string {
  const version = info.versions.find(({ storage }) => storage) ?? info.versions[0];
  return `${groupOf(info)}/${version?.name ?? 'v1'}/${info.kind}`;
}

function groupOf(info: KindInfo): string {
  return info.group === '' ? 'core' : info.group;
}

/** Whether a type URL is that of a kind, and not of a message of the Envoy API. */
export function isConfigType(typeUrl: string): boolean {
  return typeUrl.split('/').length === 3;
}

const BY_NAME = new Map(KINDS.map((info) => [`${groupOf(info)}/${info.kind}`, info]));

/** The kind of a type URL, whichever of its versions that names; undefined when it is not known. */
export function kindOfType(typeUrl: string): KindInfo | undefined {
  const [group = '', version = '', kind = ''] = typeUrl.split('/');
  const info = BY_NAME.get(`${group}/${kind}`);
  return info?.versions.some(({ name }) => name === version) === true ? info : undefined;
}
