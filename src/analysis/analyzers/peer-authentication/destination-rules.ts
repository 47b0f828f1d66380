/** What servers accept and what clients send must fit: PeerAuthentications and DestinationRules together. */

import type { KindTypes } from '../../../api/generated/kind-types.ts';
import type { MeshObject } from '../../../config/object.ts';
import { fullHostname, hostCovers } from '../../../model/hosts.ts';
import { hasSidecar, isAmbientNamespace } from '../../../model/membership.ts';
import {
  type PeerAuthentication,
  PeerPolicies,
  modeOf,
  type PeerPolicy,
  selectorOf,
} from '../../../model/peer-authentication.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import { WORKLOAD_KINDS } from '../../../model/workloads.ts';
import type { AnalysisContext, Analyzer } from '../../analyzer.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';

type Rule = MeshObject<KindTypes['networking.istio.io/DestinationRule']>;

export const analyzer: Analyzer = {
  name: 'peerauthentication.DestinationRuleAnalyzer',
  summary: 'PeerAuthentications and DestinationRules agree on mutual TLS',
  reads: [
    ...WORKLOAD_KINDS,
    'core/Namespace',
    'core/Service',
    'networking.istio.io/DestinationRule',
    'networking.istio.io/ServiceEntry',
    'security.istio.io/PeerAuthentication',
  ],
  messages: [
    MESH_MESSAGES.PlainTrafficToStrictWorkloads,
    MESH_MESSAGES.MissingMutualTLSRule,
    MESH_MESSAGES.MutualTLSToPlainWorkloads,
  ],
  analyze(context) {
    const rules = context.snapshot.list('networking.istio.io/DestinationRule');
    const peers = new PeerPolicies(context.snapshot);
    for (const rule of rules) if (tlsMode(rule) === 'DISABLE') checkPlainRule(context, peers, rule);
    for (const policy of context.snapshot.list('security.istio.io/PeerAuthentication')) {
      if (Object.keys(selectorOf(policy)).length > 0) continue;
      const mode = modeOf(policy);
      if (mode === 'STRICT') checkStrictPolicy(context, policy, rules);
      else if (mode === 'DISABLE') checkPlainPolicy(context, policy, rules);
    }
  },
};

function tlsMode(rule: Rule): string | undefined {
  return rule.value.spec?.trafficPolicy?.tls?.mode;
}

/** Whether a host stands for all services of the cluster, or all those of a namespace. */
function coversAll(host: string, domain: string, namespace?: string): boolean {
  return hostCovers(host, namespace === undefined ? `*.svc.${domain}` : `*.${namespace}.svc.${domain}`);
}

function checkPlainRule({ snapshot, report }: AnalysisContext, peers: PeerPolicies, rule: Rule): void {
  const { host = '' } = rule.value.spec ?? {};
  const policy = strictPolicyOf(snapshot, peers, rule, host);
  if (policy === undefined) return;
  report(MESH_MESSAGES.PlainTrafficToStrictWorkloads, rule, ['spec', 'trafficPolicy', 'tls', 'mode'], {
    host,
    policy: `${snapshot.namespaceOf(policy)}/${policy.meta.name}`,
  });
}

/** The policy by which everything that a rule's host stands for insists on mutual TLS. */
function strictPolicyOf(
  snapshot: Snapshot,
  peers: PeerPolicies,
  rule: Rule,
  host: string,
): PeerAuthentication | undefined {
  const { domain, rootNamespace } = snapshot.mesh;
  if (coversAll(host, domain)) return ifStrict(peers.of(rootNamespace));
  const suffix = `.svc.${domain}`;
  if (host.startsWith('*.') && host.endsWith(suffix)) {
    const namespace = host.slice(2, -suffix.length);
    if (namespace.includes('.') || !mayBeInMesh(snapshot, namespace)) return undefined;
    return ifStrict(peers.of(namespace));
  }
  const hostname = fullHostname(host, snapshot.namespaceOf(rule), domain);
  // Plain text is right for what has no sidecar, so only workloads that surely have one are judged.
  const workloads = snapshot.services
    .named(hostname)
    .flatMap(({ selector, namespace }) =>
      selector === undefined ? [] : snapshot.workloads.select(selector, namespace),
    );
  if (workloads.length === 0 || !workloads.every((workload) => hasSidecar(snapshot, workload)))
    return undefined;
  const policies = workloads.map(({ namespace, labels }) => peers.of(namespace, labels));
  return policies.every(({ hasOtherPorts, mode }) => mode === 'STRICT' && !hasOtherPorts)
    ? policies[0]?.from
    : undefined;
}

function ifStrict({ mode, from }: PeerPolicy): PeerAuthentication | undefined {
  return mode === 'STRICT' ? from : undefined;
}

/** Not known to be out of the mesh: a namespace that is not in the input may be in it. */
function mayBeInMesh(snapshot: Snapshot, namespace: string): boolean {
  const object = snapshot.find('core/Namespace', '', namespace);
  if (object === undefined || isAmbientNamespace(object.meta.labels)) return true;
  const { labels } = object.meta;
  if (labels['istio-injection'] === 'enabled' || (labels['istio.io/rev'] ?? '') !== '') return true;
  return snapshot.workloads.inNamespace(namespace).some((workload) => hasSidecar(snapshot, workload));
}

function checkStrictPolicy(
  { snapshot, report }: AnalysisContext,
  policy: PeerAuthentication,
  rules: readonly Rule[],
): void {
  if (snapshot.mesh.config.enableAutoMtls !== false) return;
  const { domain, rootNamespace } = snapshot.mesh;
  const namespace = snapshot.namespaceOf(policy);
  const scope = namespace === rootNamespace ? undefined : namespace;
  const mutual = rules.filter((rule) => ['ISTIO_MUTUAL', 'MUTUAL'].includes(tlsMode(rule) ?? ''));
  const hosts = mutual.map((rule) =>
    fullHostname(rule.value.spec?.host ?? '', snapshot.namespaceOf(rule), domain),
  );
  if (hosts.some((host) => coversAll(host, domain, scope))) return;
  const services = snapshot.services.all.filter(
    (service) => service.origin === 'Service' && service.namespace === scope,
  );
  const areAllCovered = services.every(({ hostname }) => hosts.some((host) => hostCovers(host, hostname)));
  if (services.length > 0 && areAllCovered) return;
  report(MESH_MESSAGES.MissingMutualTLSRule, policy, ['spec', 'mtls', 'mode'], {
    host: scope === undefined ? `*.svc.${domain}` : `*.${scope}.svc.${domain}`,
  });
}

function checkPlainPolicy(
  { snapshot, report }: AnalysisContext,
  policy: PeerAuthentication,
  rules: readonly Rule[],
): void {
  const { domain, rootNamespace } = snapshot.mesh;
  const namespace = snapshot.namespaceOf(policy);
  const hostOf = (rule: Rule): string => rule.value.spec?.host ?? '';
  const general = rules.filter((rule) => coversAll(hostOf(rule), domain));
  const own = rules.filter((rule) => hostOf(rule) === `*.${namespace}.svc.${domain}`);
  const nearest =
    namespace === rootNamespace || own.every((rule) => tlsMode(rule) === undefined) ? general : own;
  const rule = nearest.find((one) => tlsMode(one) === 'ISTIO_MUTUAL');
  if (rule === undefined) return;
  report(MESH_MESSAGES.MutualTLSToPlainWorkloads, policy, ['spec', 'mtls', 'mode'], {
    rule: `${snapshot.namespaceOf(rule)}/${rule.meta.name}`,
  });
}
