/** `/debug/endpointz`: where the requests to each port of each service may go. */

import type { DebugPage } from './page.ts';

export const endpointz: DebugPage = {
  name: 'endpointz',
  summary: 'Endpoints of every port of every service',
  show: ({ state: { snapshot } }) => ({
    status: 200,
    body: (snapshot?.services.all ?? []).flatMap((service) =>
      service.ports.map((port) => ({
        service: `${service.hostname}:${port.name === '' ? port.number : port.name}`,
        port: port.number,
        endpoints: snapshot?.endpoints.of(service, port) ?? [],
      })),
    ),
  }),
};
