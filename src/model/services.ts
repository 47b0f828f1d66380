/** The service registry: Kubernetes Services and ServiceEntries under the names that hosts resolve to. */

import type { MeshObject } from '../config/object.ts';
import { parseCidr } from '../base/cidr.ts';
import type { KindTypes } from '../api/generated/kind-types.ts';
import { type Protocol, parseProtocol, protocolOfPort } from '../base/protocol.ts';
import { compareText, creationTime } from './age.ts';
import { isSameList, keepLists } from './grouped.ts';
import { fullHostname, hostCovers, serviceHostname } from './hosts.ts';
import { networkBehind } from './network-gateways.ts';
import type { Labels } from './selectors.ts';
import { type Visibility, exportToAnnotation, isVisibleFrom, visibilityOf } from './visibility.ts';

export interface MeshServicePort {
  readonly number: number;
  readonly name: string;
  /** Where the workload listens: a number, or the name of a container port. */
  readonly targetPort: number | string;
  /** As written: the ServiceEntry's protocol, or TCP, UDP, SCTP of a Service. */
  readonly protocol: string;
  readonly appProtocol: string | undefined;
  /** What is spoken on it; undefined when that is to be detected from the traffic. */
  readonly speaks: Protocol | undefined;
}

/**
 * How the endpoints of a service are found: the registry knows them (`endpoints`), the proxy asks DNS for all
 * addresses (`dns`) or takes one at a time (`dns-round-robin`), the caller's own destination counts (`none`),
 * or each request's host is looked up (`dynamic-dns`).
 */
export type Resolution = 'endpoints' | 'dns' | 'dns-round-robin' | 'none' | 'dynamic-dns';

export interface MeshService {
  /** Full name in lower case; of a ServiceEntry also a wildcard such as `*.example.com`. */
  readonly hostname: string;
  readonly namespace: string;
  readonly origin: 'Service' | 'ServiceEntry';
  readonly object: MeshObject;
  readonly ports: readonly MeshServicePort[];
  readonly visibility: Visibility;
  /** Labels of the workloads behind it; undefined when it selects none. */
  readonly selector: Labels | undefined;
  /** The name that an ExternalName Service stands for. */
  readonly externalName: string | undefined;
  readonly resolution: Resolution;
  /** Virtual addresses: IPs, and for ServiceEntries also CIDR blocks. None when the service is headless. */
  readonly addresses: readonly string[];
  /** A Service with `clusterIP: None`: clients connect to its pods. */
  readonly headless: boolean;
  /** Outside of the mesh: it takes no part in mutual TLS. */
  readonly external: boolean;
  /** Names that a ServiceEntry says its certificates are for. */
  readonly certifiedNames: readonly string[];
  /** Endpoints near the client go first, by the service's own word; undefined where it says nothing. */
  readonly prefers?: 'same-zone' | 'same-node' | undefined;
  /** A Service with `internalTrafficPolicy: Local`: clients reach none but the endpoints on their own node. */
  readonly nodeLocal: boolean;
  /** When the object was made, as the API server wrote it; '' when that is not known. */
  readonly created: string;
}

export interface ServiceDefaults {
  readonly domain: string;
  /** MeshConfig.defaultServiceExportTo. */
  readonly exportTo: readonly string[];
}

/** The service that a Kubernetes Service defines. */
export function fromKubernetes(
  object: MeshObject<KindTypes['core/Service']>,
  namespace: string,
  defaults: ServiceDefaults,
): MeshService {
  const spec = object.value.spec ?? {};
  return {
    hostname: serviceHostname(object.meta.name, namespace, defaults.domain),
    namespace,
    origin: 'Service',
    object,
    ports: (spec.ports ?? []).map((port) => ({
      number: port.port ?? 0,
      name: port.name ?? '',
      targetPort: port.targetPort ?? port.port ?? 0,
      protocol: port.protocol ?? 'TCP',
      appProtocol: port.appProtocol,
      speaks: protocolOfPort({
        name: port.name,
        appProtocol: port.appProtocol,
        transport: port.protocol,
        number: port.port,
      }),
    })),
    visibility: visibilityOf(exportToAnnotation(object), namespace, defaults.exportTo),
    selector:
      spec.selector !== undefined && Object.keys(spec.selector).length > 0 ? spec.selector : undefined,
    externalName: spec.type === 'ExternalName' ? spec.externalName : undefined,
    resolution: 'endpoints',
    addresses: clusterAddresses(spec),
    headless: spec.clusterIP === 'None',
    external: spec.type === 'ExternalName',
    certifiedNames: [],
    prefers: preferred(object, spec.trafficDistribution),
    nodeLocal: spec.internalTrafficPolicy === 'Local',
    created: creationTime(object),
  };
}

const DISTRIBUTION_ANNOTATION = 'networking.istio.io/traffic-distribution';

/** The field of a Service counts before the annotation, which ServiceEntries may have too. */
function preferred({ meta }: MeshObject, field = ''): MeshService['prefers'] {
  return (
    PREFERENCES[field.toLowerCase()] ??
    PREFERENCES[(meta.annotations[DISTRIBUTION_ANNOTATION] ?? '').toLowerCase()]
  );
}

/** https://kubernetes.io/docs/reference/networking/virtual-ips/#traffic-distribution */
const PREFERENCES: Readonly<Record<string, NonNullable<MeshService['prefers']>>> = {
  preferclose: 'same-zone',
  prefersamezone: 'same-zone',
  prefersamenode: 'same-node',
};

function clusterAddresses(spec: {
  readonly clusterIP?: string;
  readonly clusterIPs?: readonly string[];
}): readonly string[] {
  const listed = spec.clusterIPs ?? [];
  const all = listed.length > 0 ? listed : [spec.clusterIP ?? ''];
  return all.filter((address) => address !== '' && address !== 'None');
}

const RESOLUTIONS: Readonly<Record<string, Resolution>> = {
  STATIC: 'endpoints',
  DNS: 'dns',
  DNS_ROUND_ROBIN: 'dns-round-robin',
  DYNAMIC_DNS: 'dynamic-dns',
  NONE: 'none',
};

/** The services that a ServiceEntry defines, one for each host. */
export function fromServiceEntry(
  object: MeshObject<KindTypes['networking.istio.io/ServiceEntry']>,
  namespace: string,
  defaults: ServiceDefaults,
): readonly MeshService[] {
  const spec = object.value.spec ?? {};
  const visibility = visibilityOf(spec.exportTo, namespace, defaults.exportTo);
  const ports = (spec.ports ?? []).map((port) => ({
    number: port.number ?? 0,
    name: port.name ?? '',
    targetPort: port.targetPort ?? port.number ?? 0,
    protocol: port.protocol ?? '',
    appProtocol: undefined,
    speaks: parseProtocol(port.protocol ?? ''),
  }));
  const selector = spec.workloadSelector?.labels;
  const shared = {
    resolution: RESOLUTIONS[spec.resolution ?? 'NONE'] ?? 'none',
    addresses: (spec.addresses ?? []).map(withoutFullPrefix),
    headless: false,
    external: spec.location !== 'MESH_INTERNAL',
    certifiedNames: spec.subjectAltNames ?? [],
    prefers: preferred(object),
    nodeLocal: false,
    created: creationTime(object),
  } as const;
  return (spec.hosts ?? []).map((host) => ({
    hostname: host,
    namespace,
    origin: 'ServiceEntry' as const,
    object,
    ports,
    visibility,
    selector,
    externalName: undefined,
    ...shared,
  }));
}

/**
 * By age, then by the names of Services and the hosts of entries, then by namespace. Where no age is known, Services of
 * Kubernetes count as older than entries, which are often written for what is there.
 */
export function olderFirst(a: MeshService, b: MeshService): number {
  const isKnown = a.created !== '' || b.created !== '';
  return (
    compareText(a.created, b.created) ||
    (isKnown ? 0 : Number(a.origin !== 'Service') - Number(b.origin !== 'Service')) ||
    compareText(nameOf(a), nameOf(b)) ||
    compareText(a.namespace, b.namespace)
  );
}

function nameOf({ origin, object, hostname }: MeshService): string {
  return origin === 'Service' ? object.meta.name : hostname;
}

/** A block of one address is that address. */
function withoutFullPrefix(address: string): string {
  const block = parseCidr(address);
  const width = block?.address.family === 6 ? 128 : 32;
  return block?.bits === width ? address.slice(0, address.indexOf('/')) : address;
}

export class ServiceRegistry {
  readonly all: readonly MeshService[];
  /** Those that lead into a network from others. */
  readonly networkGateways: readonly MeshService[];
  readonly #domain: string;
  readonly #byNamespace: ReadonlyMap<string, readonly MeshService[]>;
  readonly #exact = new Map<string, MeshService[]>();
  #oldestFirst: readonly MeshService[] | undefined;
  /** Wildcard services under what follows their `*`, so that a lookup walks the labels of the host. */
  readonly #wildcards = new Map<string, MeshService[]>();

  /** Lists of `before` that are the same stay the same lists. */
  constructor(services: readonly MeshService[], domain: string, before?: ServiceRegistry) {
    this.all = services;
    const gateways = services.filter((service) => networkBehind(service) !== undefined);
    this.networkGateways =
      before !== undefined && isSameList(before.networkGateways, gateways)
        ? before.networkGateways
        : gateways;
    this.#domain = domain;
    const byNamespace = Map.groupBy(services, ({ namespace }) => namespace);
    this.#byNamespace = before === undefined ? byNamespace : keepLists(byNamespace, before.#byNamespace);
    for (const service of services) {
      const wild = service.hostname.startsWith('*');
      const index = wild ? this.#wildcards : this.#exact;
      const name = wild ? service.hostname.slice(1) : service.hostname;
      const list = index.get(name);
      if (list === undefined) index.set(name, [service]);
      else list.push(service);
    }
  }

  /** All, the oldest first: where two contradict each other that one counts. */
  get oldestFirst(): readonly MeshService[] {
    return (this.#oldestFirst ??= this.all.toSorted(olderFirst));
  }

  /** Services that are defined in a namespace, in the order of all. */
  inNamespace(namespace: string): readonly MeshService[] {
    return this.#byNamespace.get(namespace) ?? [];
  }

  /** Services of exactly that full name, whoever may see them. */
  named(hostname: string): readonly MeshService[] {
    return (
      this.#exact.get(hostname) ??
      (hostname.startsWith('*') ? (this.#wildcards.get(hostname.slice(1)) ?? []) : [])
    );
  }

  /**
   * The services that a host written in `namespace` stands for and that `namespace` may see: those of that
   * name (the namespace's own first), else those of the longest wildcard that covers it.
   */
  lookup(host: string, namespace: string): readonly MeshService[] {
    return this.lookupFor(host, namespace, [namespace]);
  }

  /** As `lookup`, but visible from any of `viewers`: a VirtualService counts wherever it is exported to. */
  lookupFor(host: string, namespace: string, viewers: readonly string[]): readonly MeshService[] {
    const hostname = fullHostname(host, namespace, this.#domain);
    const visible = (services: readonly MeshService[] | undefined) =>
      (services ?? [])
        .filter((service) => viewers.some((viewer) => isVisibleFrom(service.visibility, viewer)))
        .sort((a, b) => Number(b.namespace === namespace) - Number(a.namespace === namespace));
    if (hostname.startsWith('*')) {
      return visible(
        this.all.filter(
          (service) => hostCovers(hostname, service.hostname) || hostCovers(service.hostname, hostname),
        ),
      );
    }
    const exact = visible(this.#exact.get(hostname));
    if (exact.length > 0) return exact;
    for (let dot = hostname.indexOf('.'); dot >= 0; dot = hostname.indexOf('.', dot + 1)) {
      const covered = visible(this.#wildcards.get(hostname.slice(dot)));
      if (covered.length > 0) return covered;
    }
    return visible(this.#wildcards.get(''));
  }
}

/**
 * Whether the input tells enough of the cluster's Services to say that this one does not exist. The control
 * plane's namespace holds what an installation and its addons bring along, so it counts only when the control
 * plane itself is in the input.
 */
export function knowsServicesOf(
  namespace: string,
  registry: ServiceRegistry,
  settings: { readonly istioNamespace: string; readonly domain: string },
): boolean {
  return (
    namespace !== settings.istioNamespace ||
    registry.named(serviceHostname('istiod', namespace, settings.domain)).length > 0
  );
}
