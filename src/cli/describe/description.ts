/** What of the configuration concerns a workload and its services, as data. */

import type { KindTypes } from '../../api/generated/kind-types.ts';
import type { MeshObject } from '../../config/object.ts';
import { hasSidecar, PROXY_CONTAINER } from '../../model/membership.ts';
import { PeerPolicies, selectorOf } from '../../model/peer-authentication.ts';
import { type Labels, matchesLabels } from '../../model/selectors.ts';
import { ServerAuthentication } from '../../model/server-authentication.ts';
import type { MeshService } from '../../model/services.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { containersOf, type Workload } from '../../model/workloads.ts';
import { type RuleDescription, describeRule } from './destination-rule.ts';
import { type RouteDescription, describeRoutes } from './routes.ts';

export interface ServiceDescription {
  readonly name: string;
  readonly namespace: string;
  readonly host: string;
  readonly ports: readonly {
    readonly name: string;
    readonly number: number;
    readonly protocol: string;
    /** A name that no container has stays a name. */
    readonly targetPort: number | string;
    /** What its workloads accept, and by which policy. */
    readonly mutualTls: readonly { readonly mode: string; readonly policy: string }[];
  }[];
  readonly destinationRule?: RuleDescription;
  readonly virtualServices: readonly RouteDescription[];
}

export interface WorkloadDescription {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly revision: string;
  readonly ports: readonly { readonly port: number; readonly protocol: string; readonly container: string }[];
  readonly isMeshed: boolean;
  readonly warnings: readonly string[];
  readonly peerAuthentication: { readonly mode: string; readonly applied: readonly string[] };
  readonly requestAuthentications: readonly string[];
  readonly authorizationPolicies: readonly { readonly name: string; readonly action: string }[];
}

export interface Description {
  readonly workload?: WorkloadDescription;
  readonly services: readonly ServiceDescription[];
  /** Workloads behind the service, for one of these. */
  readonly workloads?: readonly string[];
}

/** A workload and the services that select it. */
export function describeWorkload(snapshot: Snapshot, workload: Workload): Description {
  const services = snapshot.services.all.filter(
    ({ namespace, selector }) =>
      namespace === workload.namespace && selector !== undefined && matchesLabels(selector, workload.labels),
  );
  return {
    workload: workloadPart(snapshot, workload),
    services: services.map((service) => describeOne(snapshot, service, [workload])),
  };
}

/** A service and the workloads behind it. */
export function describeService(snapshot: Snapshot, service: MeshService): Description {
  const { selector, namespace } = service;
  const workloads = selector === undefined ? [] : snapshot.workloads.select(selector, namespace);
  return {
    services: [describeOne(snapshot, service, workloads)],
    workloads: workloads.map(({ object }) => `${object.kind} ${object.meta.name}`),
  };
}

function describeOne(
  snapshot: Snapshot,
  service: MeshService,
  workloads: readonly Workload[],
): ServiceDescription {
  const client = { namespace: service.namespace, labels: {} };
  const rule = snapshot.destinationRules.find(service.hostname, service.namespace, client);
  const described = rule === undefined ? undefined : describeRule(rule, workloads);
  const servers = new ServerAuthentication(snapshot);
  return {
    name: service.object.meta.name,
    namespace: service.namespace,
    host: service.hostname,
    ports: service.ports.map((port) => ({
      name: port.name,
      number: port.number,
      protocol: port.speaks ?? 'auto-detect',
      targetPort: targetPort(port.targetPort, workloads),
      mutualTls: servers.of(service, port).map(({ mode, from }) => ({
        mode,
        policy: from === undefined ? '' : objectName(from, snapshot),
      })),
    })),
    ...(described !== undefined && { destinationRule: described }),
    virtualServices: describeRoutes(snapshot, service, described),
  };
}

function targetPort(target: number | string, workloads: readonly Workload[]): number | string {
  if (typeof target === 'number') return target;
  const ports = workloads.flatMap(({ spec }) =>
    containersOf(spec).flatMap((container) => container.ports ?? []),
  );
  return ports.find(({ name }) => name === target)?.containerPort ?? target;
}

function workloadPart(snapshot: Snapshot, workload: Workload): WorkloadDescription {
  const { object, namespace, labels, annotations, spec } = workload;
  const policy = new PeerPolicies(snapshot).of(namespace, labels);
  return {
    kind: object.kind,
    name: object.meta.name,
    namespace,
    revision: labels['istio.io/rev'] ?? annotations['istio.io/rev'] ?? '',
    ports: (spec.containers ?? []).flatMap(({ name: container = '', ports = [] }) =>
      ports.map(({ containerPort = 0, protocol = 'TCP' }) => ({ port: containerPort, protocol, container })),
    ),
    isMeshed: hasSidecar(snapshot, workload),
    warnings: warningsOf(workload),
    peerAuthentication: {
      mode: policy.mode,
      applied: applying(snapshot, 'security.istio.io/PeerAuthentication', workload, (one) =>
        selectorOf(one),
      ).map((one) => objectName(one, snapshot)),
    },
    requestAuthentications: applying(
      snapshot,
      'security.istio.io/RequestAuthentication',
      workload,
      (one) => one.value.spec?.selector?.matchLabels ?? {},
    ).map((one) => objectName(one, snapshot)),
    authorizationPolicies: applying(
      snapshot,
      'security.istio.io/AuthorizationPolicy',
      workload,
      (one) => one.value.spec?.selector?.matchLabels ?? {},
    ).map((one) => ({ name: objectName(one, snapshot), action: one.value.spec?.action ?? 'ALLOW' })),
  };
}

/** The identity that the proxy runs as, whose traffic is not redirected. */
const PROXY_UID = 1337;

function warningsOf({ object, namespace, spec, labels }: Workload): readonly string[] {
  const { status } = object.value as { status?: { phase?: unknown; containerStatuses?: unknown } };
  const statuses = Array.isArray(status?.containerStatuses) ? status.containerStatuses : [];
  const title = `${object.kind} ${object.meta.name}.${namespace}`;
  const isReserved =
    spec.securityContext?.runAsUser === PROXY_UID ||
    (spec.containers ?? []).some(
      ({ name, securityContext }) => name !== PROXY_CONTAINER && securityContext?.runAsUser === PROXY_UID,
    );
  return [
    ...(typeof status?.phase === 'string' && status.phase !== 'Running'
      ? [`${title} is not Running (${status.phase})`]
      : []),
    ...statuses
      .filter((one: { ready?: unknown }) => one.ready === false)
      .map((one: { name?: unknown }) => `${title} Container ${String(one.name)} NOT READY`),
    ...(isReserved ? ['User ID (UID) 1337 is reserved for the sidecar proxy.'] : []),
    ...(hasName(labels, ['service.istio.io/canonical-name', 'app.kubernetes.io/name', 'app'])
      ? []
      : ['no label app: telemetry has no name for the service']),
    ...(hasName(labels, ['service.istio.io/canonical-revision', 'app.kubernetes.io/version', 'version'])
      ? []
      : ['no label version: telemetry has no version of the service']),
  ];
}

function hasName(labels: Labels, names: readonly string[]): boolean {
  return names.some((name) => (labels[name] ?? '') !== '');
}

/** Policies of the workload's namespace and of the root namespace that select it, or that select nothing. */
function applying<Kind extends keyof KindTypes>(
  snapshot: Snapshot,
  kind: Kind,
  { namespace, labels }: Workload,
  selector: (object: MeshObject<KindTypes[Kind]>) => Labels,
): readonly MeshObject<KindTypes[Kind]>[] {
  const places = new Set([namespace, snapshot.mesh.rootNamespace]);
  return snapshot
    .list(kind)
    .filter((object) => places.has(snapshot.namespaceOf(object)) && matchesLabels(selector(object), labels));
}

export function objectName(object: MeshObject, snapshot: Snapshot): string {
  return `${snapshot.namespaceOf(object)}/${object.meta.name}`;
}
