/** Where the requests to a service go: its endpoints, whatever kind of object names them. */

import type { KindTypes } from '../api/generated/kind-types.ts';
import type { MeshObject } from '../config/object.ts';
import type { EndpointAddress, EndpointObjects } from './endpoint-objects.ts';
import { type Labels, matchesLabels } from './selectors.ts';
import type { MeshService, MeshServicePort } from './services.ts';

export type ServiceEntrySpec = NonNullable<KindTypes['networking.istio.io/ServiceEntry']['spec']>;
type InlineEndpoint = NonNullable<ServiceEntrySpec['endpoints']>[number];

/** An endpoint of one port of a service. */
export interface ServiceEndpoint extends EndpointAddress {
  /** 0 for a Unix domain socket. */
  readonly port: number;
}

/** How the addresses of Unix domain sockets begin. */
const UNIX_PREFIX = 'unix://';

export class EndpointIndex {
  readonly #objects: EndpointObjects;
  readonly #cache = new Map<MeshService, Map<number, readonly ServiceEndpoint[]>>();

  constructor(objects: EndpointObjects) {
    this.#objects = objects;
  }

  /** Endpoints of one port, in a stable order. For names that DNS resolves, the names. */
  of(service: MeshService, port: MeshServicePort): readonly ServiceEndpoint[] {
    let ports = this.#cache.get(service);
    if (ports === undefined) this.#cache.set(service, (ports = new Map()));
    let found = ports.get(port.number);
    if (found === undefined) ports.set(port.number, (found = this.#find(service, port)));
    return found;
  }

  #find(service: MeshService, port: MeshServicePort): readonly ServiceEndpoint[] {
    const all =
      service.origin === 'Service'
        ? this.#ofKubernetes(service, port)
        : this.#ofEntry(
            service,
            port,
            service.object as MeshObject<KindTypes['networking.istio.io/ServiceEntry']>,
          );
    const seen = new Set<string>();
    return all.filter(({ address, port }) => {
      const id = `${address} ${port}`;
      return !seen.has(id) && seen.add(id);
    });
  }

  #ofKubernetes(service: MeshService, port: MeshServicePort): ServiceEndpoint[] {
    const { namespace, selector } = service;
    const slices = this.#objects.addressesOf(namespace, service.object.meta.name, port.name);
    if (selector === undefined) return [...slices];
    const entries = this.#objects
      .workloadEntries(namespace)
      .filter(({ labels }) => matchesLabels(selector, labels))
      .map((entry) => ({ ...entry, port: portOfEntry(entry.ports, port) }));
    return [...slices, ...entries];
  }

  #ofEntry(
    service: MeshService,
    port: MeshServicePort,
    object: MeshObject<KindTypes['networking.istio.io/ServiceEntry']>,
  ): ServiceEndpoint[] {
    const spec = object.value.spec ?? {};
    if (service.selector !== undefined) return this.#selected(service.selector, service.namespace, port);
    const inline = (spec.endpoints ?? []).flatMap(
      (endpoint) => inlineEndpoint(endpoint, service, port) ?? [],
    );
    if (inline.length > 0 || (spec.endpoints ?? []).length > 0) return inline;
    // Without endpoints DNS is asked for the host itself.
    if (service.resolution !== 'dns' && service.resolution !== 'dns-round-robin') return [];
    if (service.hostname.startsWith('*')) return [];
    return [inlineAddress({ address: service.hostname }, service, portOfEntry(undefined, port))];
  }

  #selected(selector: Labels, namespace: string, port: MeshServicePort): ServiceEndpoint[] {
    const entries = this.#objects
      .workloadEntries(namespace)
      .filter(({ labels }) => matchesLabels(selector, labels))
      .map((entry) => ({ ...entry, port: portOfEntry(entry.ports, port) }));
    const pods = this.#objects
      .pods(namespace)
      .filter(({ labels }) => matchesLabels(selector, labels))
      .map((pod) => ({ ...pod, port: portOfEntry(undefined, port) }));
    return [...entries, ...pods];
  }
}

/** The port that a workload listens on for a service's port: its own word first, then the service's. */
function portOfEntry(ports: Readonly<Record<string, number>> | undefined, port: MeshServicePort): number {
  const own = ports !== undefined && Object.hasOwn(ports, port.name) ? ports[port.name] : undefined;
  if (own !== undefined) return own;
  if (typeof port.targetPort === 'number') return port.targetPort;
  const named =
    ports !== undefined && Object.hasOwn(ports, port.targetPort) ? ports[port.targetPort] : undefined;
  return named ?? port.number;
}

function inlineEndpoint(
  endpoint: InlineEndpoint,
  service: MeshService,
  port: MeshServicePort,
): ServiceEndpoint | undefined {
  const address = endpoint.address ?? '';
  if (address === '') return undefined;
  if (address.startsWith(UNIX_PREFIX)) return inlineAddress(endpoint, service, 0);
  return inlineAddress(endpoint, service, portOfEntry(endpoint.ports, port));
}

function inlineAddress(endpoint: InlineEndpoint, service: MeshService, port: number): ServiceEndpoint {
  return {
    address: endpoint.address ?? '',
    port,
    labels: endpoint.labels ?? {},
    namespace: service.namespace,
    workload: service.object.meta.name,
    serviceAccount: endpoint.serviceAccount ?? '',
    locality: endpoint.locality ?? endpoint.labels?.['istio-locality'] ?? '',
    network: endpoint.network ?? '',
    weight: endpoint.weight ?? 1,
    ready: true,
  };
}
