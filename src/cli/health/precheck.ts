/** What `mesh precheck` does. */

import { findKind } from '../../api/kinds.ts';
import { type Requirement, prerequisites, PREREQUISITE_KINDS } from '../../analysis/prerequisites.ts';
import { packageVersion } from '../../base/package-version.ts';
import { inParallel } from '../../base/parallel.ts';
import { OWNED_TYPES, ownedSelector } from '../../install/owned.ts';
import { explained } from '../../kube/explain.ts';
import { listObjects } from '../../kube/list.ts';
import type { ApiObject } from '../../kube/reflector.ts';
import { listPath, resourceType } from '../../kube/resource-path.ts';
import { type ClusterFlags, openCluster, timeoutSignal } from '../cluster.ts';
import { clusterSnapshot } from '../cluster-snapshot.ts';
import type { Context } from '../context.ts';
import { rankedVersion } from '../lifecycle/version-order.ts';
import { loadSnapshot } from '../route/load-mesh.ts';
import { type HealthQuestion, kubernetes, listAll, metaOf } from './control-plane.ts';
import { asked, type Category, type Check, checkOf, type HealthFlags, reportHealth } from './health.ts';

export interface PrecheckFlags extends ClusterFlags, HealthFlags {
  readonly istioNamespace: string;
  readonly 'from-version': string | undefined;
  readonly 'skip-controlplane': boolean;
  readonly timeout: string;
}

/** The workloads of files alone. Returns the exit code. */
export async function precheckFiles(
  paths: readonly string[],
  flags: PrecheckFlags,
  context: Context,
): Promise<number> {
  const asked = { ...flags, meshConfigFile: undefined };
  const { snapshot } = await loadSnapshot(paths, asked, context);
  const skew = flags['from-version'] === undefined ? [] : [skewCategory([flags['from-version']])];
  return reportHealth([...skew, workloadCategory(prerequisites(snapshot, flags.namespace))], flags, context);
}

/** Returns the exit code. Throws a `MeshError` when the cluster cannot be asked at all. */
export async function precheckCluster(flags: PrecheckFlags, context: Context): Promise<number> {
  const { client } = await openCluster(flags, context);
  const question: HealthQuestion = {
    client,
    signal: timeoutSignal(flags.timeout),
    istioNamespace: flags.istioNamespace,
    version: packageVersion(),
  };
  try {
    const categories = flags['skip-controlplane'] ? [] : await readiness(question, flags);
    const snapshot = await clusterSnapshot(
      client,
      [...PREREQUISITE_KINDS],
      { ...flags, namespace: undefined, meshConfigFile: undefined },
      question.signal,
      context,
    );
    const workloads = workloadCategory(prerequisites(snapshot, flags.namespace));
    return await reportHealth([...categories, workloads], flags, context);
  } catch (error) {
    throw explained(error, client);
  }
}

async function readiness(question: HealthQuestion, flags: PrecheckFlags): Promise<readonly Category[]> {
  const planes = await asked('control planes can be looked for', () => otherPlanes(question, flags));
  return [
    await kubernetes(question),
    { categoryName: 'permissions', checks: [await permissions(question)] },
    { categoryName: 'control-planes', checks: planes },
    {
      categoryName: 'definitions',
      checks: await asked('definitions can be read', () => definitions(question)),
    },
  ];
}

/** Whether whoever asks may write all that an installation consists of. */
async function permissions({ client, signal, istioNamespace }: HealthQuestion): Promise<Check> {
  const types = [
    ...OWNED_TYPES,
    { apiVersion: 'v1', kind: 'Namespace' },
    { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
  ].filter(({ kind }) => kind !== 'EndpointSlice');
  const questions = types.flatMap((type) => ['create', 'patch', 'delete'].map((verb) => ({ type, verb })));
  const denied = await inParallel(questions, 8, async ({ type, verb }) => {
    const { group, plural, clusterWide } = resourceType(type);
    const attributes = {
      group,
      resource: plural,
      verb,
      ...(clusterWide ? {} : { namespace: istioNamespace }),
    };
    const answer = await client.write('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      signal,
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: attributes },
      },
    });
    const { allowed } = (answer['status'] ?? {}) as { readonly allowed?: unknown };
    return allowed === true ? [] : [`no right to ${verb} ${group === '' ? plural : `${plural}.${group}`}`];
  });
  return checkOf('you may install and remove the mesh', denied.flat(), {
    hint: 'Ask for the role cluster-admin, or for these rights; whoever only looks needs less, see docs/roles.md.',
  });
}

async function otherPlanes(question: HealthQuestion, flags: PrecheckFlags): Promise<readonly Check[]> {
  const deployments = await listAll(question, { apiVersion: 'apps/v1', kind: 'Deployment' }, 'app=istiod');
  const ours = (one: ApiObject): boolean => labelsOf(one)['app.kubernetes.io/managed-by'] === 'lateen';
  const foreign = deployments.filter((one) => !ours(one));
  const versions = deployments
    .filter(ours)
    .flatMap((one) => labelsOf(one)['app.kubernetes.io/version'] ?? []);
  const from = flags['from-version'] === undefined ? versions : [flags['from-version']];
  return [
    checkOf(
      'no control plane of somebody else is in the way',
      foreign.map((one) => {
        const { name, namespace } = metaOf(one);
        return `${namespace}/${name} is a control plane that mesh has not installed (revision ${labelsOf(one)['istio.io/rev'] ?? 'default'})`;
      }),
      {
        hint: 'Install beside it with --revision NAME, move namespaces over one by one, and remove it last.',
        level: 'warning',
      },
    ),
    ...skewCategory(from).checks,
  ];
}

/** Whether an upgrade from there to this release is one step. */
function skewCategory(versions: readonly string[]): Category {
  const to = packageVersion();
  return {
    categoryName: 'version-skew',
    checks: [...new Set(versions)].map((from) => {
      const [old, now] = [from, to].map((one) => Math.floor(rankedVersion(one) / 1_000));
      const steps = (now ?? 0) - (old ?? 0);
      const problem =
        steps < 0
          ? [`${from} is newer than this mesh, ${to}`]
          : steps > 2
            ? [`from ${from} to ${to} are ${steps} minor releases`]
            : [];
      return checkOf(`${from} can be upgraded to ${to}`, problem, {
        hint:
          steps < 0
            ? 'Use a mesh that is at least as new.'
            : 'Upgrade by at most two minor releases at a time.',
        level: 'warning',
      });
    }),
  };
}

/** Definitions of the Gateway API that somebody else keeps: an installation would take them over. */
async function definitions({ client, signal }: HealthQuestion): Promise<readonly Check[]> {
  const path = listPath({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' });
  const all = await listObjects(client, path, { signal, metadataOnly: true });
  const ours = new Set(
    (await listObjects(client, path, { signal, metadataOnly: true, labels: ownedSelector() })).map(
      (one) => metaOf(one).name,
    ),
  );
  const foreign = all
    .map((one) => metaOf(one).name)
    .filter((name) => !ours.has(name) && isMeshGroup(name.slice(name.indexOf('.') + 1)));
  return [
    checkOf(
      'no kinds of the mesh have been defined by others',
      foreign.map((name) => `${name} is there and not ours`),
      {
        hint: 'They would be taken over and keep their objects; leave some out with --set values.base.excludedCRDs={GROUP}.',
        level: 'warning',
      },
    ),
  ];
}

function isMeshGroup(group: string): boolean {
  return MESH_GROUPS.has(group);
}

const MESH_GROUPS: ReadonlySet<string> = new Set(
  [
    'networking.istio.io/VirtualService',
    'security.istio.io/PeerAuthentication',
    'telemetry.istio.io/Telemetry',
    'extensions.istio.io/WasmPlugin',
    'gateway.networking.k8s.io/Gateway',
  ].flatMap((key) => findKind(key)?.group ?? []),
);

function workloadCategory(requirements: readonly Requirement[]): Category {
  return {
    categoryName: 'workloads',
    checks: requirements.map(({ title, hint, problems, isStrict }) =>
      checkOf(title, problems, { hint, level: isStrict ? 'error' : 'warning' }),
    ),
  };
}

function labelsOf({ metadata }: ApiObject): Readonly<Record<string, string | undefined>> {
  return (metadata as { readonly labels?: Readonly<Record<string, string>> } | undefined)?.labels ?? {};
}
