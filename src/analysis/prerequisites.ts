/**
 * What pods and Services must be like to be part of a mesh, requirement by requirement.
 * https://istio.io/latest/docs/ops/deployment/application-requirements/
 */

import { protocolOfPort } from '../base/protocol.ts';
import type { KindTypes } from '../api/generated/kind-types.ts';
import { isControlPlane } from '../model/control-plane.ts';
import { PROXY_CONTAINER } from '../model/membership.ts';
import { matchesLabels } from '../model/selectors.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { isSystemNamespace } from '../model/system-namespaces.ts';
import { containersOf, type Workload } from '../model/workloads.ts';

export interface Requirement {
  /** `Ports of Services are named by their protocol`. */
  readonly title: string;
  readonly hint: string;
  /** What does not meet it, each with the object. */
  readonly problems: readonly string[];
  /** Whether it must be met, or only should. */
  readonly isStrict: boolean;
}

type Service = KindTypes['core/Service'] & {
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
};

/** Kinds that have to be in the snapshot. */
export const PREREQUISITE_KINDS = [
  'apps/DaemonSet',
  'apps/Deployment',
  'apps/StatefulSet',
  'core/Namespace',
  'core/Service',
] as const;

/** Ports of the sidecar itself. */
const PROXY_PORTS: ReadonlySet<number> = new Set([
  15_000, 15_001, 15_004, 15_006, 15_008, 15_009, 15_020, 15_021, 15_053, 15_090,
]);
const PROXY_USER = 1337;

/** Judges the workloads of these namespaces, or of all but those of Kubernetes and the control plane. */
export function prerequisites(snapshot: Snapshot, namespace?: string): readonly Requirement[] {
  const isMeant = (name: string): boolean =>
    namespace === undefined ? !isSystemNamespace(name) : name === namespace;
  const workloads = snapshot.workloads.all.filter(
    ({ object, namespace }) => isMeant(namespace) && !isControlPlane(object.meta.labels),
  );
  const services = snapshot
    .list('core/Service')
    .filter((object) => isMeant(snapshot.namespaceOf(object)) && !isControlPlane(object.meta.labels))
    .map((object) => ({
      value: object.value as Service,
      namespace: snapshot.namespaceOf(object),
      name: object.meta.name,
    }));
  const title = ({ object, namespace }: Workload): string =>
    `${object.kind} ${namespace}/${object.meta.name}`;
  const each = (judge: (workload: Workload) => readonly string[]): readonly string[] =>
    workloads.flatMap((workload) => judge(workload).map((words) => `${title(workload)}: ${words}`));
  const behind = ({ value }: (typeof services)[number], workload: Workload): boolean =>
    value.spec?.selector !== undefined && matchesLabels(value.spec.selector, workload.labels);

  return [
    {
      title: 'Ports of Services are named by their protocol',
      hint: 'Name them <protocol>[-<name>], as http-web, or set appProtocol.',
      isStrict: false,
      problems: services.flatMap(({ value, namespace, name }) =>
        (value.spec?.ports ?? []).flatMap(({ name: port, appProtocol, protocol, port: number }) =>
          protocolOfPort({ name: port, number, transport: protocol, appProtocol }) !== undefined
            ? []
            : [
                `Service ${namespace}/${name}: port ${number} is called ${port === undefined ? 'nothing' : `"${port}"`}`,
              ],
        ),
      ),
    },
    {
      title: 'Containers declare the ports that Services send to',
      hint: 'List them under ports of the container; what is not listed is not redirected by every setting.',
      isStrict: false,
      problems: each((workload) => {
        const declared = containersOf(workload.spec).flatMap(({ ports = [] }) => ports);
        return services
          .filter((service) => service.namespace === workload.namespace && behind(service, workload))
          .flatMap(({ value, name }) =>
            (value.spec?.ports ?? []).flatMap(({ port, targetPort = port }) =>
              declared.some((one) => one.containerPort === targetPort || one.name === targetPort)
                ? []
                : [`no container declares the port ${String(targetPort)} of Service ${name}`],
            ),
          );
      }),
    },
    {
      title: 'Every workload belongs to a Service',
      hint: 'Make a Service that selects its pods, even where nobody calls them.',
      isStrict: true,
      problems: each((workload) =>
        services.some((service) => service.namespace === workload.namespace && behind(service, workload))
          ? []
          : ['no Service selects its pods'],
      ),
    },
    {
      title: 'Pods have the labels app and version',
      hint: 'Telemetry tells workloads apart by them; app.kubernetes.io/name and app.kubernetes.io/version will do.',
      isStrict: false,
      problems: each(({ labels }) => {
        const has = (...names: readonly string[]): boolean =>
          names.some((name) => labels[name] !== undefined);
        return [
          ...(has('app', 'app.kubernetes.io/name', 'service.istio.io/canonical-name')
            ? []
            : ['no label app']),
          ...(has('version', 'app.kubernetes.io/version', 'service.istio.io/canonical-revision')
            ? []
            : ['no label version']),
        ];
      }),
    },
    {
      title: 'Pods may have the capabilities NET_ADMIN and NET_RAW',
      hint: 'Give the namespace the Pod Security level privileged, or redirect by a node plugin (values.pilot.cni.enabled).',
      isStrict: true,
      problems: snapshot.list('core/Namespace').flatMap(({ meta }) => {
        const level = meta.labels['pod-security.kubernetes.io/enforce'];
        const hasWorkloads = workloads.some((workload) => workload.namespace === meta.name);
        return hasWorkloads && (level === 'baseline' || level === 'restricted')
          ? [`Namespace ${meta.name}: the Pod Security level ${level} refuses them`]
          : [];
      }),
    },
    {
      title: 'No application runs as the user 1337',
      hint: 'What that user sends goes past the sidecar; choose another runAsUser.',
      isStrict: true,
      problems: each(({ spec }) => [
        ...(spec.securityContext?.runAsUser === PROXY_USER ? ['the pod runs as 1337'] : []),
        ...(spec.containers ?? []).flatMap(({ name, securityContext }) =>
          name !== PROXY_CONTAINER && securityContext?.runAsUser === PROXY_USER
            ? [`the container ${name} runs as 1337`]
            : [],
        ),
      ]),
    },
    {
      title: 'No application uses a port of the sidecar',
      hint: 'Move it: 15000, 15001, 15004, 15006, 15008, 15009, 15020, 15021, 15053 and 15090 are taken.',
      isStrict: true,
      problems: each(({ spec }) =>
        containersOf(spec).flatMap(({ name, ports = [] }) =>
          name === PROXY_CONTAINER
            ? []
            : ports.flatMap(({ containerPort }) =>
                containerPort !== undefined && PROXY_PORTS.has(containerPort)
                  ? [`the container ${name} listens on ${containerPort}`]
                  : [],
              ),
        ),
      ),
    },
  ];
}
