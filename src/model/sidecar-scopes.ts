/** What of the mesh a sidecar is told: services and VirtualServices in the scope of its Sidecar object. */

import type { KindTypes } from '../api/generated/kind-types.ts';
import type { MeshObject } from '../config/object.ts';
import { parseProtocol } from '../base/protocol.ts';
import { byAge, creationTime } from './age.ts';
import { fullHostname, hostCovers, hostsOverlap } from './hosts.ts';
import { type Labels, matchesLabels } from './selectors.ts';
import type { MeshService, ServiceRegistry } from './services.ts';
import { isVisibleFrom } from './visibility.ts';
import { type VirtualService, destinationHosts, virtualServicesSeenFrom } from './virtual-services.ts';
import { appliesToMesh } from './gateways.ts';

export type SidecarObject = MeshObject<KindTypes['networking.istio.io/Sidecar']>;
export type SidecarSpec = NonNullable<KindTypes['networking.istio.io/Sidecar']['spec']>;
export type IngressListener = NonNullable<SidecarSpec['ingress']>[number];
type MeshPolicy = NonNullable<KindTypes['mesh.istio.io/MeshConfig']['outboundTrafficPolicy']>;
/** What becomes of requests to hosts that nobody declared. */
export type OutboundTrafficPolicy = Pick<MeshPolicy, 'mode'> &
  Omit<NonNullable<SidecarSpec['outboundTrafficPolicy']>, 'mode'>;
type EgressSpec = NonNullable<SidecarSpec['egress']>[number];

/** One listener for outbound requests; the one without a port takes all ports that no other has. */
export interface EgressListener {
  readonly port: { readonly number: number; readonly protocol: string; readonly name: string } | undefined;
  readonly bind: string;
  /** It is bound for real, not reached by redirection. */
  readonly captured: boolean;
  readonly services: readonly MeshService[];
  readonly virtualServices: readonly VirtualService[];
}

export interface SidecarScope {
  /** Undefined when no Sidecar object holds. */
  readonly sidecar: SidecarObject | undefined;
  readonly egress: readonly EgressListener[];
  readonly ingress: readonly IngressListener[];
  readonly outboundTrafficPolicy: OutboundTrafficPolicy;
  readonly inboundConnectionPool: SidecarSpec['inboundConnectionPool'];
  /** Services that requests may go to: those of all listeners, and what their VirtualServices lead to. */
  readonly services: readonly MeshService[];
  /** The same by full name; of several objects for one host the first. */
  readonly byHost: ReadonlyMap<string, MeshService>;
}

export interface ScopeInput {
  readonly sidecars: readonly SidecarObject[];
  readonly services: ServiceRegistry;
  readonly virtualServices: readonly VirtualService[];
  readonly namespaceOf: (object: MeshObject) => string;
  readonly rootNamespace: string;
  readonly domain: string;
  /** MeshConfig.outboundTrafficPolicy. */
  readonly outboundTrafficPolicy: OutboundTrafficPolicy | undefined;
}

export class SidecarScopes {
  readonly #input: ScopeInput;
  readonly #scopes = new Map<string, SidecarScope>();

  constructor(input: ScopeInput) {
    this.#input = input;
  }

  /** The scope of a workload with these labels. */
  of(namespace: string, labels: Labels): SidecarScope {
    const sidecar = this.#sidecarOf(namespace, labels);
    const key =
      sidecar === undefined
        ? namespace
        : `${namespace}|${this.#input.namespaceOf(sidecar)}/${sidecar.meta.name}`;
    let scope = this.#scopes.get(key);
    if (scope === undefined) this.#scopes.set(key, (scope = this.#build(sidecar, namespace)));
    return scope;
  }

  /** The scope of a gateway: all that its namespace is shown, whatever Sidecars say. */
  ofGateway(namespace: string): SidecarScope {
    const key = `gateway|${namespace}`;
    let scope = this.#scopes.get(key);
    if (scope === undefined) this.#scopes.set(key, (scope = this.#build(undefined, namespace)));
    return scope;
  }

  #sidecarOf(namespace: string, labels: Labels): SidecarObject | undefined {
    const { sidecars, namespaceOf, rootNamespace } = this.#input;
    const oldestFirst = sidecars
      .map((sidecar) => ({
        sidecar,
        created: creationTime(sidecar),
        name: sidecar.meta.name,
        namespace: namespaceOf(sidecar),
        selector: sidecar.value.spec?.workloadSelector?.labels ?? {},
      }))
      .sort(byAge);
    const own = oldestFirst.filter((one) => one.namespace === namespace);
    const isEmpty = (selector: Labels) => Object.keys(selector).length === 0;
    const found =
      own.find(({ selector }) => !isEmpty(selector) && matchesLabels(selector, labels)) ??
      own.find(({ selector }) => isEmpty(selector)) ??
      oldestFirst.find((one) => one.namespace === rootNamespace && isEmpty(one.selector));
    return found?.sidecar;
  }

  #build(sidecar: SidecarObject | undefined, namespace: string): SidecarScope {
    const spec = sidecar?.value.spec ?? {};
    const listed = spec.egress ?? [];
    // Nothing said of outbound requests means everything.
    const egress = (listed.length === 0 ? [{ hosts: ['*/*'] }] : listed).map((listener) =>
      this.#egress(listener, namespace),
    );
    const services = this.#reachable(egress, namespace, spec.outboundTrafficPolicy?.egressProxy?.host);
    return {
      sidecar,
      egress,
      ingress: spec.ingress ?? [],
      outboundTrafficPolicy: spec.outboundTrafficPolicy ?? this.#input.outboundTrafficPolicy ?? {},
      inboundConnectionPool: spec.inboundConnectionPool,
      services,
      byHost: new Map(services.toReversed().map((service) => [service.hostname, service])),
    };
  }

  #egress(listener: EgressSpec, namespace: string): EgressListener {
    const imports = readImports(listener.hosts ?? [], namespace);
    const number = listener.port?.number ?? 0;
    const protocol = listener.port?.protocol ?? '';
    const port =
      listener.port === undefined || number === 0
        ? undefined
        : { number, protocol, name: listener.port.name ?? '' };
    // A forward proxy takes requests to every port.
    const needsPort = port !== undefined && parseProtocol(protocol) !== 'HTTP_PROXY';
    const imported = this.#visible(namespace)
      .filter(({ namespace: owner, hostname }) => imports.cover(owner, hostname))
      .flatMap((service) => {
        if (!needsPort) return [service];
        const ports = service.ports.filter((one) => one.number === number);
        return ports.length === 0 ? [] : [{ ...service, ports }];
      });
    const winners = firstOfName(imported, namespace);
    const services = imported.filter(
      (service) => winners.get(service.hostname)?.namespace === service.namespace,
    );
    const virtualServices = virtualServicesSeenFrom(this.#input.virtualServices, namespace).filter(
      (one) => appliesToMesh(one.gateways) && one.hosts.some((name) => imports.overlap(one.namespace, name)),
    );
    return {
      port,
      bind: listener.bind ?? '',
      captured: listener.captureMode !== 'NONE' && !(listener.bind ?? '').startsWith('unix://'),
      services,
      virtualServices,
    };
  }

  #visible(namespace: string): readonly MeshService[] {
    return this.#input.services.oldestFirst.filter(({ visibility }) => isVisibleFrom(visibility, namespace));
  }

  /** What the listeners serve goes first, then what their VirtualServices lead to. Of one name either Services or entries count. */
  #reachable(
    egress: readonly EgressListener[],
    namespace: string,
    proxy: string | undefined,
  ): readonly MeshService[] {
    const everything = this.#visible(namespace);
    const winners = new Map<string, MeshService>();
    for (const service of egress.flatMap(({ services }) => services)) {
      const other = winners.get(service.hostname);
      if (other === undefined || (other.origin !== 'Service' && service.origin === 'Service')) {
        winners.set(service.hostname, service);
      }
    }
    const named = new Set(egress.flatMap(({ virtualServices }) => virtualServices.flatMap(destinationHosts)));
    if (proxy !== undefined) named.add(fullHostname(proxy, namespace, this.#input.domain));
    const others = everything.filter(({ hostname }) => named.has(hostname) && !winners.has(hostname));
    for (const [hostname, service] of firstOfName(others, namespace)) winners.set(hostname, service);
    return everything.filter((service) => {
      const winner = winners.get(service.hostname);
      return winner?.namespace === service.namespace && winner.origin === service.origin;
    });
  }
}

/** What the hosts of a listener, such as `ns/*.example.com`, say of names in a namespace. */
interface Imports {
  /** Whether all that the name stands for is imported, and it is not taken away again. */
  cover(owner: string, name: string): boolean;
  /** Whether some of it is. */
  overlap(owner: string, name: string): boolean;
}

/**
 * `~ns/host` takes away what the others import; `~/host` does so in every namespace.
 * https://istio.io/latest/docs/reference/config/networking/sidecar/#IstioEgressListener
 */
function readImports(texts: readonly string[], namespace: string): Imports {
  const imported = texts.filter((text) => !takesAway(text)).map((text) => readHost(text, namespace));
  const excluded = texts.filter(takesAway).map((text) => readHost(text.slice(1), namespace));
  const isOf = (one: EgressHost, owner: string) => one.owner === '*' || one.owner === owner;
  const isLeft = (owner: string, name: string) =>
    !excluded.some((one) => isOf(one, owner) && hostCovers(one.host, name));
  return {
    cover: (owner, name) =>
      imported.some((one) => isOf(one, owner) && hostCovers(one.host, name)) && isLeft(owner, name),
    overlap: (owner, name) =>
      imported.some((one) => isOf(one, owner) && hostsOverlap(one.host, name)) && isLeft(owner, name),
  };
}

function takesAway(text: string): boolean {
  return text.startsWith('~');
}

interface EgressHost {
  /** A namespace, or `*`. */
  readonly owner: string;
  readonly host: string;
}

function readHost(text: string, namespace: string): EgressHost {
  const slash = text.indexOf('/');
  const owner = slash <= 0 ? '*' : text.slice(0, slash);
  return { owner: owner === '.' ? namespace : owner, host: text.slice(slash + 1) };
}

/** For each name the service whose namespace counts: the client's own, else that of a Service, else the oldest's. */
function firstOfName(services: readonly MeshService[], namespace: string): ReadonlyMap<string, MeshService> {
  const chosen = new Map<string, MeshService>();
  for (const service of services) {
    const other = chosen.get(service.hostname);
    if (other === undefined || goesBefore(service, other, namespace)) chosen.set(service.hostname, service);
  }
  return chosen;
}

function goesBefore(a: MeshService, b: MeshService, namespace: string): boolean {
  if (a.namespace === namespace || b.namespace === namespace) {
    if (a.namespace !== b.namespace) return a.namespace === namespace;
  }
  if (a.origin !== b.origin) return a.origin === 'Service';
  // What is shown to the client by name goes before what all see.
  if (a.visibility.all !== b.visibility.all) return b.visibility.all;
  // Both have the same name as services, whatever their objects are called.
  const aged = ({ created, hostname, namespace: owner }: MeshService) => ({
    created,
    name: hostname,
    namespace: owner,
  });
  return byAge(aged(a), aged(b)) < 0;
}
