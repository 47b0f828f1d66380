/** A description for people, in the words that istioctl has for it. */

import type { RuleDescription } from './destination-rule.ts';
import type { Description, ServiceDescription, WorkloadDescription } from './description.ts';
import type { RouteDescription } from './routes.ts';

const RULER = '--------------------';

export function describeText(description: Description, ignoreUnmeshed: boolean): string {
  const { workload, services, workloads } = description;
  const lines = [
    ...(workload === undefined ? [] : workloadLines(workload, ignoreUnmeshed)),
    ...(workload !== undefined && services.length === 0 && !ignoreUnmeshed
      ? [`Warning: No Kubernetes Services select ${workload.kind.toLowerCase()} ${workload.name}`]
      : []),
    ...services.flatMap((service, index) => [
      ...(workload !== undefined || index > 0 ? [RULER] : []),
      ...serviceLines(service),
    ]),
    ...(workloads !== undefined && workloads.length === 0
      ? [`   Service "${services[0]?.name}" has no pods.`]
      : []),
    ...(workload === undefined ? [] : [RULER, ...policyLines(workload)]),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function workloadLines(workload: WorkloadDescription, ignoreUnmeshed: boolean): readonly string[] {
  const { kind, name, namespace, revision, ports, isMeshed, warnings } = workload;
  const shown = ports.map(
    ({ port, protocol, container }) => `${port}${protocol === 'TCP' ? '' : `/${protocol}`} (${container})`,
  );
  return [
    `${kind}: ${name}.${namespace}`,
    `   ${kind} Revision: ${revision === '' ? '<none>' : revision}`,
    shown.length === 0 ? `   ${kind} does not expose ports` : `   ${kind} Ports: ${shown.join(', ')}`,
    ...(isMeshed || ignoreUnmeshed
      ? []
      : [`WARNING: ${name}.${namespace} is not part of mesh; no Istio sidecar`]),
    ...warnings.map((warning) => `WARNING: ${warning}`),
  ];
}

function serviceLines(service: ServiceDescription): readonly string[] {
  return [
    `Service: ${service.name}.${service.namespace}`,
    ...service.ports.flatMap(({ name, number, protocol, targetPort, mutualTls }) => [
      `   Port: ${name === '' ? '<unnamed>' : name} ${number}/${protocol} targets pod port ${targetPort}`,
      ...mutualTls.map(
        ({ mode, policy }) => `      mTLS mode: ${mode}${policy === '' ? '' : ` (${policy})`}`,
      ),
    ]),
    ...(service.destinationRule === undefined ? [] : ruleLines(service.destinationRule)),
    ...service.virtualServices.flatMap(routeLines),
  ];
}

function ruleLines(rule: RuleDescription): readonly string[] {
  const { matchingSubsets, otherSubsets, policy, portPolicies } = rule;
  const parts = (all: readonly string[]): readonly string[] =>
    all.length === 0 ? [] : [`Policies: ${all.join('/')}`];
  return [
    `DestinationRule: ${rule.name}.${rule.namespace} for "${rule.host}"`,
    ...(matchingSubsets.length === 0 && otherSubsets.length > 0
      ? [`   WARNING POD DOES NOT MATCH ANY SUBSETS.  (Non matching subsets ${otherSubsets.join(',')})`]
      : []),
    ...(matchingSubsets.length > 0 ? [`   Matching subsets: ${matchingSubsets.join(',')}`] : []),
    ...(matchingSubsets.length > 0 && otherSubsets.length > 0
      ? [`      (Non-matching subsets ${otherSubsets.join(',')})`]
      : []),
    ...(policy === undefined ? ['   No Traffic Policy'] : []),
    ...(policy?.tls === undefined ? [] : [`   Traffic Policy TLS Mode: ${policy.tls}`]),
    ...parts(policy?.parts ?? []).map((line) => `   ${line}`),
    ...(portPolicies.length === 0 ? [] : ['   Port Level Settings:']),
    ...portPolicies.flatMap(({ port, tls, parts: all }) => [
      `      ${port}:`,
      ...(tls === undefined ? [] : [`         TLS Mode: ${tls}`]),
      ...parts(all).map((line) => `         ${line}`),
    ]),
  ];
}

function routeLines(one: RouteDescription): readonly string[] {
  const { routes, warnings, otherRoutes } = one;
  const gateways = one.gateways.filter((gateway) => gateway !== 'mesh');
  return [
    `VirtualService: ${one.name}.${one.namespace}`,
    ...routes.map((route) => `   ${route}`),
    ...warnings.map((warning) => `   WARNING: ${warning}`),
    ...(routes.length === 0 && warnings.length === 0
      ? ['   WARNING: No destinations match this service']
      : []),
    ...(otherRoutes === 0 ? [] : [`   ${otherRoutes} additional route(s) that do not lead here`]),
    ...(gateways.length === 0
      ? []
      : [`   Exposed by Gateway ${gateways.join(', ')} for ${one.hosts.join(', ')}`]),
  ];
}

function policyLines(workload: WorkloadDescription): readonly string[] {
  const { peerAuthentication, requestAuthentications, authorizationPolicies } = workload;
  const named = (title: string, names: readonly string[]): readonly string[] =>
    names.length === 0 ? [] : [title, ...names.map((name) => `   ${name}`)];
  return [
    'Effective PeerAuthentication:',
    `   Workload mTLS mode: ${peerAuthentication.mode}`,
    ...named('Applied PeerAuthentication:', peerAuthentication.applied),
    ...named('RequestAuthentication:', requestAuthentications),
    ...named(
      'RBAC policies:',
      authorizationPolicies.map(({ name, action }) => `${name} (${action})`),
    ),
  ];
}
