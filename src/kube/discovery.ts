/** Which kinds an API server serves, and where. */

import type { KindInfo, KindKey } from '../api/kind-info.ts';
import type { KubeClient } from './client.ts';
import { ApiFailure } from './failure.ts';

/** A kind that is wanted, perhaps of one namespace only. */
export interface WantedKind {
  readonly info: KindInfo;
  readonly namespace?: string;
  /** Only those of its objects whose fields are so: `type!=helm.sh/release.v1`. */
  readonly fieldSelector?: string;
}

export interface ServedKind extends WantedKind {
  readonly version: string;
  /** Where its objects are listed. */
  readonly path: string;
}

/**
 * Finds the wanted kinds among what the server serves; of several versions the one that the registry names
 * first. Only groups of wanted kinds are asked for.
 */
export async function discover(
  client: KubeClient,
  wanted: readonly WantedKind[],
  signal: AbortSignal,
): Promise<ReadonlyMap<KindKey, ServedKind>> {
  const versions = new Map<unknown, readonly unknown[]>();
  for (const group of records((await client.get('/apis', { signal }))['groups'])) {
    versions.set(
      group['name'],
      records(group['versions']).map(({ version }) => version),
    );
  }
  versions.set('', ['v1']);
  const names = [...new Set(wanted.map(({ info }) => info.group))];
  const served = new Map<KindKey, ServedKind>();
  for (const group of names) {
    const ofGroup = wanted.filter(({ info }) => info.group === group);
    const asked = new Set(ofGroup.flatMap(({ info }) => info.versions.map(({ name }) => name)));
    const resources = new Map<string, ReadonlySet<unknown>>();
    for (const version of asked) {
      if (versions.get(group)?.includes(version))
        resources.set(version, await listed(client, group, version, signal));
    }
    for (const one of ofGroup) {
      const version = one.info.versions.find(({ name }) => resources.get(name)?.has(one.info.plural))?.name;
      if (version !== undefined) served.set(one.info.key, { ...one, version, path: listPath(one, version) });
    }
  }
  return served;
}

/** All groups, versions and kinds in one answer. https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery */
const AGGREGATED = ['v2', 'v2beta1']
  .map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
  .concat('application/json')
  .join(',');

/**
 * Finds the wanted kinds as `discover` does, with two questions in place of one a version. What was defined a moment
 * ago may be missing, so this is for those who ask once. A server that cannot answer so is asked the other way.
 */
export async function discoverAtOnce(
  client: KubeClient,
  wanted: readonly WantedKind[],
  signal: AbortSignal,
): Promise<ReadonlyMap<KindKey, ServedKind>> {
  const answers = await Promise.all(
    ['/api', '/apis'].map((path) => client.get(path, { signal, accept: AGGREGATED })),
  );
  if (answers.some(({ kind }) => kind !== 'APIGroupDiscoveryList')) return discover(client, wanted, signal);
  const plurals = new Map<string, ReadonlySet<unknown>>();
  for (const { metadata, versions } of answers.flatMap(({ items }) => records(items))) {
    const { name: group = '' } = (metadata ?? {}) as { readonly name?: string };
    for (const { version, resources } of records(versions)) {
      const listed = records(resources).filter(({ verbs }) => Array.isArray(verbs) && verbs.includes('list'));
      plurals.set(groupPath(group, String(version)), new Set(listed.map(({ resource }) => resource)));
    }
  }
  const served = new Map<KindKey, ServedKind>();
  for (const one of wanted) {
    const { group, plural, versions, key } = one.info;
    const version = versions.find(({ name }) => plurals.get(groupPath(group, name))?.has(plural))?.name;
    if (version !== undefined) served.set(key, { ...one, version, path: listPath(one, version) });
  }
  return served;
}

async function listed(
  client: KubeClient,
  group: string,
  version: string,
  signal: AbortSignal,
): Promise<ReadonlySet<unknown>> {
  try {
    const { resources } = await client.get(groupPath(group, version), { signal });
    const followed = records(resources).filter(
      ({ verbs }) => Array.isArray(verbs) && verbs.includes('list') && verbs.includes('watch'),
    );
    return new Set(followed.map(({ name }) => name));
  } catch (error) {
    // It went between the two questions.
    if (error instanceof ApiFailure && error.status === 404) return new Set();
    throw error;
  }
}

/** The objects of a list, whatever else is in it. */
function records(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  return list.filter((one) => typeof one === 'object' && one !== null) as Readonly<Record<string, unknown>>[];
}

function groupPath(group: string, version: string): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
}

function listPath({ info, namespace }: WantedKind, version: string): string {
  const inside = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${groupPath(info.group, version)}${inside}/${info.plural}`;
}
