/** Principals of AuthorizationPolicies: service accounts that exist, of trust domains that the mesh knows. */

import type { KindTypes } from '../../../api/generated/kind-types.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { MeshObject } from '../../../config/object.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import { WORKLOAD_KINDS } from '../../../model/workloads.ts';
import type { AnalysisContext, Analyzer } from '../../analyzer.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';

type Policy = MeshObject<KindTypes['security.istio.io/AuthorizationPolicy']>;

/** Stands for the mesh's own trust domain, whatever that is called. */
const OWN_DOMAIN = 'cluster.local';
/** Every namespace has it. */
const DEFAULT_ACCOUNT = 'default';

export const analyzer: Analyzer = {
  name: 'authorizationpolicy.PrincipalAnalyzer',
  summary: 'Principals of AuthorizationPolicies are service accounts of the mesh',
  reads: [...WORKLOAD_KINDS, 'core/ServiceAccount', 'security.istio.io/AuthorizationPolicy'],
  messages: [MESH_MESSAGES.PrincipalNotFound, MESH_MESSAGES.ForeignTrustDomain],
  analyze(context) {
    const { snapshot } = context;
    const accounts = accountsByNamespace(snapshot);
    for (const object of snapshot.list('security.istio.io/AuthorizationPolicy')) {
      for (const { path, principal } of principalsOf(object)) {
        checkPrincipal(context, object, path, principal, accounts);
      }
    }
  },
};

function checkPrincipal(
  { snapshot, report }: AnalysisContext,
  object: Policy,
  path: FieldPath,
  principal: string,
  accounts: ReadonlyMap<string, ReadonlySet<string>>,
): void {
  const [domain = '', ns, namespace = '', sa, account = '', ...rest] = principal.split('/');
  if (ns !== 'ns' || sa !== 'sa' || rest.length > 0) return;
  const { trustDomain, trustDomainAliases = [] } = snapshot.mesh.config;
  // Files without the mesh's settings do not tell its trust domain.
  if (trustDomain !== undefined && trustDomain !== '' && !domain.includes('*')) {
    if (![trustDomain, OWN_DOMAIN, ...trustDomainAliases].includes(domain)) {
      report(MESH_MESSAGES.ForeignTrustDomain, object, path, { domain, own: trustDomain });
      return;
    }
  }
  if (namespace.includes('*') || account.includes('*')) return;
  const known = accounts.get(namespace);
  if (known === undefined || known.has(account)) return;
  report(MESH_MESSAGES.PrincipalNotFound, object, path, { namespace, account, principal });
}

/**
 * Accounts of each namespace of which the input has some: those that are there, and those that pods run as.
 * The accounts of an installation count only when they are in the input too.
 */
function accountsByNamespace(snapshot: Snapshot): ReadonlyMap<string, ReadonlySet<string>> {
  const accounts = new Map<string, Set<string>>();
  for (const object of snapshot.list('core/ServiceAccount')) {
    const namespace = snapshot.namespaceOf(object);
    const known = accounts.get(namespace);
    if (known === undefined) accounts.set(namespace, new Set([DEFAULT_ACCOUNT, object.meta.name]));
    else known.add(object.meta.name);
  }
  for (const { namespace, spec } of snapshot.workloads.all) {
    if (spec.serviceAccountName !== undefined) accounts.get(namespace)?.add(spec.serviceAccountName);
  }
  return accounts;
}

/** Principals that rules name in `from` and in conditions. */
function principalsOf(object: Policy): { path: FieldPath; principal: string }[] {
  const listed = (at: FieldPath, principals: readonly string[] = []) =>
    principals.map((principal, index) => ({ path: [...at, index], principal }));
  return (object.value.spec?.rules ?? []).flatMap(({ from = [], when = [] }, rule) => [
    ...from.flatMap(({ source = {} }, index) => {
      const at = ['spec', 'rules', rule, 'from', index, 'source'];
      return [
        ...listed([...at, 'principals'], source.principals),
        ...listed([...at, 'notPrincipals'], source.notPrincipals),
      ];
    }),
    ...when.flatMap(({ key, values, notValues }, index) => {
      if (key !== 'source.principal') return [];
      const at = ['spec', 'rules', rule, 'when', index];
      return [...listed([...at, 'values'], values), ...listed([...at, 'notValues'], notValues)];
    }),
  ]);
}
