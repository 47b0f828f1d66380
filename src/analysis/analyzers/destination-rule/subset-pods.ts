/** Hosts of DestinationRules must be services, and each subset must select a workload of its service. */

import { fullHostname, parseServiceHostname } from '../../../model/hosts.ts';
import { matchesLabels } from '../../../model/selectors.ts';
import type { Labels } from '../../../model/selectors.ts';
import { type MeshService, knowsServicesOf } from '../../../model/services.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import { viewersOf } from '../../../model/visibility.ts';
import { WORKLOAD_KINDS } from '../../../model/workloads.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';
import { groupBy } from '../group-by.ts';

/** Labels that the control plane adds to endpoints: where they run, and in which cluster and network. */
const REGION = 'topology.kubernetes.io/region';
const ZONE = 'topology.kubernetes.io/zone';
const ADDED_LABELS = new Set([
  REGION,
  ZONE,
  'topology.istio.io/subzone',
  'topology.istio.io/cluster',
  'topology.istio.io/network',
  'kubernetes.io/hostname',
]);

export const analyzer: Analyzer = {
  name: 'destinationrule.SubsetSelectPodAnalyzer',
  summary: 'Hosts of DestinationRules are services, and their subsets select workloads',
  reads: [
    ...WORKLOAD_KINDS,
    'core/Node',
    'core/Service',
    'networking.istio.io/DestinationRule',
    'networking.istio.io/ServiceEntry',
    'networking.istio.io/WorkloadEntry',
  ],
  messages: [MESSAGES.UnknownDestinationRuleHost, MESSAGES.DestinationRuleSubsetNotSelectPods],
  analyze({ snapshot, report }) {
    const endpoints = endpointLabels(snapshot);
    for (const object of snapshot.list('networking.istio.io/DestinationRule')) {
      const namespace = snapshot.namespaceOf(object);
      const { host = '', subsets = [], exportTo = [] } = object.value.spec ?? {};
      if (host === '') continue;
      const viewers = viewersOf(exportTo, namespace);
      const services = snapshot.services.lookupFor(host, namespace, viewers);
      if (services.length === 0) {
        const inCluster = parseServiceHostname(
          fullHostname(host, namespace, snapshot.mesh.domain),
          snapshot.mesh.domain,
        );
        if (
          inCluster !== undefined &&
          !knowsServicesOf(inCluster.namespace, snapshot.services, snapshot.mesh)
        )
          continue;
        report(MESSAGES.UnknownDestinationRuleHost, object, ['spec', 'host'], { host });
        continue;
      }
      for (const [index, { name = '', labels = {} }] of subsets.entries()) {
        if (services.some((service) => selectsSomething(service, labels, endpoints))) continue;
        report(MESSAGES.DestinationRuleSubsetNotSelectPods, object, ['spec', 'subsets', index], {
          subset: name,
        });
      }
    }
  },
};

interface Endpoint {
  readonly namespace: string;
  readonly labels: Labels;
}

/** Whether the subset's labels select an endpoint of the service. Endpoints that an entry lists count as they are. */
function selectsSomething(
  service: MeshService,
  labels: Labels,
  endpoints: ReadonlyMap<string, readonly Endpoint[]>,
): boolean {
  if (service.origin === 'ServiceEntry' && service.selector === undefined) return true;
  const selector = service.selector ?? {};
  const candidates = endpoints.get(service.namespace) ?? [];
  return candidates.some(
    (endpoint) => matchesLabels(selector, endpoint.labels) && matchesLabels(labels, endpoint.labels),
  );
}

/** Labels of all workloads by namespace, with those that the control plane adds from the node of a running pod. */
function endpointLabels(snapshot: Snapshot): ReadonlyMap<string, readonly Endpoint[]> {
  const nodes = new Map(snapshot.list('core/Node').map(({ meta }) => [meta.name, meta.labels]));
  const workloads = snapshot.workloads.all.map(({ namespace, labels, spec }): Endpoint => {
    const { nodeName } = spec;
    if (nodeName === undefined) return { namespace, labels };
    const added = Object.entries(nodes.get(nodeName) ?? {}).filter(
      ([key, value]) => ADDED_LABELS.has(key) && value !== '',
    );
    return {
      namespace,
      labels: { ...labels, 'kubernetes.io/hostname': nodeName, ...Object.fromEntries(added) },
    };
  });
  const entries = snapshot.list('networking.istio.io/WorkloadEntry').map((object) => ({
    namespace: snapshot.namespaceOf(object),
    labels: object.value.spec?.labels ?? {},
  }));
  return groupBy([...workloads, ...entries], ({ namespace }) => namespace);
}
