/** Objects that say where workloads are: EndpointSlices, Endpoints, WorkloadEntries and running Pods. */

import type { KindTypes } from '../api/generated/kind-types.ts';
import type { MeshObject } from '../config/object.ts';
import type { ObjectStore } from './object-store.ts';
import type { Labels } from './selectors.ts';

/** A workload at an address. */
export interface EndpointAddress {
  /** An IP, a name that DNS resolves, or `unix://` and a path. */
  readonly address: string;
  readonly labels: Labels;
  readonly namespace: string;
  /** The name of the Pod or the object that says so. */
  readonly workload: string;
  readonly serviceAccount: string;
  /** `region/zone/subzone`, what is not known left out from the right. */
  readonly locality: string;
  readonly network: string;
  /** Its share of the requests, beside the other endpoints'. */
  readonly weight: number;
  /** False for a workload that runs, but says that it cannot serve now. */
  readonly ready: boolean;
}

interface EntryAddress extends EndpointAddress {
  readonly ports: Readonly<Record<string, number>> | undefined;
}

interface PortedAddress extends EndpointAddress {
  readonly port: number;
}

type Pod = MeshObject<KindTypes['core/Pod']>;
type EndpointSlice = MeshObject<KindTypes['discovery.k8s.io/EndpointSlice']>;
type SliceEndpoint = NonNullable<KindTypes['discovery.k8s.io/EndpointSlice']['endpoints']>[number];
type Endpoints = MeshObject<KindTypes['core/Endpoints']>;
type EndpointsAddress = NonNullable<
  NonNullable<KindTypes['core/Endpoints']['subsets']>[number]['addresses']
>[number];

/** Label of an EndpointSlice: the Service that it belongs to. */
const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';
const NETWORK_LABEL = 'topology.istio.io/network';
/** A WorkloadEntry or Pod that the probes of its agent found unable to serve has this condition. */
const READY_CONDITION = 'Ready';

export class EndpointObjects {
  readonly #store: ObjectStore;
  readonly #slices = new Map<string, EndpointSlice[]>();
  readonly #podsByAddress = new Map<string, Pod>();
  readonly #pods = new Map<string, EndpointAddress[]>();
  readonly #entries = new Map<string, EntryAddress[]>();

  constructor(store: ObjectStore) {
    this.#store = store;
    for (const slice of store.list('discovery.k8s.io/EndpointSlice') as readonly EndpointSlice[]) {
      const service = slice.meta.labels[SERVICE_NAME_LABEL];
      if (service !== undefined) push(this.#slices, `${store.namespaceOf(slice)}/${service}`, slice);
    }
    for (const pod of store.list('core/Pod') as readonly Pod[]) this.#addPod(pod);
    for (const entry of store.list('networking.istio.io/WorkloadEntry') as readonly MeshObject<
      KindTypes['networking.istio.io/WorkloadEntry']
    >[]) {
      const namespace = store.namespaceOf(entry);
      push(this.#entries, namespace, entryAddress(entry, namespace));
    }
  }

  /** WorkloadEntries of a namespace. */
  workloadEntries(namespace: string): readonly EntryAddress[] {
    return this.#entries.get(namespace) ?? [];
  }

  /** Running Pods of a namespace that have an address. */
  pods(namespace: string): readonly EndpointAddress[] {
    return this.#pods.get(namespace) ?? [];
  }

  /** What EndpointSlices say of a Service's port, or, when it has none, its Endpoints. */
  addressesOf(namespace: string, service: string, portName: string): readonly PortedAddress[] {
    const slices = this.#slices.get(`${namespace}/${service}`);
    if (slices !== undefined) return slices.flatMap((slice) => this.#inSlice(slice, namespace, portName));
    const endpoints = this.#store.find('core/Endpoints', namespace, service) as Endpoints | undefined;
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
        ? this.#store.find('core/Pod', targetRef.namespace ?? namespace, targetRef.name ?? '')
        : undefined;
    const pod = (named as Pod | undefined) ?? this.#podsByAddress.get(address);
    const labels = pod?.meta.labels ?? {};
    return {
      labels,
      namespace,
      workload: pod?.meta.name ?? targetRef?.name ?? '',
      serviceAccount: pod?.value.spec?.serviceAccountName ?? '',
      locality: this.#locality(labels, endpoint.nodeName ?? pod?.value.spec?.nodeName, endpoint.zone),
      network: labels[NETWORK_LABEL] ?? '',
      weight: 1,
    };
  }

  /** The pod's own label counts first, then what its node is labelled with. */
  #locality(labels: Labels, nodeName: string | undefined, zone: string | undefined): string {
    const own = labels['istio-locality'];
    if (own !== undefined && own !== '') return own.includes('/') ? own : own.replaceAll('.', '/');
    const node = nodeName === undefined ? undefined : this.#store.find('core/Node', '', nodeName);
    const on = node?.meta.labels ?? {};
    const parts = [
      on['topology.kubernetes.io/region'] ?? on['failure-domain.beta.kubernetes.io/region'] ?? '',
      on['topology.kubernetes.io/zone'] ?? on['failure-domain.beta.kubernetes.io/zone'] ?? zone ?? '',
      on['topology.istio.io/subzone'] ?? '',
    ];
    return parts.join('/').replace(/\/+$/, '');
  }

  #addPod(pod: Pod): void {
    const status = pod.value['status'];
    if (typeof status !== 'object' || status === null) return;
    const { phase, podIP, conditions } = status as Readonly<Record<string, unknown>>;
    if (typeof podIP !== 'string' || podIP === '') return;
    if (phase === 'Succeeded' || phase === 'Failed') return;
    this.#podsByAddress.set(podIP, pod);
    const namespace = this.#store.namespaceOf(pod);
    push(this.#pods, namespace, {
      ...this.#describe(podIP, namespace, { nodeName: pod.value.spec?.nodeName }),
      address: podIP,
      ready: isReady(conditions),
    });
  }
}

function entryAddress(
  entry: MeshObject<KindTypes['networking.istio.io/WorkloadEntry']>,
  namespace: string,
): EntryAddress {
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
    workload: entry.meta.name,
    serviceAccount: spec.serviceAccount ?? '',
    locality: spec.locality ?? (labels['istio-locality'] ?? '').replaceAll('.', '/'),
    network: spec.network ?? labels[NETWORK_LABEL] ?? '',
    weight: spec.weight ?? 1,
    ready: isHealthy(conditions),
  };
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

function push<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
