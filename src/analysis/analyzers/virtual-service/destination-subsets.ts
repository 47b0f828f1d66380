/** Subsets that routes name: a DestinationRule for the host must define them. */

import { fullHostname, hostCovers } from '../../../model/hosts.ts';
import { destinationsOf } from '../../../model/virtual-service.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';

export const analyzer: Analyzer = {
  name: 'virtualservice.DestinationRuleAnalyzer',
  summary: 'Subsets that a VirtualService routes to are defined by a DestinationRule',
  reads: ['networking.istio.io/DestinationRule', 'networking.istio.io/VirtualService'],
  needs: [['networking.istio.io/DestinationRule']],
  messages: [MESSAGES.ReferencedResourceNotFound],
  analyze({ snapshot, report }) {
    const { domain } = snapshot.mesh;
    /** Subset names by the full host, and the hosts that are wildcards. */
    const subsets = new Map<string, Set<string>>();
    for (const object of snapshot.variants('networking.istio.io/DestinationRule')) {
      const { host, subsets: list = [] } = object.value.spec ?? {};
      if (host === undefined) continue;
      const hostname = fullHostname(host, snapshot.namespaceOf(object), domain);
      const names = subsets.get(hostname) ?? new Set();
      for (const { name } of list) if (name !== undefined) names.add(name);
      subsets.set(hostname, names);
    }
    const wildcards = [...subsets.keys()].filter((host) => host.startsWith('*'));

    for (const object of snapshot.list('networking.istio.io/VirtualService')) {
      const namespace = snapshot.namespaceOf(object);
      for (const { destination, mirror, path } of destinationsOf(object.value.spec ?? {})) {
        const { host, subset } = destination;
        if (host === undefined || subset === undefined || subset === '') continue;
        const hostname = fullHostname(host, namespace, domain);
        const hosts = [hostname, ...wildcards.filter((wildcard) => hostCovers(wildcard, hostname))];
        if (hosts.some((name) => subsets.get(name)?.has(subset) === true)) continue;
        report(MESSAGES.ReferencedResourceNotFound, object, [...path, 'subset'], {
          type: mirror ? 'mirror+subset in destinationrule' : 'host+subset in destinationrule',
          name: `${host}+${subset}`,
        });
      }
    }
  },
};
