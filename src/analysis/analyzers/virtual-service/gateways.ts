/** Gateways that a VirtualService names: they must exist and serve at least one of its hosts. */

import type { MeshObject } from '../../../config/object.ts';
import type { KindTypes } from '../../../api/generated/kind-types.ts';
import {
  type GatewayReference,
  gatewayReference,
  isGeneratedGateway,
  offeredHost,
} from '../../../model/gateways.ts';
import { hostsOverlap } from '../../../model/hosts.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';

export const analyzer: Analyzer = {
  name: 'virtualservice.GatewayAnalyzer',
  summary: 'Gateways of a VirtualService exist and serve its hosts',
  reads: [
    'gateway.networking.k8s.io/Gateway',
    'networking.istio.io/Gateway',
    'networking.istio.io/VirtualService',
  ],
  needs: [['networking.istio.io/Gateway', 'gateway.networking.k8s.io/Gateway']],
  messages: [
    MESSAGES.ReferencedResourceNotFound,

    MESSAGES.VirtualServiceHostNotFoundInGateway,
  ],
  analyze({ snapshot, report }) {
    for (const object of snapshot.list('networking.istio.io/VirtualService')) {
      const namespace = snapshot.namespaceOf(object);
      const { gateways = [], hosts = [] } = object.value.spec ?? {};
      for (const [index, name] of gateways.entries()) {
        const path = ['spec', 'gateways', index];
        const reference = gatewayReference(name, namespace);
        if (reference === undefined || isGeneratedGateway(name)) continue;
        const offered = offeredHosts(snapshot, reference, namespace);
        if (offered === undefined)
          report(MESSAGES.ReferencedResourceNotFound, object, path, { type: 'gateway', name });
        if (
          hosts.length > 0 &&
          !hosts.some((host) => (offered ?? []).some((other) => hostsOverlap(host, other)))
        ) {
          report(MESSAGES.VirtualServiceHostNotFoundInGateway, object, path, {
            hosts,
            virtualService: `${namespace}/${object.meta.name}`,
            gateway: `${reference.namespace}/${reference.name}`,
          });
        }
      }
    }
  },
};

/** Hosts that the Gateway offers to VirtualServices of `viewer`; undefined when there is no such Gateway. */
function offeredHosts(snapshot: Snapshot, reference: GatewayReference, viewer: string): string[] | undefined {
  const gateway = snapshot.find('networking.istio.io/Gateway', reference.namespace, reference.name);
  if (gateway !== undefined) {
    return (gateway.value.spec?.servers ?? [])
      .flatMap(({ hosts = [] }) => hosts)
      .map((host) => offeredHost(host, reference.namespace, viewer))
      .filter((host) => host !== undefined);
  }
  const kubernetes = snapshot.find('gateway.networking.k8s.io/Gateway', reference.namespace, reference.name);
  return kubernetes === undefined ? undefined : listenerHosts(kubernetes);
}

function listenerHosts(gateway: MeshObject<KindTypes['gateway.networking.k8s.io/Gateway']>): string[] {
  return (gateway.value.spec?.listeners ?? []).map(({ hostname }) =>
    hostname === undefined || hostname === '' ? '*' : hostname,
  );
}
