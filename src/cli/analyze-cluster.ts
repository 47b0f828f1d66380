/** What `mesh analyze` reads of a cluster: the kinds that the chosen analyzers look at, and no others. */

import type { Analyzer } from '../analysis/analyzer.ts';
import { KINDS, findKind } from '../api/kinds.ts';
import type { KindKey } from '../api/kind-info.ts';
import type { MeshObject } from '../config/object.ts';
import type { KubeClient } from '../kube/client.ts';
import { deniedRight, rightText, ruleText } from '../kube/denied.ts';
import type { WantedKind } from '../kube/discovery.ts';
import { explained } from '../kube/explain.ts';
import { ApiFailure } from '../kube/failure.ts';
import { listObjects } from '../kube/list.ts';
import { fromApi } from '../kube/objects.ts';
import { readKinds } from '../kube/read-kinds.ts';
import { listPath, objectPath } from '../kube/resource-path.ts';

export interface ClusterInput {
  readonly objects: readonly MeshObject[];
  /** Kinds of which all objects have been read, be it none. */
  readonly complete: ReadonlySet<KindKey>;
  /** What could not be read, a sentence each. */
  readonly notes: readonly string[];
}

export interface ClusterQuestion {
  readonly analyzers: readonly Analyzer[];
  /** Whether the objects are checked against their schemas, too. */
  readonly withValidation: boolean;
  readonly istioNamespace: string;
  readonly signal: AbortSignal;
}

/** Kinds whose objects are read by name, or not from the API at all. */
const NOT_LISTED: ReadonlySet<KindKey> = new Set(['core/Secret', 'core/ConfigMap']);

/** Reads it in pages. Throws a `MeshError` when the cluster cannot be asked at all. */
export async function readCluster(client: KubeClient, question: ClusterQuestion): Promise<ClusterInput> {
  const { analyzers, withValidation, istioNamespace, signal } = question;
  const keys = new Set(analyzers.flatMap(({ reads }) => reads));
  for (const { key, external, scope } of KINDS)
    if (withValidation && !external && scope !== 'File') keys.add(key);
  const wanted = [...keys].flatMap((key): readonly WantedKind[] => {
    const info = findKind(key);
    return info === undefined || info.scope === 'File' || NOT_LISTED.has(key) ? [] : [{ info }];
  });
  const configMap = findKind('core/ConfigMap');
  // Of these only what the control plane reads: a cluster may have thousands.
  if (configMap !== undefined) wanted.push({ info: configMap, namespace: istioNamespace });
  const { objects, notes, unread } = await readKinds(client, wanted, signal);
  const complete = new Set(wanted.map(({ info }) => info.key).filter((key) => !unread.has(key)));
  if (!keys.has('core/Secret')) return { objects, complete, notes };
  const secrets = await readSecrets(client, objects, istioNamespace, signal);
  if (secrets.note === undefined) complete.add('core/Secret');
  return {
    objects: [...objects, ...secrets.objects],
    complete,
    notes: [...notes, ...(secrets.note === undefined ? [] : [secrets.note])],
  };
}

/** Secrets that are asked for by name at most: more Gateways than this share few. */
const MAX_SECRETS = 500;

const SECRET = { apiVersion: 'v1', kind: 'Secret' };

/** The credentials that Gateways name, in the namespaces of their pods, and the keys of other clusters. */
async function readSecrets(
  client: KubeClient,
  objects: readonly MeshObject[],
  istioNamespace: string,
  signal: AbortSignal,
): Promise<{ readonly objects: readonly MeshObject[]; readonly note?: string }> {
  const info = findKind('core/Secret');
  if (info === undefined) return { objects: [] };
  const kind = { info, version: 'v1', path: listPath(SECRET) };
  const found: MeshObject[] = [];
  try {
    const labels = 'istio/multiCluster=true';
    for (const item of await listObjects(client, listPath(SECRET, istioNamespace), { signal, labels })) {
      found.push(...[fromApi(client, kind, item)].filter((one) => one !== undefined));
    }
    for (const [namespace, name] of credentials(objects).slice(0, MAX_SECRETS)) {
      try {
        const item = await client.get(objectPath(SECRET, name, namespace), { signal });
        found.push(...[fromApi(client, kind, item)].filter((one) => one !== undefined));
      } catch (error) {
        if (!(error instanceof ApiFailure) || error.status !== 404) throw error;
      }
    }
    return { objects: found };
  } catch (error) {
    const right = error instanceof ApiFailure ? deniedRight(error) : undefined;
    if (right === undefined) throw explained(error, client);
    return {
      objects: found,
      note: `no right to ${rightText(right)}, so credentials of Gateways are not checked; ${ruleText(right)} gives it`,
    };
  }
}

/** Namespace and name of each, once. */
function credentials(objects: readonly MeshObject[]): readonly (readonly [string, string])[] {
  const pods = objects.filter(({ key }) => key === 'core/Pod');
  const found = new Map<string, readonly [string, string]>();
  for (const { key, value } of objects) {
    if (key !== 'networking.istio.io/Gateway') continue;
    const { selector = {}, servers = [] } = (value['spec'] ?? {}) as GatewaySpec;
    const names = servers.flatMap(({ tls }) =>
      [tls?.credentialName ?? [], tls?.credentialNames ?? []].flat(),
    );
    if (names.length === 0) continue;
    const own = pods.filter(({ meta }) =>
      Object.entries(selector).every(([label, wanted]) => meta.labels[label] === wanted),
    );
    for (const namespace of new Set(own.flatMap(({ meta }) => meta.namespace ?? []))) {
      for (const name of names) {
        // A mutual server's authority is in a Secret of its own beside it.
        for (const one of [name, `${name}-cacert`]) found.set(`${namespace}/${one}`, [namespace, one]);
      }
    }
  }
  return [...found.values()];
}

interface GatewaySpec {
  readonly selector?: Readonly<Record<string, string>>;
  readonly servers?: readonly {
    readonly tls?: { readonly credentialName?: string; readonly credentialNames?: readonly string[] };
  }[];
}
