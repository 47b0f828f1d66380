/** The snapshot: the whole mesh as one immutable value that every question is answered from. */

import type { KindKey } from '../api/kind-info.ts';
import type { KindTypes } from '../api/generated/kind-types.ts';
import type { MeshObject } from '../config/object.ts';
import {
  CREDENTIAL_KINDS,
  type Credential,
  type CredentialReference,
  findCredential,
} from './credentials.ts';
import { isDiscovered } from './discovery-selectors.ts';
import { DestinationRuleIndex } from './destination-rules.ts';
import { EndpointObjects } from './endpoint-objects.ts';
import { EndpointIndex, type ServedEndpoint, type ServiceEndpoint } from './endpoints.ts';
import { isSameList } from './grouped.ts';
import { type MeshSettings, meshSettings } from './mesh-settings.ts';
import { ObjectStore } from './object-store.ts';
import {
  type MeshService,
  type MeshServicePort,
  ServiceRegistry,
  fromKubernetes,
  fromServiceEntry,
} from './services.ts';
import { SidecarScopes } from './sidecar-scopes.ts';
import { type VirtualService, readVirtualServices } from './virtual-services.ts';
import { WORKLOAD_KINDS, type Workload, WorkloadIndex, workloadOf } from './workloads.ts';

export interface SnapshotOptions {
  /** The namespace of objects that name none; `default`. */
  readonly defaultNamespace?: string;
  readonly mesh?: MeshSettings;
  /** The snapshot before: what was made of objects that are still the same is taken over from it. */
  readonly before?: Snapshot | undefined;
}

/** What was read of a snapshot in particular: as long as it is the same value, what was made of it holds. */
export interface Fact {
  /** Of the objects that it depends on. */
  readonly kinds: readonly KindKey[];
  readonly read: (snapshot: Snapshot) => unknown;
  readonly value: unknown;
}

/** Hears what is read of a snapshot: all objects of kinds, or something in particular that is made of them. */
export interface Reads {
  kinds(kinds: readonly KindKey[]): void;
  fact(fact: Fact): void;
}

/** Does not listen. */
export const UNHEARD: Reads = { kinds: () => {}, fact: () => {} };

/** What all views of one snapshot share; indexes are made when they are first asked for. */
interface SnapshotData {
  readonly store: ObjectStore;
  readonly mesh: MeshSettings;
  /** The services that each object defines, over all states with the same settings. */
  readonly servicesOf: WeakMap<MeshObject, readonly MeshService[]>;
  /** Indexes of the state before, which lend what still holds to the new ones. */
  earlierEndpoints?: EndpointIndex | undefined;
  readonly earlierServices?: ServiceRegistry | undefined;
  services?: ServiceRegistry;
  workloads?: WorkloadIndex;
  endpoints?: EndpointIndex;
  virtualServices?: readonly VirtualService[];
  destinationRules?: DestinationRuleIndex;
  sidecarScopes?: SidecarScopes;
}

const SERVICE_KINDS = ['core/Service', 'networking.istio.io/ServiceEntry'] as const;

/** Kinds that say where the workloads of a service are. */
const ENDPOINT_KINDS = [
  'core/Service',
  'core/Endpoints',
  'core/Pod',
  'core/Node',
  'discovery.k8s.io/EndpointSlice',
  'networking.istio.io/ServiceEntry',
  'networking.istio.io/WorkloadEntry',
] as const;

/** What each index is made from. */
const MADE_FROM = {
  services: SERVICE_KINDS,
  workloads: WORKLOAD_KINDS,
  endpoints: ENDPOINT_KINDS,
  virtualServices: ['networking.istio.io/VirtualService'],
  destinationRules: ['networking.istio.io/DestinationRule'],
  sidecarScopes: [...SERVICE_KINDS, 'networking.istio.io/VirtualService', 'networking.istio.io/Sidecar'],
} as const satisfies Record<
  Exclude<keyof SnapshotData, 'store' | 'mesh' | 'servicesOf' | 'earlierEndpoints' | 'earlierServices'>,
  readonly KindKey[]
>;

/** The indexes of an earlier state that hold for a store too. */
function stillValid(earlier: SnapshotData, store: ObjectStore): Partial<SnapshotData> {
  const holds = (index: keyof typeof MADE_FROM): boolean =>
    MADE_FROM[index].every((kind) => isSameList(earlier.store.list(kind), store.list(kind)));
  const indexes = Object.keys(MADE_FROM) as (keyof typeof MADE_FROM)[];
  return Object.fromEntries(
    indexes
      .filter((index) => earlier[index] !== undefined && holds(index))
      .map((index) => [index, earlier[index]]),
  );
}

export class Snapshot {
  readonly #data: SnapshotData;
  readonly #reads: Reads;

  private constructor(data: SnapshotData, reads: Reads) {
    this.#data = data;
    this.#reads = reads;
  }

  /** Builds a snapshot of objects that have passed the schema's type checks. */
  static build(objects: Iterable<MeshObject>, options: SnapshotOptions = {}): Snapshot {
    const { defaultNamespace = 'default', mesh = meshSettings(), before } = options;
    const discovered = mesh.discovered === undefined ? undefined : new Set(mesh.discovered);
    const counting =
      discovered === undefined
        ? objects
        : [...objects].filter((object) => isDiscovered(object, discovered, defaultNamespace));
    const store = new ObjectStore(counting, defaultNamespace);
    const earlier = before?.mesh === mesh ? before.#data : undefined;
    const isAlike = earlier?.store.defaultNamespace === defaultNamespace;
    if (earlier === undefined || !isAlike) {
      return new Snapshot({ store, mesh, servicesOf: new WeakMap() }, UNHEARD);
    }
    const kept = stillValid(earlier, store);
    const earlierEndpoints =
      kept.endpoints === undefined ? (earlier.endpoints ?? earlier.earlierEndpoints) : undefined;
    return new Snapshot(
      {
        ...kept,
        store,
        mesh,
        servicesOf: earlier.servicesOf,
        earlierEndpoints,
        earlierServices: earlier.services,
      },
      UNHEARD,
    );
  }

  /** The same snapshot; `reads` hears of what is read through it. */
  recording(reads: Reads): Snapshot {
    return new Snapshot(this.#data, reads);
  }

  get mesh(): MeshSettings {
    return this.#data.mesh;
  }

  /** All objects of a kind, in the order of the input. */
  list<Kind extends keyof KindTypes>(kind: Kind): readonly MeshObject<KindTypes[Kind]>[] {
    this.#reads.kinds([kind]);
    return this.#data.store.list(kind) as readonly MeshObject<KindTypes[Kind]>[];
  }

  /**
   * All objects of a kind, those included that a later one of the same name replaces. A folder may hold
   * alternatives, of which one is applied: what one of them defines is not missing.
   */
  variants<Kind extends keyof KindTypes>(kind: Kind): readonly MeshObject<KindTypes[Kind]>[] {
    this.#reads.kinds([kind]);
    return this.#data.store.variants(kind) as readonly MeshObject<KindTypes[Kind]>[];
  }

  /** The object of that kind and name; `namespace` is '' for kinds of cluster scope. */
  find<Kind extends keyof KindTypes>(
    kind: Kind,
    namespace: string,
    name: string,
  ): MeshObject<KindTypes[Kind]> | undefined {
    this.#reads.kinds([kind]);
    return this.#data.store.find(kind, namespace, name) as MeshObject<KindTypes[Kind]> | undefined;
  }

  /** The namespace that counts for an object: the default one where the input names none. */
  namespaceOf(object: MeshObject): string {
    return this.#data.store.namespaceOf(object);
  }

  /** Services and ServiceEntries (reads both kinds). */
  get services(): ServiceRegistry {
    this.#reads.kinds(SERVICE_KINDS);
    return this.#services;
  }

  /** Pods and pod templates (reads every kind of WORKLOAD_KINDS). */
  get workloads(): WorkloadIndex {
    this.#reads.kinds(WORKLOAD_KINDS);
    return (this.#data.workloads ??= this.#buildWorkloads());
  }

  /** Endpoints of the services (reads all kinds that tell of workloads with addresses). */
  get endpoints(): EndpointIndex {
    this.#reads.kinds(ENDPOINT_KINDS);
    return this.#endpoints;
  }

  /** Endpoints of one port of a service, as `endpoints.of` (reads only them). */
  endpointsOf(service: MeshService, port: MeshServicePort): readonly ServiceEndpoint[] {
    const value = this.#endpoints.of(service, port);
    this.#reads.fact({
      kinds: ENDPOINT_KINDS,
      read: (snapshot) => snapshot.#endpoints.of(service, port),
      value,
    });
    return value;
  }

  /** What is served at an address, as `endpoints.at` (reads only that). */
  servedAt(address: string): readonly ServedEndpoint[] {
    const value = this.#endpoints.at(address);
    this.#reads.fact({ kinds: ENDPOINT_KINDS, read: (snapshot) => snapshot.#endpoints.at(address), value });
    return value;
  }

  /** Where the workload at an address runs, `region/zone/subzone`; '' when no object tells. Whoever asks is not heard. */
  localityAt(address: string): string {
    return this.#endpoints.objects.localityAt(address);
  }

  /** Services of a namespace (reads only them). */
  servicesIn(namespace: string): readonly MeshService[] {
    const value = this.#services.inNamespace(namespace);
    this.#reads.fact({
      kinds: SERVICE_KINDS,
      read: (snapshot) => snapshot.#services.inNamespace(namespace),
      value,
    });
    return value;
  }

  /** Services that lead into a network from others (reads only them). */
  get networkGateways(): readonly MeshService[] {
    const value = this.#services.networkGateways;
    this.#reads.fact({ kinds: SERVICE_KINDS, read: (snapshot) => snapshot.#services.networkGateways, value });
    return value;
  }

  /** What a name of a certificate leads to, or why it leads nowhere. */
  credential(reference: CredentialReference): Credential | string {
    this.#reads.kinds(CREDENTIAL_KINDS);
    return findCredential(reference, this.#data.store);
  }

  /** Why a name of a certificate leads nowhere; undefined when it does (reads only that, and no content). */
  credentialFault(reference: CredentialReference): string | undefined {
    const read = (snapshot: Snapshot): string | undefined => {
      const found = findCredential(reference, snapshot.#data.store);
      return typeof found === 'string' ? found : undefined;
    };
    const value = read(this);
    this.#reads.fact({ kinds: CREDENTIAL_KINDS, read, value });
    return value;
  }

  get #endpoints(): EndpointIndex {
    const data = this.#data;
    if (data.endpoints !== undefined) return data.endpoints;
    const earlier = data.earlierEndpoints;
    data.earlierEndpoints = undefined;
    const objects = new EndpointObjects(data.store, earlier?.objects);
    return (data.endpoints = new EndpointIndex(objects, this.#services.all, earlier));
  }

  get #services(): ServiceRegistry {
    return (this.#data.services ??= this.#buildServices());
  }

  /** VirtualServices with names in full and delegates in place, the oldest first. */
  get virtualServices(): readonly VirtualService[] {
    const objects = this.list('networking.istio.io/VirtualService');
    const { domain, config } = this.#data.mesh;
    return (this.#data.virtualServices ??= readVirtualServices(objects, (one) => this.namespaceOf(one), {
      domain,
      exportTo: config.defaultVirtualServiceExportTo ?? [],
    }));
  }

  get destinationRules(): DestinationRuleIndex {
    const objects = this.list('networking.istio.io/DestinationRule');
    const { domain, rootNamespace, config } = this.#data.mesh;
    return (this.#data.destinationRules ??= new DestinationRuleIndex(
      objects,
      (one) => this.namespaceOf(one),
      { domain, rootNamespace, exportTo: config.defaultDestinationRuleExportTo ?? [] },
    ));
  }

  /** What each workload's sidecar is told (reads services, VirtualServices and Sidecars). */
  get sidecarScopes(): SidecarScopes {
    const { domain, rootNamespace, config } = this.#data.mesh;
    const { services, virtualServices } = this;
    const sidecars = this.list('networking.istio.io/Sidecar');
    return (this.#data.sidecarScopes ??= new SidecarScopes({
      sidecars,
      services,
      virtualServices,
      namespaceOf: (one) => this.namespaceOf(one),
      rootNamespace,
      domain,
      outboundTrafficPolicy: config.outboundTrafficPolicy,
    }));
  }

  #buildServices(): ServiceRegistry {
    const { store, mesh, servicesOf, earlierServices } = this.#data;
    const defaults = { domain: mesh.domain, exportTo: mesh.config.defaultServiceExportTo ?? [] };
    const define = (object: MeshObject): readonly MeshService[] => {
      const namespace = store.namespaceOf(object);
      if (object.key === 'core/Service') {
        return [fromKubernetes(object as MeshObject<KindTypes['core/Service']>, namespace, defaults)];
      }
      const entry = object as MeshObject<KindTypes['networking.istio.io/ServiceEntry']>;
      return fromServiceEntry(entry, namespace, defaults);
    };
    const all = SERVICE_KINDS.flatMap((kind) => store.list(kind)).flatMap((object) => {
      let defined = servicesOf.get(object);
      if (defined === undefined) servicesOf.set(object, (defined = define(object)));
      return defined;
    });
    return new ServiceRegistry(all, mesh.domain, earlierServices);
  }

  #buildWorkloads(): WorkloadIndex {
    const { store } = this.#data;
    const workloads = WORKLOAD_KINDS.flatMap((kind) => store.list(kind))
      .map((object) => workloadOf(object, store.namespaceOf(object)))
      .filter((workload): workload is Workload => workload !== undefined);
    return new WorkloadIndex(workloads);
  }
}
