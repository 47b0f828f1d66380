import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { findKind } from '../../src/api/kinds.ts';
import { KubeClient } from '../../src/kube/client.ts';
import { discoverAtOnce, type WantedKind } from '../../src/kube/discovery.ts';
import { FakeApiServer } from './fake-api-server.ts';

const signal = new AbortController().signal;

function wanted(...keys: readonly string[]): readonly WantedKind[] {
  return keys.flatMap((key) => {
    const info = findKind(key);
    return info === undefined ? [] : [{ info }];
  });
}

const KINDS = wanted('core/Pod', 'networking.istio.io/VirtualService', 'networking.istio.io/Gateway');
const VERBS = ['get', 'list', 'watch'];

test('all kinds are found with two questions, in the version that the registry prefers', async () => {
  const answers: Readonly<Record<string, unknown>> = {
    '/api': [
      { metadata: {}, versions: [{ version: 'v1', resources: [{ resource: 'pods', verbs: VERBS }] }] },
    ],
    '/apis': [
      {
        metadata: { name: 'networking.istio.io' },
        versions: [
          { version: 'v1beta1', resources: [{ resource: 'virtualservices', verbs: VERBS }] },
          {
            version: 'v1',
            resources: [
              { resource: 'virtualservices', verbs: VERBS },
              { resource: 'gateways', verbs: ['create'] },
            ],
          },
        ],
      },
    ],
  };
  const accepted: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    accepted.push(request.headers.accept);
    response.end(JSON.stringify({ kind: 'APIGroupDiscoveryList', items: answers[request.url ?? ''] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const client = new KubeClient({
    server: `http://127.0.0.1:${port}`,
    name: 'x',
    apply: async () => undefined,
  });
  try {
    const served = await discoverAtOnce(client, KINDS, signal);
    expect([...served.values()].map(({ path }) => path)).toEqual([
      '/api/v1/pods',
      '/apis/networking.istio.io/v1/virtualservices',
    ]);
    expect(client.requests).toBe(2);
    expect(accepted[0]).toMatch(/^application\/json;g=apidiscovery\.k8s\.io;v=v2;as=APIGroupDiscoveryList,/);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

test('a server that cannot answer so is asked version by version', async () => {
  const server = new FakeApiServer();
  server.serve('core', 'v1', 'pods');
  server.serve('networking.istio.io', 'v1', 'virtualservices');
  await server.start();
  try {
    const served = await discoverAtOnce(new KubeClient(server.access), KINDS, signal);
    expect([...served.keys()]).toEqual(['core/Pod', 'networking.istio.io/VirtualService']);
  } finally {
    await server.stop();
  }
});
