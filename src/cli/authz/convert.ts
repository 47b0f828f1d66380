/** The RBAC objects of Istio up to 1.5 as AuthorizationPolicies that decide the same. */

import type { KindTypes } from '../../api/generated/kind-types.ts';
import { MeshError } from '../../base/mesh-error.ts';
import type { MeshObject } from '../../config/object.ts';
import type { MeshService } from '../../model/services.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import {
  type AccessRule,
  type Condition,
  conditionsOfSubject,
  type Operation,
  operationOf,
} from './convert-rule.ts';

type Role = MeshObject<KindTypes['rbac.istio.io/ServiceRole']>;
type Binding = MeshObject<KindTypes['rbac.istio.io/ServiceRoleBinding']>;
type Config = NonNullable<KindTypes['rbac.istio.io/ClusterRbacConfig']['spec']>;

interface Rule {
  readonly to?: readonly { readonly operation: Operation }[];
  readonly when?: readonly Condition[];
}

export interface AuthorizationPolicy {
  readonly apiVersion: 'security.istio.io/v1';
  readonly kind: 'AuthorizationPolicy';
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly selector?: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly rules?: readonly Rule[];
  };
}

export interface Converted {
  readonly policies: readonly AuthorizationPolicy[];
  readonly notes: readonly string[];
}

/**
 * One policy for each service that is protected, which lets through what its roles and bindings do, and those that
 * let nothing else through where whole namespaces or the mesh are protected. Throws a `MeshError` for what has no
 * counterpart.
 */
export function convertRbac(snapshot: Snapshot): Converted {
  const config = configOf(snapshot);
  const notes: string[] = [];
  if (config.mode === undefined || config.mode === 'OFF') {
    return { policies: [], notes: ['the mode is OFF: nothing is enforced, so that nothing is converted'] };
  }
  if (config.enforcementMode === 'PERMISSIVE') {
    return { policies: [], notes: ['the enforcementMode is PERMISSIVE: nothing is enforced'] };
  }
  const services = snapshot.services.all.filter(({ origin }) => origin === 'Service');
  const policies = [...widePolicies(config, snapshot)];
  for (const service of services) {
    if (!isProtected(config, service)) {
      if (config.mode === 'ON_WITH_EXCLUSION' && !isInNamespaces(config.exclusion?.namespaces, service)) {
        policies.push(policyOf(service, 'allow-all', [{}]));
      }
      continue;
    }
    policies.push(policyOf(service, 'rbac', rulesOf(service, snapshot, notes)));
  }
  const named = [...(config.inclusion?.services ?? []), ...(config.exclusion?.services ?? [])];
  for (const host of named.filter((one) => !services.some(({ hostname }) => hostname === one))) {
    notes.push(`the service ${host} is not in the input, so that nothing is converted for it`);
  }
  return { policies, notes };
}

function configOf(snapshot: Snapshot): Config {
  const cluster = snapshot.list('rbac.istio.io/ClusterRbacConfig');
  const older = snapshot.list('rbac.istio.io/RbacConfig');
  const found = [...cluster, ...older].find(({ meta }) => meta.name === 'default');
  if (found !== undefined) return found.value.spec ?? {};
  throw new MeshError(
    'NothingFound',
    'there is no ClusterRbacConfig or RbacConfig named "default" in the input',
    {
      hint: 'It says what is protected: without it nothing is enforced.',
    },
  );
}

function isProtected({ mode, inclusion, exclusion }: Config, service: MeshService): boolean {
  const isNamed = (target: Config['inclusion']): boolean =>
    isInNamespaces(target?.namespaces, service) || (target?.services ?? []).includes(service.hostname);
  switch (mode) {
    case 'ON':
      return true;
    case 'ON_WITH_INCLUSION':
      return isNamed(inclusion);
    case 'ON_WITH_EXCLUSION':
      return !isNamed(exclusion);
    case 'OFF':
    case undefined:
      return false;
  }
}

function isInNamespaces(namespaces: readonly string[] | undefined, { namespace }: MeshService): boolean {
  return (namespaces ?? []).includes(namespace);
}

/** What is not a service of the input is protected, or left alone, as well. */
function widePolicies(config: Config, { mesh }: Snapshot): readonly AuthorizationPolicy[] {
  const wide = (name: string, namespace: string, rules?: readonly Rule[]): AuthorizationPolicy => ({
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name, namespace },
    spec: rules === undefined ? {} : { rules },
  });
  if (config.mode === 'ON_WITH_INCLUSION') {
    return (config.inclusion?.namespaces ?? []).map((namespace) => wide('rbac-allow-nothing', namespace));
  }
  const open = (config.exclusion?.namespaces ?? []).map((namespace) =>
    wide('rbac-allow-all', namespace, [{}]),
  );
  return [
    wide('rbac-allow-nothing', mesh.rootNamespace),
    ...(config.mode === 'ON_WITH_EXCLUSION' ? open : []),
  ];
}

/** Without rules nothing is let through. */
function policyOf(service: MeshService, suffix: string, rules: readonly Rule[]): AuthorizationPolicy {
  const { selector, namespace, object, hostname } = service;
  if (selector === undefined) {
    throw new MeshError(
      'CannotConvert',
      `the service ${hostname} selects no workloads that a policy could be for`,
    );
  }
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name: `${object.meta.name}-${suffix}`, namespace },
    spec: { selector: { matchLabels: selector }, ...(rules.length > 0 && { rules }) },
  };
}

/** Each way of calling that a role allows, for each subject that is bound to the role. */
function rulesOf(service: MeshService, snapshot: Snapshot, notes: string[]): readonly Rule[] {
  const inNamespace = <One extends MeshObject>(one: One): boolean =>
    snapshot.namespaceOf(one) === service.namespace;
  const roles = snapshot.list('rbac.istio.io/ServiceRole').filter(inNamespace);
  return snapshot
    .list('rbac.istio.io/ServiceRoleBinding')
    .filter(inNamespace)
    .flatMap((binding) => {
      if (binding.value.spec?.mode === 'PERMISSIVE') {
        notes.push(`ServiceRoleBinding ${service.namespace}/${binding.meta.name} is PERMISSIVE and left out`);
        return [];
      }
      const subjects = (binding.value.spec?.subjects ?? []).map((subject) =>
        conditionsOfSubject(subject, placeOf(binding, service)),
      );
      return accessRules(binding, roles)
        .filter(({ services }) => (services ?? []).some((pattern) => matches(pattern, service.hostname)))
        .flatMap((access) => {
          const { operation, conditions } = operationOf(access, placeOf(binding, service));
          return subjects.map((own) => ruleOf(operation, [...conditions, ...own]));
        });
    });
}

function accessRules(binding: Binding, roles: readonly Role[]): readonly AccessRule[] {
  const { roleRef, role, actions = [] } = binding.value.spec ?? {};
  const name = roleRef?.name ?? role;
  const named = roles.find(({ meta }) => meta.name === name)?.value.spec?.rules ?? [];
  return [...actions, ...named];
}

function ruleOf(operation: Operation, when: readonly Condition[]): Rule {
  const isAny = Object.keys(operation).length === 0;
  return { ...(!isAny && { to: [{ operation }] }), ...(when.length > 0 && { when }) };
}

/** A whole name, or one with `*` at its start or end. */
function matches(pattern: string, host: string): boolean {
  if (pattern === '*') return true;
  if (pattern.startsWith('*')) return host.endsWith(pattern.slice(1));
  return pattern.endsWith('*') ? host.startsWith(pattern.slice(0, -1)) : pattern === host;
}

function placeOf(object: MeshObject, { namespace }: MeshService): string {
  return `${object.kind} ${namespace}/${object.meta.name}`;
}
