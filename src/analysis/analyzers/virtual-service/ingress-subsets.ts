/** Subsets that one VirtualService splits a host into do not count for requests that another one brings in. */

import { MESH_GATEWAY } from '../../../model/gateways.ts';
import { fullHostname } from '../../../model/hosts.ts';
import { destinationsOf } from '../../../model/virtual-service.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';

export const analyzer: Analyzer = {
  name: 'virtualservice.DestinationHostAnalyzer',
  summary: 'Routes from a gateway name the subsets that routes inside the mesh split a host into',
  reads: ['networking.istio.io/VirtualService'],
  messages: [MESSAGES.IngressRouteRulesNotAffected],
  analyze({ snapshot, report }) {
    const { domain } = snapshot.mesh;
    const virtualServices = snapshot.list('networking.istio.io/VirtualService');
    /** Full host name to the VirtualServices that split it by subset. */
    const splitters = new Map<string, Set<(typeof virtualServices)[number]>>();
    for (const object of virtualServices) {
      const namespace = snapshot.namespaceOf(object);
      const { hosts = [], http = [] } = object.value.spec ?? {};
      const own = new Set(hosts.map((host) => fullHostname(host, namespace, domain)));
      for (const { destination, mirror } of destinationsOf({ http })) {
        if (
          mirror ||
          destination.host === undefined ||
          destination.subset === undefined ||
          destination.subset === ''
        )
          continue;
        const host = fullHostname(destination.host, namespace, domain);
        if (!own.has(host)) continue;
        const set = splitters.get(host);
        if (set === undefined) splitters.set(host, new Set([object]));
        else set.add(object);
      }
    }
    for (const object of virtualServices) {
      const { gateways = [], http = [] } = object.value.spec ?? {};
      if (!gateways.some((gateway) => gateway !== MESH_GATEWAY)) continue;
      const namespace = snapshot.namespaceOf(object);
      for (const { destination, mirror, path } of destinationsOf({ http })) {
        if (
          mirror ||
          destination.host === undefined ||
          (destination.subset !== undefined && destination.subset !== '')
        )
          continue;
        for (const splitter of splitters.get(fullHostname(destination.host, namespace, domain)) ?? []) {
          if (splitter === object) continue;
          report(MESSAGES.IngressRouteRulesNotAffected, object, [...path, 'host'], {
            virtualService: `${snapshot.namespaceOf(splitter)}/${splitter.meta.name}`,
            ingress: `${namespace}/${object.meta.name}`,
          });
        }
      }
    }
  },
};
