/** Hosts of AuthorizationPolicies that are names of services: there should be such a service. */

import { splitHostPort } from '../../../base/host-port.ts';
import { fullHostname, parseServiceHostname, serviceHostname } from '../../../model/hosts.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import type { Analyzer } from '../../analyzer.ts';
import { BUILTIN_FILE } from '../../builtin-gateway.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';

export const analyzer: Analyzer = {
  name: 'authorizationpolicy.HostAnalyzer',
  summary: 'Hosts of AuthorizationPolicies that look like names of services are some',
  reads: [
    'core/Service',
    'networking.istio.io/ServiceEntry',
    'networking.istio.io/VirtualService',
    'security.istio.io/AuthorizationPolicy',
  ],
  needs: [['core/Service']],
  messages: [MESH_MESSAGES.PolicyHostNotFound],
  analyze({ snapshot, report }) {
    const populated = new Set(
      snapshot.services.all
        .filter(({ origin, object }) => origin === 'Service' && object.source.file !== BUILTIN_FILE)
        .map(({ namespace }) => namespace),
    );
    const routed = routedHosts(snapshot);
    for (const object of snapshot.list('security.istio.io/AuthorizationPolicy')) {
      const own = snapshot.namespaceOf(object);
      for (const [i, { to = [] }] of (object.value.spec?.rules ?? []).entries()) {
        for (const [j, { operation = {} }] of to.entries()) {
          for (const [k, host] of (operation.hosts ?? []).entries()) {
            const service = serviceMeant(host, own, snapshot.mesh.domain, populated);
            if (service === undefined || !populated.has(service.namespace)) continue;
            const hostname = serviceHostname(service.name, service.namespace, snapshot.mesh.domain);
            if (snapshot.services.named(hostname).length > 0) continue;
            const written = hostOf(host);
            if (snapshot.services.named(written).length > 0 || routed.has(written)) continue;
            if (routed.has(hostname)) continue;
            const path = ['spec', 'rules', i, 'to', j, 'operation', 'hosts', k];
            report(MESH_MESSAGES.PolicyHostNotFound, object, path, {
              namespace: service.namespace,
              host: service.name,
            });
          }
        }
      }
    }
  },
};

function hostOf(text: string): string {
  return (splitHostPort(text)?.host ?? text).toLowerCase();
}

/**
 * The service that a host stands for: `name`, `name.namespace` where there are services of such a namespace, or
 * the full name. Others are names of the world outside, and patterns.
 */
function serviceMeant(
  text: string,
  own: string,
  domain: string,
  populated: ReadonlySet<string>,
): { name: string; namespace: string } | undefined {
  const host = hostOf(text);
  if (host === '' || host === 'localhost' || host.includes('*')) return undefined;
  const [name = '', namespace, ...rest] = host.split('.');
  if (namespace === undefined) return { name, namespace: own };
  if (rest.length === 0 || (rest.length === 1 && rest[0] === 'svc')) {
    return populated.has(namespace) ? { name, namespace } : undefined;
  }
  return parseServiceHostname(host, domain);
}

/** Hosts that VirtualServices take requests for, as written and in full. */
function routedHosts(snapshot: Snapshot): ReadonlySet<string> {
  return new Set(
    snapshot
      .list('networking.istio.io/VirtualService')
      .flatMap((object) =>
        (object.value.spec?.hosts ?? []).flatMap((host) => [
          host.toLowerCase(),
          fullHostname(host, snapshot.namespaceOf(object), snapshot.mesh.domain),
        ]),
      ),
  );
}
