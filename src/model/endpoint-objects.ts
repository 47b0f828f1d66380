/** Objects that say where workloads are: EndpointSlices, Endpoints, WorkloadEntries and running Pods. */

import type { KindKey } from '../api/kind-info.ts';
import type { KindTypes } from '../api/generated/kind-types.ts';
import { podOwner } from '../base/pod-owner.ts';
import type { MeshObject } from '../config/object.ts';
import { type Grouped, isSameList, keepLists } from './grouped.ts';
import type { ObjectStore } from './object-store.ts';
import type { Labels } from './selectors.ts';
import { NETWORK_LABEL } from './topology.ts';

/** A workload at an address. */
export interface EndpointAddress {
  /** An IP, a name that DNS resolves, or `unix://` and a path. */
  readonly address: string;
  readonly labels: Labels;
  readonly namespace: string;
  /** What it belongs to: a Deployment, a WorkloadEntry. Empty for an address of which no Pod is known. */
  readonly workload: string;
  readonly serviceAccount: string;
  /** `region/zone/subzone`, what is not known left out from the right. */
  readonly locality: string;
  readonly network: string;
  /** The name of the node that it runs on; '' when that is not known. */
  readonly node: string;
  /** Its share of the requests, beside the other endpoints'. */
  readonly weight: number;
  /** It has a proxy that ends the mesh's mutual TLS. */
  readonly endsMeshTls: boolean;
  /** False for a workload that runs, but says that it cannot serve now. */
  readonly ready: boolean;
}

interface EntryAddress extends EndpointAddress {
  readonly ports: Readonly<Record<string, number>> | undefined;
}

interface PortedAddress extends EndpointAddress {
  readonly port: number;
}

type WorkloadEntry = MeshObject<KindTypes['networking.istio.io/WorkloadEntry']>;
type Pod = MeshObject<KindTypes['core/Pod']>;
type EndpointSlice = MeshObject<KindTypes['discovery.k8s.io/EndpointSlice']>;
type SliceEndpoint = NonNullable<KindTypes['discovery.k8s.io/EndpointSlice']['endpoints']>[number];
type Endpoints = MeshObject<KindTypes['core/Endpoints']>;
type EndpointsAddress = NonNullable<
  NonNullable<KindTypes['core/Endpoints']['subsets']>[number]['addresses']
>[number];

/** Label of an EndpointSlice: the Service that it belongs to. */
const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';
/** Injection puts it on pods: `istio` where a proxy ends mutual TLS. */
const TLS_MODE_LABEL = 'security.istio.io/tlsMode';
/** Names the workload in place of what its object is called. */
const WORKLOAD_NAME_LABEL = 'service.istio.io/workload-name';
/** Of a WorkloadEntry that its workload made itself: the WorkloadGroup. */
const AUTO_REGISTRATION_GROUP = 'istio.io/autoRegistrationGroup';
/** A WorkloadEntry or Pod that the probes of its agent found unable to serve has this condition. */
const READY_CONDITION = 'Ready';

/** The kind that each look at the objects is for. */
const LOOKS = {
  slices: 'discovery.k8s.io/EndpointSlice',
  endpoints: 'core/Endpoints',
  pod: 'core/Pod',
  'pod-at': 'core/Pod',
  pods: 'core/Pod',
  node: 'core/Node',
  entries: 'networking.istio.io/WorkloadEntry',
} as const satisfies Record<string, KindKey>;

type Look = keyof typeof LOOKS;

/** Something that was looked up, and what was found: as long as it is still found, what was made of it holds. */
export interface Finding {
  readonly look: Look;
  readonly namespace: string;
  readonly name: string;
  readonly found: unknown;
}

export class EndpointObjects {
  readonly #store: ObjectStore;
  readonly #slices: Grouped<EndpointSlice>;
  readonly #entries: Grouped<WorkloadEntry>;
  readonly #pods: Grouped<Pod>;
  readonly #podsByAddress: ReadonlyMap<string, Pod>;
  /** Looks whose objects are all the same as in the state before. */
  readonly #unchanged: ReadonlySet<Look>;
  #entriesByAddress: ReadonlyMap<string, WorkloadEntry> | undefined;
  #findings: Finding[] | undefined;

  /** `before` lends what is still the same. */
  constructor(store: ObjectStore, before?: EndpointObjects) {
    this.#store = store;
    const looks = Object.keys(LOOKS) as Look[];
    this.#unchanged = new Set(
      looks.filter((look) => before !== undefined && isSameKind(LOOKS[look], before.#store, store)),
    );
    const group = <Kind>(
      look: Look,
      make: () => Grouped<Kind>,
      of: (earlier: EndpointObjects) => Grouped<Kind>,
    ): Grouped<Kind> => {
      if (before === undefined) return make();
      return this.#unchanged.has(look) ? of(before) : keepLists(make(), of(before));
    };
    this.#slices = group(
      'slices',
      () => slicesOf(store),
      (earlier) => earlier.#slices,
    );
    this.#entries = group(
      'entries',
      () => byNamespace(store, LOOKS.entries),
      (earlier) => earlier.#entries,
    );
    this.#pods = group(
      'pods',
      () => byNamespace(store, LOOKS.pods),
      (earlier) => earlier.#pods,
    );
    this.#podsByAddress =
      before !== undefined && this.#unchanged.has('pod-at')
        ? before.#podsByAddress
        : podsByAddress(store.list('core/Pod') as readonly Pod[]);
  }

  /** What `read` makes of these objects, and all that it looked up for that. */
  record<Result>(read: () => Result): { result: Result; findings: readonly Finding[] } {
    const findings: Finding[] = [];
    this.#findings = findings;
    try {
      return { result: read(), findings };
    } finally {
      this.#findings = undefined;
    }
  }

  /** Whether everything is still found, after the state before in which it was. */
  finds(findings: readonly Finding[]): boolean {
    return findings.every(
      ({ look, namespace, name, found }) =>
        this.#unchanged.has(look) || this.#find(look, namespace, name) === found,
    );
  }

  #look(look: Look, namespace: string, name: string): unknown {
    const found = this.#find(look, namespace, name);
    this.#findings?.push({ look, namespace, name, found });
    return found;
  }

  #find(look: Look, namespace: string, name: string): unknown {
    switch (look) {
      case 'slices':
        return this.#slices.get(`${namespace}/${name}`);
      case 'endpoints':
      case 'pod':
      case 'node':
        return this.#store.find(LOOKS[look], namespace, name);
      case 'pod-at':
        return this.#podsByAddress.get(name);
      case 'pods':
        return this.#pods.get(namespace);
      case 'entries':
        return this.#entries.get(namespace);
    }
  }

  /** WorkloadEntries of a namespace. */
  workloadEntries(namespace: string): readonly EntryAddress[] {
    const entries = (this.#look('entries', namespace, '') ?? []) as readonly WorkloadEntry[];
    return entries.map((entry) => entryAddress(entry, namespace));
  }

  /** Running Pods of a namespace that have an address. */
  pods(namespace: string): readonly EndpointAddress[] {
    const pods = (this.#look('pods', namespace, '') ?? []) as readonly Pod[];
    return pods.flatMap((pod) => {
      const address = runningAt(pod);
      if (address === undefined) return [];
      const { conditions } = pod.value['status'] as Readonly<Record<string, unknown>>;
      const where = this.#describe(address, namespace, { nodeName: pod.value.spec?.nodeName });
      return [{ ...where, address, ready: isReady(conditions) }];
    });
  }

  /** Where the workload at an address runs, as its Pod or WorkloadEntry tells; '' when that is not known. */
  localityAt(address: string): string {
    const pod = this.#podsByAddress.get(address);
    if (pod !== undefined) return this.#locality(pod.meta.labels, pod.value.spec?.nodeName, undefined);
    this.#entriesByAddress ??= entriesByAddress(this.#entries);
    const entry = this.#entriesByAddress.get(address);
    return entry === undefined ? '' : entryAddress(entry, '').locality;
  }

  /** What EndpointSlices say of a Service's port, or, when it has none, its Endpoints. */
  addressesOf(namespace: string, service: string, portName: string): readonly PortedAddress[] {
    const slices = this.#look('slices', namespace, service) as readonly EndpointSlice[] | undefined;
    if (slices !== undefined) return slices.flatMap((slice) => this.#inSlice(slice, namespace, portName));
    const endpoints = this.#look('endpoints', namespace, service) as Endpoints | undefined;
    return endpoints === undefined ? [] : this.#inEndpoints(endpoints, namespace, portName);
  }

  #inSlice(slice: EndpointSlice, namespace: string, portName: string): PortedAddress[] {
    const port = (slice.value.ports ?? []).find(({ name }) => (name ?? '') === portName)?.port;
    if (port === undefined) return [];
    return (slice.value.endpoints ?? []).flatMap((endpoint) => {
      const ready = endpoint.conditions?.ready !== false;
      // A workload that ends gets nothing new.
      if (!ready && endpoint.conditions?.terminating === true) return [];
      return (endpoint.addresses ?? []).map((address) => ({
        ...this.#describe(address, namespace, endpoint),
        address,
        port,
        ready,
      }));
    });
  }

  #inEndpoints(object: Endpoints, namespace: string, portName: string): PortedAddress[] {
    return (object.value.subsets ?? []).flatMap((subset) => {
      const port = (subset.ports ?? []).find(({ name }) => (name ?? '') === portName)?.port;
      if (port === undefined) return [];
      const placed = (ready: boolean) => (address: EndpointsAddress) => ({
        ...this.#describe(address.ip ?? '', namespace, address),
        address: address.ip ?? '',
        port,
        ready,
      });
      return [
        ...(subset.addresses ?? []).map(placed(true)),
        ...(subset.notReadyAddresses ?? []).map(placed(false)),
      ];
    });
  }

  #describe(
    address: string,
    namespace: string,
    endpoint: Pick<SliceEndpoint, 'nodeName' | 'targetRef' | 'zone'>,
  ): Omit<EndpointAddress, 'address' | 'ready'> {
    const { targetRef } = endpoint;
    const named =
      targetRef?.kind === 'Pod'
        ? this.#look('pod', targetRef.namespace ?? namespace, targetRef.name ?? '')
        : undefined;
    const pod = (named ?? this.#look('pod-at', '', address)) as Pod | undefined;
    const labels = pod?.meta.labels ?? {};
    return {
      labels,
      namespace,
      workload: pod === undefined ? '' : workloadOfPod(pod),
      serviceAccount: pod?.value.spec?.serviceAccountName ?? '',
      locality: this.#locality(labels, endpoint.nodeName ?? pod?.value.spec?.nodeName, endpoint.zone),
      network: labels[NETWORK_LABEL] ?? '',
      node: endpoint.nodeName ?? pod?.value.spec?.nodeName ?? '',
      weight: 1,
      endsMeshTls: labels[TLS_MODE_LABEL] === 'istio',
    };
  }

  /** The pod's own label counts first, then what its node is labelled with. */
  #locality(labels: Labels, nodeName: string | undefined, zone: string | undefined): string {
    const own = labels['istio-locality'];
    if (own !== undefined && own !== '') return own.includes('/') ? own : own.replaceAll('.', '/');
    const node = nodeName === undefined ? undefined : this.#look('node', '', nodeName);
    const on = (node as MeshObject | undefined)?.meta.labels ?? {};
    const parts = [
      on['topology.kubernetes.io/region'] ?? on['failure-domain.beta.kubernetes.io/region'] ?? '',
      on['topology.kubernetes.io/zone'] ?? on['failure-domain.beta.kubernetes.io/zone'] ?? zone ?? '',
      on['topology.istio.io/subzone'] ?? '',
    ];
    return parts.join('/').replace(/\/+$/, '');
  }
}

function isSameKind(kind: KindKey, one: ObjectStore, other: ObjectStore): boolean {
  return isSameList(one.list(kind), other.list(kind));
}

function slicesOf(store: ObjectStore): Grouped<EndpointSlice> {
  const slices = store.list(LOOKS.slices) as readonly EndpointSlice[];
  const named = slices.filter(({ meta }) => meta.labels[SERVICE_NAME_LABEL] !== undefined);
  return Map.groupBy(named, (one) => `${store.namespaceOf(one)}/${one.meta.labels[SERVICE_NAME_LABEL]}`);
}

function byNamespace<Kind extends MeshObject>(store: ObjectStore, kind: KindKey): Grouped<Kind> {
  return Map.groupBy(store.list(kind) as readonly Kind[], (object) => store.namespaceOf(object));
}

function podsByAddress(pods: readonly Pod[]): ReadonlyMap<string, Pod> {
  const found = new Map<string, Pod>();
  for (const pod of pods) {
    const address = runningAt(pod);
    if (address !== undefined) found.set(address, pod);
  }
  return found;
}

/** Of several at one address the first. */
function entriesByAddress(entries: Grouped<WorkloadEntry>): ReadonlyMap<string, WorkloadEntry> {
  const all = [...entries.values()].flat().map((entry) => [entry.value.spec?.address ?? '', entry] as const);
  return new Map(all.reverse());
}

/** The address of a Pod that runs. */
function runningAt(pod: Pod): string | undefined {
  const status = pod.value['status'];
  if (typeof status !== 'object' || status === null) return undefined;
  const { phase, podIP } = status as Readonly<Record<string, unknown>>;
  if (phase === 'Succeeded' || phase === 'Failed') return undefined;
  return typeof podIP === 'string' && podIP !== '' ? podIP : undefined;
}

function workloadOfPod({ meta, value }: Pod): string {
  const { metadata = {} } = value;
  return meta.labels[WORKLOAD_NAME_LABEL] ?? podOwner(metadata)?.name ?? meta.name;
}

function entryAddress(entry: WorkloadEntry, namespace: string): EntryAddress {
  const spec = entry.value.spec ?? {};
  const labels = { ...spec.labels, ...entry.meta.labels };
  const status = entry.value['status'];
  const conditions =
    typeof status === 'object' && status !== null && 'conditions' in status ? status.conditions : undefined;
  return {
    address: spec.address ?? '',
    ports: spec.ports,
    labels,
    namespace,
    workload:
      entry.meta.annotations[AUTO_REGISTRATION_GROUP] ?? labels[WORKLOAD_NAME_LABEL] ?? entry.meta.name,
    serviceAccount: spec.serviceAccount ?? '',
    locality: spec.locality ?? (labels['istio-locality'] ?? '').replaceAll('.', '/'),
    network: spec.network ?? labels[NETWORK_LABEL] ?? '',
    node: '',
    weight: spec.weight ?? 1,
    endsMeshTls: entryEndsMeshTls(labels, spec.serviceAccount),
    ready: isHealthy(conditions),
  };
}

/** Outside of Kubernetes a workload with an identity has a proxy, unless its label says otherwise. */
export function entryEndsMeshTls(labels: Labels, serviceAccount = ''): boolean {
  return (labels[TLS_MODE_LABEL] ?? (serviceAccount === '' ? '' : 'istio')) === 'istio';
}

/** A Pod serves once it says so; one without conditions was written by hand, and counts as serving. */
function isReady(conditions: unknown): boolean {
  const found = conditionStatus(conditions, READY_CONDITION);
  return found === undefined || found === 'True';
}

function isHealthy(conditions: unknown): boolean {
  return conditionStatus(conditions, 'Healthy') !== 'False';
}

function conditionStatus(conditions: unknown, type: string): unknown {
  if (!Array.isArray(conditions)) return undefined;
  const list: readonly unknown[] = conditions;
  for (const condition of list) {
    if (typeof condition !== 'object' || condition === null || !('type' in condition)) continue;
    if (condition.type === type && 'status' in condition) return condition.status;
  }
  return undefined;
}
