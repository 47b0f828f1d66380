/** What is said of a cluster that does not give all that is asked of it, and how to mend it. */

import type { KindInfo } from '../api/kind-info.ts';
import type { ApiFailure } from './failure.ts';

/** What a right is about, as roles name it. */
export interface RoleResource {
  readonly group: string;
  readonly plural: string;
  readonly namespace?: string | undefined;
}

/** Why a list or a watch does not come about. */
export function failureNote(
  url: string,
  { group, plural, namespace }: RoleResource,
  failure: ApiFailure,
  verb: 'list' | 'watch',
): string {
  const name = group === '' ? plural : `${plural}.${group}`;
  switch (failure.status) {
    case 401:
      return `the API server does not accept the credentials (401), asked for ${name}: ${failure.message}`;
    case 403: {
      const role = namespace === undefined ? 'a ClusterRole' : `a Role in namespace ${namespace}`;
      const rule = `{apiGroups: ["${group}"], resources: ["${plural}"], verbs: ["get", "list", "watch"]}`;
      return `no right to ${verb} ${name}, so they are not followed; ${role} with the rule ${rule} gives it`;
    }
    case undefined:
      return `${url} does not answer: ${failure.message}; it is asked again`;
    default:
      return `${url} cannot be read (${verb}, ${failure.status}): ${failure.message}; it is asked again`;
  }
}

/** Why it is not known which kinds there are. */
export function discoveryNote(server: string, failure: ApiFailure): string {
  if (failure.status === 403) {
    return `no right to ask ${server} which kinds it serves; the ClusterRole system:discovery gives it`;
  }
  if (failure.status === 401) return `${server} does not accept the credentials (401): ${failure.message}`;
  return `${server} does not tell which kinds it serves: ${failure.message}; it is asked again`;
}

/** A kind that is defined, and that the server does not serve in any version that we know. */
export function unservedNote({ plural, group, versions }: KindInfo): string {
  const known = versions.map(({ name }) => name).join(', ');
  return `${plural}.${group} is defined, but not served in a version that can be read (${known}); its objects are not followed`;
}
