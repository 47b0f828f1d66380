/** `/debug/registryz`: the services that the mesh knows. */

import type { DebugPage } from './page.ts';

export const registryz: DebugPage = {
  name: 'registryz',
  summary: 'Services, from Kubernetes and from ServiceEntries',
  show: ({ state }) => ({
    status: 200,
    body: (state.snapshot?.services.all ?? []).map((service) => ({
      hostname: service.hostname,
      namespace: service.namespace,
      origin: service.origin,
      name: service.object.meta.name,
      resolution: service.resolution,
      addresses: service.addresses,
      headless: service.headless,
      external_name: service.externalName,
      ports: service.ports.map(({ number, name, protocol, speaks, targetPort }) => ({
        number,
        name,
        protocol: speaks ?? protocol,
        detected: speaks === undefined,
        target_port: targetPort,
      })),
    })),
  }),
};
