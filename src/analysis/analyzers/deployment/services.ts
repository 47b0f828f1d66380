/** Services of one Deployment: what one takes a port for, the others must not take for something else. */

import { isHttp, isTls, protocolOfName } from '../../../base/protocol.ts';
import { isMadeForWaypoint } from '../../../model/control-plane.ts';
import { hasSidecar } from '../../../model/membership.ts';
import { matchesLabels } from '../../../model/selectors.ts';
import type { MeshService, MeshServicePort } from '../../../model/services.ts';
import { isSystemNamespace } from '../../../model/system-namespaces.ts';
import { WORKLOAD_KINDS, type Workload } from '../../../model/workloads.ts';
import type { AnalysisContext, Analyzer } from '../../analyzer.ts';
import { BUILTIN_FILE } from '../../builtin-gateway.ts';
import { MESSAGES } from '../../catalogue.ts';
import { groupBy } from '../group-by.ts';

/** A port of one of the services of a workload. */
interface Offer {
  readonly service: string;
  readonly port: MeshServicePort;
}

export const analyzer: Analyzer = {
  name: 'deployment.MultiServiceAnalyzer',
  summary: 'Services of a Deployment of the mesh agree on protocols and target ports',
  reads: [...WORKLOAD_KINDS, 'core/Namespace', 'core/Service', 'networking.istio.io/ServiceEntry'],
  messages: [MESSAGES.DeploymentAssociatedToMultipleServices, MESSAGES.DeploymentConflictingPorts],
  analyze(context) {
    const { snapshot } = context;
    const services = groupBy(
      snapshot.services.all.filter(
        ({ origin, object }) => origin === 'Service' && object.source.file !== BUILTIN_FILE,
      ),
      ({ namespace, selector = {} }) => labelKey(namespace, Object.entries(selector)[0]),
    );
    for (const workload of snapshot.workloads.all) {
      const { object, namespace } = workload;
      if (object.key !== 'apps/Deployment' || isSystemNamespace(namespace)) continue;
      if (isMadeForWaypoint(object.meta.labels) || !hasSidecar(snapshot, workload)) continue;
      const offers = Object.entries(workload.labels)
        .flatMap((label) => services.get(labelKey(namespace, label)) ?? [])
        .flatMap((service) => offersOf(service, workload));
      checkProtocols(context, workload, offers);
      checkTargets(context, workload, offers);
    }
  },
};

/** Services are found by the first label that they select by; those that select nothing are never found. */
function labelKey(namespace: string, label: readonly [string, string] | undefined): string {
  return label === undefined ? '' : `${namespace}|${label[0]}=${label[1]}`;
}

function offersOf({ object, ports, selector = {} }: MeshService, workload: Workload): Offer[] {
  if (!matchesLabels(selector, workload.labels)) return [];
  return ports.map((port) => ({ service: object.meta.name, port }));
}

/** Several services have the same port, as different protocols. */
function checkProtocols({ report }: AnalysisContext, { object }: Workload, offers: readonly Offer[]): void {
  for (const [port, same] of groupBy(offers, (offer) => offer.port.number)) {
    const services = namesOf(same);
    const transports = new Set(same.map((offer) => offer.port.protocol));
    const declared = new Set(
      same.map((offer) => declaredFamily(offer.port)).filter((family) => family !== undefined),
    );
    if (services.length < 2 || (transports.size < 2 && declared.size < 2)) continue;
    report(MESSAGES.DeploymentAssociatedToMultipleServices, object, ['metadata', 'name'], {
      port,
      deployment: object.meta.name,
      services,
    });
  }
}

/** How the proxy treats a port that says its protocol; undefined for one that says nothing. */
function declaredFamily({ name, appProtocol }: MeshServicePort): 'HTTP' | 'TLS' | 'TCP' | undefined {
  const protocol = protocolOfName(appProtocol ?? name);
  if (protocol === undefined || protocol === 'UDP') return undefined;
  if (isHttp(protocol)) return 'HTTP';
  return isTls(protocol) ? 'TLS' : 'TCP';
}

/** Several services lead to the same port of the pods, from different ports. */
function checkTargets(
  { report }: AnalysisContext,
  { object, spec }: Workload,
  offers: readonly Offer[],
): void {
  const numbers = new Map(
    (spec.containers ?? [])
      .flatMap(({ ports = [] }) => ports)
      .flatMap(({ name, containerPort }): [string, number][] =>
        name === undefined || containerPort === undefined ? [] : [[name, containerPort]],
      ),
  );
  const targetOf = ({ port }: Offer): string => {
    const { targetPort, number } = port;
    const target = typeof targetPort === 'string' ? (numbers.get(targetPort) ?? targetPort) : targetPort;
    return `${target === 0 || target === '' ? number : target}`;
  };
  const byTarget = groupBy(offers, (offer) => {
    const { protocol } = offer.port;
    return `${targetOf(offer)} ${protocol === 'UDP' || protocol === 'SCTP' ? protocol : 'TCP'}`;
  });
  for (const same of byTarget.values()) {
    const services = namesOf(same);
    const ports = [...new Set(same.map(({ port }) => port.number))].sort((a, b) => a - b);
    const first = same[0];
    if (first === undefined || services.length < 2 || ports.length < 2) continue;
    report(MESSAGES.DeploymentConflictingPorts, object, ['metadata', 'name'], {
      deployment: object.meta.name,
      services,
      target: targetOf(first),
      ports: ports.map(String),
    });
  }
}

function namesOf(offers: readonly Offer[]): readonly string[] {
  return [...new Set(offers.map(({ service }) => service))].sort();
}
