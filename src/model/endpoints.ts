/** Where the requests to a service go: its endpoints, whatever kind of object names them. */

import { isDeepStrictEqual } from 'node:util';
import type { KindTypes } from '../api/generated/kind-types.ts';
import type { MeshObject } from '../config/object.ts';
import {
  type EndpointAddress,
  type EndpointObjects,
  type Finding,
  entryEndsMeshTls,
} from './endpoint-objects.ts';
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

/** An endpoint, and the port of the service that it serves. */
export interface ServedEndpoint {
  readonly service: MeshService;
  readonly port: MeshServicePort;
  readonly endpoint: ServiceEndpoint;
}

/** The endpoints of a service's ports, and what they were made from. */
interface Known {
  readonly ports: ReadonlyMap<MeshServicePort, readonly ServiceEndpoint[]>;
  readonly findings: readonly Finding[];
  /** No other object speaks of the service, so that it hangs on its own one alone. */
  readonly alone: boolean;
}

const NOWHERE: readonly ServedEndpoint[] = [];

export class EndpointIndex {
  readonly #objects: EndpointObjects;
  readonly #services: readonly MeshService[];
  readonly #known = new Map<MeshService, Known>();
  /** What was known in the state before; it has to be looked at before it counts. */
  #earlier: ReadonlyMap<MeshService, Known> | undefined;
  #byAddress: ReadonlyMap<string, readonly ServedEndpoint[]> | undefined;
  /** Services that several objects of a namespace define, by both. */
  #shared: ReadonlyMap<string, readonly MeshService[]> | undefined;
  #earlierByAddress: ReadonlyMap<string, readonly ServedEndpoint[]> | undefined;

  /** `before` lends what still holds; `objects` must be made after its objects. */
  constructor(objects: EndpointObjects, services: readonly MeshService[], before?: EndpointIndex) {
    this.#objects = objects;
    this.#services = services;
    if (before === undefined) return;
    this.#earlier = before.#known;
    this.#earlierByAddress = before.#byAddress;
  }

  get objects(): EndpointObjects {
    return this.#objects;
  }

  /** Endpoints of one port, in a stable order; the same list as long as they stay the same. For names that DNS resolves, the names. */
  of(service: MeshService, port: MeshServicePort): readonly ServiceEndpoint[] {
    return this.#knownOf(service).ports.get(port) ?? [];
  }

  /** What is served at an address, in the order of the services; the same list as long as it stays the same. */
  at(address: string): readonly ServedEndpoint[] {
    this.#byAddress ??= this.#buildByAddress();
    return this.#byAddress.get(address) ?? NOWHERE;
  }

  #knownOf(service: MeshService): Known {
    let known = this.#known.get(service);
    if (known === undefined) this.#known.set(service, (known = this.#renew(service)));
    return known;
  }

  #renew(service: MeshService): Known {
    const earlier = this.#earlier?.get(service);
    this.#shared ??= sharedNames(this.#services);
    const all = this.#shared.get(nameOf(service)) ?? [service];
    const alone = all.length === 1;
    if (alone && earlier?.alone === true && this.#objects.finds(earlier.findings)) return earlier;
    const { result, findings } = this.#objects.record(
      () => new Map(service.ports.map((port) => [port, this.#findAll(all, service, port)])),
    );
    const ports = new Map(
      [...result].map(([port, endpoints]) => {
        const known = earlier?.ports.get(port);
        return [port, known !== undefined && isDeepStrictEqual(known, endpoints) ? known : endpoints];
      }),
    );
    return { ports, findings, alone };
  }

  #buildByAddress(): ReadonlyMap<string, readonly ServedEndpoint[]> {
    const earlier = this.#earlierByAddress;
    this.#earlierByAddress = undefined;
    if (earlier === undefined) return servedIn(this.#services.map((one) => [one, this.#knownOf(one)]));
    // Addresses where something has changed: of services that are new, gone, or have other endpoints.
    const touched = new Set<string>();
    const touch = (known: Known): void => {
      for (const endpoints of known.ports.values()) for (const { address } of endpoints) touched.add(address);
    };
    const now = new Set(this.#services);
    for (const service of this.#services) {
      const before = this.#earlier?.get(service);
      const known = this.#knownOf(service);
      if (before !== undefined && isSameEndpoints(before, known)) continue;
      if (before !== undefined) touch(before);
      touch(known);
    }
    for (const [service, before] of this.#earlier ?? []) if (!now.has(service)) touch(before);
    if (touched.size === 0) return earlier;
    const again = servedIn(
      this.#services.map((one) => [one, this.#knownOf(one)]),
      touched,
    );
    const found = new Map(earlier);
    for (const address of touched) {
      const [was, is] = [earlier.get(address), again.get(address)];
      if (is === undefined) found.delete(address);
      else if (was === undefined || !isSameServed(was, is)) found.set(address, is);
    }
    return found;
  }

  /** Of a service that several objects of a namespace define the endpoints of all, at the port of that name. */
  #findAll(
    all: readonly MeshService[],
    service: MeshService,
    port: MeshServicePort,
  ): readonly ServiceEndpoint[] {
    const found = all.flatMap((one) => {
      const same = one === service ? port : one.ports.find(({ name }) => name === port.name);
      return same === undefined ? [] : this.#find(one, same);
    });
    const seen = new Set<string>();
    return found.filter(({ address, port, labels }) => {
      // One that is named twice can be of two subsets.
      const id = `${address} ${port} ${JSON.stringify(labels)}`;
      return !seen.has(id) && seen.add(id);
    });
  }

  #find(service: MeshService, port: MeshServicePort): readonly ServiceEndpoint[] {
    return service.origin === 'Service'
      ? this.#ofKubernetes(service, port)
      : this.#ofEntry(
          service,
          port,
          service.object as MeshObject<KindTypes['networking.istio.io/ServiceEntry']>,
        );
  }

  #ofKubernetes(service: MeshService, port: MeshServicePort): ServiceEndpoint[] {
    const { namespace, selector } = service;
    const slices = this.#objects.addressesOf(namespace, service.object.meta.name, port.name);
    if (selector === undefined) return [...slices];
    const entries = this.#objects
      .workloadEntries(namespace)
      .filter(({ labels }) => matchesLabels(selector, labels))
      .map((entry) => ({ ...entry, port: portAt(entry, port) }));
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
      .map((entry) => ({ ...entry, port: portAt(entry, port) }));
    const pods = this.#objects
      .pods(namespace)
      .filter(({ labels }) => matchesLabels(selector, labels))
      .map((pod) => ({ ...pod, port: portOfEntry(undefined, port) }));
    return [...pods, ...entries];
  }
}

/** The port of a WorkloadEntry for a service's port; a Unix domain socket has none. */
function portAt(
  entry: { readonly address: string; readonly ports?: Readonly<Record<string, number>> | undefined },
  port: MeshServicePort,
): number {
  return entry.address.startsWith(UNIX_PREFIX) ? 0 : portOfEntry(entry.ports, port);
}

function nameOf({ namespace, hostname }: MeshService): string {
  return `${namespace}/${hostname}`;
}

/** Names of which there are several. */
function sharedNames(services: readonly MeshService[]): ReadonlyMap<string, readonly MeshService[]> {
  return new Map([...Map.groupBy(services, nameOf)].filter(([, list]) => list.length > 1));
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
  return inlineAddress(endpoint, service, portAt({ address, ports: endpoint.ports }, port));
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
    node: '',
    weight: endpoint.weight ?? 1,
    endsMeshTls: entryEndsMeshTls(endpoint.labels ?? {}, endpoint.serviceAccount),
    ready: true,
  };
}

function isSameServed(one: readonly ServedEndpoint[], other: readonly ServedEndpoint[]): boolean {
  if (one.length !== other.length) return false;
  return one.every(({ service, port, endpoint }, at) => {
    const beside = other[at];
    if (beside?.service !== service || beside.port !== port) return false;
    return beside.endpoint === endpoint || isDeepStrictEqual(beside.endpoint, endpoint);
  });
}

function isSameEndpoints(one: Known, other: Known): boolean {
  if (one === other) return true;
  if (one.ports.size !== other.ports.size) return false;
  return [...one.ports].every(([port, endpoints]) => other.ports.get(port) === endpoints);
}

/** What the services serve, by address; `only` names the addresses that are of interest. */
function servedIn(
  services: readonly (readonly [MeshService, Known])[],
  only?: ReadonlySet<string>,
): Map<string, ServedEndpoint[]> {
  const found = new Map<string, ServedEndpoint[]>();
  for (const [service, { ports }] of services) {
    for (const [port, endpoints] of ports) {
      for (const endpoint of endpoints) {
        const { address } = endpoint;
        if (only?.has(address) === false) continue;
        const list = found.get(address);
        if (list === undefined) found.set(address, [{ service, port, endpoint }]);
        else list.push({ service, port, endpoint });
      }
    }
  }
  return found;
}
