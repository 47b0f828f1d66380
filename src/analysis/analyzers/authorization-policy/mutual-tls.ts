/** AuthorizationPolicies that go by who calls: without mutual TLS, nobody knows. */

import type { KindTypes } from '../../../api/generated/kind-types.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { MeshObject } from '../../../config/object.ts';
import { fullHostname, hostCovers, hostsOverlap } from '../../../model/hosts.ts';
import { isAmbientNamespace } from '../../../model/membership.ts';
import { PeerPolicies, type PeerPolicy, modeOf } from '../../../model/peer-authentication.ts';
import { type Labels, matchesLabels } from '../../../model/selectors.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import { namespaceLabels } from '../../../model/waypoints.ts';
import { WORKLOAD_KINDS } from '../../../model/workloads.ts';
import type { Analyzer } from '../../analyzer.ts';
import { BUILTIN_FILE } from '../../builtin-gateway.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';

type Policy = MeshObject<KindTypes['security.istio.io/AuthorizationPolicy']>;
type Rule = MeshObject<KindTypes['networking.istio.io/DestinationRule']>;

/** Fields of a source that come out of the caller's certificate. */
const SOURCE_FIELDS = [
  'principals',
  'notPrincipals',
  'namespaces',
  'notNamespaces',
  'serviceAccounts',
  'notServiceAccounts',
] as const;
const CONDITIONS: ReadonlySet<string> = new Set([
  'source.principal',
  'source.namespace',
  'source.serviceAccount',
]);

export const analyzer: Analyzer = {
  name: 'authorizationpolicy.MutualTLSAnalyzer',
  summary: 'AuthorizationPolicies go by the caller only where mutual TLS says who that is',
  reads: [
    ...WORKLOAD_KINDS,
    'core/Namespace',
    'core/Service',
    'networking.istio.io/DestinationRule',
    'networking.istio.io/ServiceEntry',
    'security.istio.io/AuthorizationPolicy',
    'security.istio.io/PeerAuthentication',
  ],
  messages: [MESH_MESSAGES.PolicyNeedsMutualTLS],
  analyze({ snapshot, report }) {
    const policies = snapshot.list('security.istio.io/PeerAuthentication');
    const isAutomatic = snapshot.mesh.config.enableAutoMtls !== false;
    // In most meshes nothing turns mutual TLS off.
    const isOff =
      policies.some((policy) => modeOf(policy) === 'DISABLE') ||
      snapshot
        .list('networking.istio.io/DestinationRule')
        .some(({ value }) => value.spec?.trafficPolicy?.tls?.mode === 'DISABLE');
    if (isAutomatic && !isOff) return;
    const peers = new PeerPolicies(snapshot);
    for (const object of snapshot.list('security.istio.io/AuthorizationPolicy')) {
      const fields = identityFields(object);
      if (fields.length === 0) continue;
      const reason = whyUnknown(snapshot, peers, object);
      if (reason === undefined) continue;
      for (const { path, field } of fields) {
        report(MESH_MESSAGES.PolicyNeedsMutualTLS, object, path, { field, reason });
      }
    }
  },
};

function identityFields(object: Policy): { path: FieldPath; field: string }[] {
  return (object.value.spec?.rules ?? []).flatMap(({ from = [], when = [] }, rule) => [
    ...from.flatMap(({ source = {} }, index) =>
      SOURCE_FIELDS.filter((field) => (source[field] ?? []).length > 0).map((field) => ({
        path: ['spec', 'rules', rule, 'from', index, 'source', field],
        field,
      })),
    ),
    ...when.flatMap(({ key = '' }, index) =>
      CONDITIONS.has(key) ? [{ path: ['spec', 'rules', rule, 'when', index, 'key'], field: key }] : [],
    ),
  ]);
}

/** Why callers have no identity for what the policy applies to; undefined when they may have one. */
function whyUnknown(snapshot: Snapshot, peers: PeerPolicies, object: Policy): string | undefined {
  const { selector, targetRef, targetRefs = [] } = object.value.spec ?? {};
  // Waypoints and gateways of the Gateway API: what PeerAuthentications say is not for them.
  if (targetRef !== undefined || targetRefs.length > 0) return undefined;
  const namespace = snapshot.namespaceOf(object);
  if (isAmbientNamespace(namespaceLabels(snapshot, namespace))) return undefined;
  const policies = policiesFor(snapshot, peers, namespace, selector?.matchLabels);
  const [first] = policies;
  if (
    policies.every(({ mode, hasOtherPorts }) => mode === 'DISABLE' && !hasOtherPorts) &&
    first !== undefined
  ) {
    const from = first.from;
    const name = from === undefined ? '' : `${snapshot.namespaceOf(from)}/${from.meta.name}`;
    return `PeerAuthentication ${name} turns that off for what the policy applies to`;
  }
  const rule = plainRule(snapshot, namespace, selector?.matchLabels);
  if (rule !== undefined)
    return `DestinationRule ${snapshot.namespaceOf(rule)}/${rule.meta.name} makes clients send plain text`;
  if (snapshot.mesh.config.enableAutoMtls !== false || hasMutualTLSRule(snapshot, namespace))
    return undefined;
  return 'in this mesh it is not automatic, and no DestinationRule turns it on';
}

/** What the workloads that the policy selects accept; what the namespace does where none are known. */
function policiesFor(
  snapshot: Snapshot,
  peers: PeerPolicies,
  namespace: string,
  labels: Labels = {},
): readonly PeerPolicy[] {
  const isMeshWide = namespace === snapshot.mesh.rootNamespace;
  const workloads = snapshot.workloads
    .select(labels, isMeshWide ? undefined : namespace)
    .filter(({ object }) => object.source.file !== BUILTIN_FILE);
  return workloads.length > 0
    ? workloads.map((workload) => peers.of(workload.namespace, workload.labels))
    : [peers.of(namespace, labels)];
}

/**
 * The rule by which clients everywhere send plain text to what a policy selects: to each Service of it, or, where
 * no Service is known, to the whole namespace. The narrower rule counts.
 */
function plainRule(snapshot: Snapshot, namespace: string, labels: Labels = {}): Rule | undefined {
  const { domain, rootNamespace } = snapshot.mesh;
  const suffix = `.${namespace}.svc.${domain}`;
  const wide: Rule[] = [];
  const specific = new Map<string, Rule>();
  for (const rule of snapshot.list('networking.istio.io/DestinationRule')) {
    const home = snapshot.namespaceOf(rule);
    const { host = '', exportTo = ['*'] } = rule.value.spec ?? {};
    const hostname = fullHostname(host, home, domain);
    if ((home !== namespace && home !== rootNamespace) || !exportTo.includes('*')) continue;
    if (hostname === `*${suffix}`) wide.unshift(rule);
    else if (hostCovers(hostname, `*.svc.${domain}`)) wide.push(rule);
    else if (hostname.endsWith(suffix)) specific.set(hostname, rule);
  }
  const services = snapshot.services.all.filter(
    (service) =>
      service.namespace === namespace &&
      service.selector !== undefined &&
      Object.keys(labels).length > 0 &&
      matchesLabels(service.selector, labels),
  );
  if (services.length === 0 && specific.size > 0) return undefined;
  const nearest =
    services.length === 0 ? [wide[0]] : services.map(({ hostname }) => specific.get(hostname) ?? wide[0]);
  return nearest.every((rule) => rule?.value.spec?.trafficPolicy?.tls?.mode === 'DISABLE')
    ? nearest[0]
    : undefined;
}

/** Some rule makes clients of services of the namespace use mutual TLS. */
function hasMutualTLSRule(snapshot: Snapshot, namespace: string): boolean {
  const { domain, rootNamespace } = snapshot.mesh;
  return snapshot.list('networking.istio.io/DestinationRule').some((rule) => {
    const { host = '', trafficPolicy = {}, subsets = [] } = rule.value.spec ?? {};
    const isForNamespace =
      namespace === rootNamespace ||
      (host.includes('.')
        ? hostsOverlap(host, `*.${namespace}.svc.${domain}`)
        : snapshot.namespaceOf(rule) === namespace);
    const modes = [trafficPolicy, ...subsets.map((subset) => subset.trafficPolicy ?? {})].flatMap(
      (policy) => [policy.tls?.mode, ...(policy.portLevelSettings ?? []).map(({ tls }) => tls?.mode)],
    );
    return isForNamespace && modes.some((mode) => mode === 'ISTIO_MUTUAL' || mode === 'MUTUAL');
  });
}
