/** Hosts and ports that routes send to: each must be a service that the VirtualService can see. */

import type { MeshObject } from '../../../config/object.ts';
import type { KindTypes } from '../../../api/generated/kind-types.ts';
import { fullHostname, parseServiceHostname } from '../../../model/hosts.ts';
import { knowsServicesOf } from '../../../model/services.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import { viewersOf } from '../../../model/visibility.ts';
import { type RouteDestination, destinationsOf } from '../../../model/virtual-service.ts';
import type { AnalysisContext, Analyzer } from '../../analyzer.ts';
import { BUILTIN_FILE } from '../../builtin-gateway.ts';
import { MESSAGES } from '../../catalogue.ts';

type VirtualService = MeshObject<KindTypes['networking.istio.io/VirtualService']>;

export const analyzer: Analyzer = {
  name: 'virtualservice.DestinationHostAnalyzer',
  summary: 'Destinations of a VirtualService are services with the ports that it names',
  reads: ['core/Service', 'networking.istio.io/ServiceEntry', 'networking.istio.io/VirtualService'],
  needs: [['core/Service', 'networking.istio.io/ServiceEntry']],
  about: ['networking.istio.io/VirtualService'],
  messages: [MESSAGES.ReferencedResourceNotFound, MESSAGES.VirtualServiceDestinationPortSelectorRequired],
  analyze(context) {
    const { snapshot } = context;
    const knowsServices = snapshot.services.all.some(
      ({ origin, object }) => origin === 'Service' && object.source.file !== BUILTIN_FILE,
    );
    for (const object of snapshot.list('networking.istio.io/VirtualService')) {
      for (const target of destinationsOf(object.value.spec ?? {})) {
        checkDestination(context, object, target, knowsServices);
      }
    }
  },
};

function checkDestination(
  context: AnalysisContext,
  object: VirtualService,
  target: RouteDestination,
  knowsServices: boolean,
): void {
  const { snapshot, report } = context;
  const { destination, mirror } = target;
  if (destination.host === undefined || destination.host === '') return;
  const namespace = snapshot.namespaceOf(object);
  const path = [...target.path, 'host'];
  const services = snapshot.services.lookupFor(
    destination.host,
    namespace,
    viewersOf(object.value.spec?.exportTo, namespace),
  );
  const service = services[0];
  if (service === undefined) {
    // Without any Service in the input, a name inside the cluster cannot be judged.
    const inCluster = clusterName(destination.host, namespace, snapshot);
    if (
      inCluster !== undefined &&
      !(knowsServices && knowsServicesOf(inCluster.namespace, snapshot.services, snapshot.mesh))
    )
      return;
    const hint = shortNameHint(destination.host, snapshot);
    report(
      MESSAGES.ReferencedResourceNotFound,
      object,
      path,
      { type: mirror ? 'mirror host' : 'host', name: destination.host },
      hint,
    );
    return;
  }
  const ports = [...new Set(services.flatMap(({ ports: list }) => list.map(({ number }) => number)))];
  const number = destination.port?.number;
  if (number === undefined) {
    if (service.ports.length > 1) {
      report(MESSAGES.VirtualServiceDestinationPortSelectorRequired, object, path, {
        host: destination.host,
        ports: ports.map(String),
      });
    }
  } else if (!ports.includes(number) && service.externalName === undefined) {
    report(MESSAGES.ReferencedResourceNotFound, object, [...target.path, 'port', 'number'], {
      type: 'host:port',
      name: `${destination.host}:${number}`,
    });
  }
}

function clusterName(host: string, namespace: string, snapshot: Snapshot): { namespace: string } | undefined {
  const { domain } = snapshot.mesh;
  return parseServiceHostname(fullHostname(host, namespace, domain), domain);
}

/** `reviews.shop` is a full name to Istio, though people mean a service of another namespace. */
function shortNameHint(host: string, snapshot: Snapshot): string | undefined {
  const [name, namespace, ...rest] = host.split('.');
  if (
    name === undefined ||
    namespace === undefined ||
    !(rest.length === 0 || (rest.length === 1 && rest[0] === 'svc'))
  )
    return undefined;
  const full = fullHostname(name, namespace, snapshot.mesh.domain);
  return snapshot.services.named(full).length > 0 ? `Write ${full}.` : undefined;
}
