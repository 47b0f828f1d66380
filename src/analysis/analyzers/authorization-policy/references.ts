/** What AuthorizationPolicies refer to: the workloads that they select, and namespaces of callers. */

import type { KindTypes } from '../../../api/generated/kind-types.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { MeshObject } from '../../../config/object.ts';
import { selectsInstalledGateway } from '../../../model/gateway-workloads.ts';
import { kubernetesGatewayPods } from '../../../model/kubernetes-gateways.ts';
import {
  INJECT_LABEL,
  hasSidecar,
  isAmbientNamespace,
  isAmbientWorkload,
} from '../../../model/membership.ts';
import { type Labels, formatLabels, matchesLabels } from '../../../model/selectors.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import { WORKLOAD_KINDS, type Workload } from '../../../model/workloads.ts';
import type { AnalysisContext, Analyzer } from '../../analyzer.ts';
import { BUILTIN_FILE } from '../../builtin-gateway.ts';
import { MESSAGES } from '../../catalogue.ts';

type Policy = MeshObject<KindTypes['security.istio.io/AuthorizationPolicy']>;

/** What a policy may apply to: it has labels, and is in a namespace. */
interface Member {
  readonly namespace: string;
  readonly labels: Labels;
}

/** Namespaces of every cluster. */
const ALWAYS_THERE = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

export const analyzer: Analyzer = {
  name: 'auth.AuthorizationPoliciesAnalyzer',
  summary: 'AuthorizationPolicies select workloads of the mesh, and name namespaces that exist',
  reads: [
    ...WORKLOAD_KINDS,
    'core/Namespace',
    'gateway.networking.k8s.io/Gateway',
    'networking.istio.io/WorkloadEntry',
    'networking.istio.io/WorkloadGroup',
    'security.istio.io/AuthorizationPolicy',
  ],
  messages: [MESSAGES.NoMatchingWorkloadsFound, MESSAGES.ReferencedResourceNotFound],
  analyze(context) {
    const { snapshot } = context;
    const members = membersOf(snapshot);
    const byNamespace = Map.groupBy(members, ({ namespace }) => namespace);
    const namespaces = knownNamespaces(snapshot);
    const knowsWorkloads = snapshot.workloads.all.some(({ object }) => object.source.file !== BUILTIN_FILE);
    for (const object of snapshot.list('security.istio.io/AuthorizationPolicy')) {
      const namespace = snapshot.namespaceOf(object);
      const isMeshWide = namespace === snapshot.mesh.rootNamespace;
      if (knowsWorkloads)
        checkWorkloads(
          context,
          object,
          isMeshWide ? members : (byNamespace.get(namespace) ?? []),
          isMeshWide,
        );
      if (namespaces !== undefined) checkNamespaces(context, object, namespaces);
    }
  },
};

/** `among` is what the policy could apply to, by its namespace. */
function checkWorkloads(
  { report }: AnalysisContext,
  object: Policy,
  among: readonly Member[],
  isMeshWide: boolean,
): void {
  const { selector, targetRef, targetRefs = [] } = object.value.spec ?? {};
  if (targetRef !== undefined || targetRefs.length > 0) return;
  const labels = selector?.matchLabels ?? {};
  if (Object.keys(labels).length === 0) {
    if (isMeshWide || among.length > 0) return;
    const values = { labels: 'any, in its namespace' };
    report(MESSAGES.NoMatchingWorkloadsFound, object, ['metadata', 'namespace'], values);
    return;
  }
  if (selectsInstalledGateway(labels) || among.some((member) => matchesLabels(labels, member.labels))) return;
  const path = ['spec', 'selector', 'matchLabels'];
  report(MESSAGES.NoMatchingWorkloadsFound, object, path, { labels: formatLabels(labels) });
}

/** Workloads of the mesh: in pods, on virtual machines, and the gateways that Gateways will bring. */
function membersOf(snapshot: Snapshot): readonly Member[] {
  const entries = snapshot.list('networking.istio.io/WorkloadEntry').map((object) => ({
    namespace: snapshot.namespaceOf(object),
    labels: { ...object.meta.labels, ...object.value.spec?.labels },
  }));
  const groups = snapshot.list('networking.istio.io/WorkloadGroup').map((object) => ({
    namespace: snapshot.namespaceOf(object),
    labels: { ...object.value.spec?.metadata?.labels, ...object.value.spec?.template?.labels },
  }));
  return [
    ...snapshot.workloads.all.filter((workload) => mayBeInMesh(snapshot, workload)),
    ...kubernetesGatewayPods(snapshot),
    ...entries,
    ...groups,
  ];
}

/** Not known to be out of the mesh: of a namespace that is not in the input, nobody can tell. */
function mayBeInMesh(snapshot: Snapshot, workload: Workload): boolean {
  if (isAmbientWorkload(workload) || hasSidecar(snapshot, workload)) return true;
  const namespace = snapshot.find('core/Namespace', '', workload.namespace);
  if (namespace !== undefined) return isAmbientNamespace(namespace.meta.labels);
  return (workload.labels[INJECT_LABEL] ?? workload.annotations[INJECT_LABEL]) !== 'false';
}

/** Undefined when the input has no Namespace at all, so that nothing is known. */
function knownNamespaces(snapshot: Snapshot): ReadonlySet<string> | undefined {
  const namespaces = snapshot.list('core/Namespace').map(({ meta }) => meta.name);
  if (namespaces.length === 0) return undefined;
  const inUse = snapshot.workloads.all.map(({ namespace }) => namespace);
  return new Set([...namespaces, ...inUse, ...ALWAYS_THERE, snapshot.mesh.istioNamespace]);
}

function checkNamespaces({ report }: AnalysisContext, object: Policy, known: ReadonlySet<string>): void {
  for (const { path, name } of namespaceReferences(object)) {
    if (existsIn(known, name)) continue;
    report(MESSAGES.ReferencedResourceNotFound, object, path, { type: 'namespace', name });
  }
}

function namespaceReferences(object: Policy): readonly { path: FieldPath; name: string }[] {
  const listed = (at: FieldPath, names: readonly string[] = []) =>
    names.map((name, index) => ({ path: [...at, index], name }));
  return (object.value.spec?.rules ?? []).flatMap(({ from = [], when = [] }, rule) => {
    const place = ['spec', 'rules', rule];
    const sources = from.flatMap(({ source = {} }, index) => [
      ...listed([...place, 'from', index, 'source', 'namespaces'], source.namespaces),
      ...listed([...place, 'from', index, 'source', 'notNamespaces'], source.notNamespaces),
    ]);
    const conditions = when.flatMap(({ key, values, notValues }, index) =>
      key === 'source.namespace'
        ? [
            ...listed([...place, 'when', index, 'values'], values),
            ...listed([...place, 'when', index, 'notValues'], notValues),
          ]
        : [],
    );
    return [...sources, ...conditions];
  });
}

/** Names may have a `*` in front or at the end. */
function existsIn(known: ReadonlySet<string>, name: string): boolean {
  if (name === '*') return true;
  if (name.startsWith('*')) return [...known].some((one) => one.endsWith(name.slice(1)));
  if (name.endsWith('*')) return [...known].some((one) => one.startsWith(name.slice(0, -1)));
  return known.has(name);
}
