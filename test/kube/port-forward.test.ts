/** Connections to pods over WebSockets, against a server that speaks as the kubelet does, and sometimes worse. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { loadAccess } from '../../src/kube/access.ts';
import { KubeClient } from '../../src/kube/client.ts';
import { Forwarder } from '../../src/kube/forwarder.ts';
import { askPod } from '../../src/kube/pod-http.ts';
import { openPort } from '../../src/kube/port-forward.ts';
import { runMesh } from '../cli/run-mesh.ts';
import { freePort } from '../peers/free-ports.ts';
import { ask } from '../peers/run-envoy.ts';
import {
  type FakeOptions,
  type FakeForwards,
  kubeconfigOf,
  portBytes,
  startFakeForwards,
} from './fake-port-forward.ts';

const folder = mkdtempSync(join(tmpdir(), 'lateen-forwards-'));
const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function fake(
  options: FakeOptions,
): Promise<{ client: KubeClient; file: string; server: FakeForwards }> {
  const server = await startFakeForwards(options);
  closing.push(() => server.stop());
  const file = join(folder, 'config');
  writeFileSync(file, kubeconfigOf(server.server));
  closing.push(() => rmSync(file, { force: true }));
  return { client: new KubeClient(await loadAccess({ kubeconfig: file })), file, server };
}

/** A server over HTTP that answers with what it is asked for. */
async function page(answer: (url: string) => string): Promise<number> {
  const server = createServer((request, response) => response.end(answer(request.url ?? '')));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const POD = { namespace: 'shop', pod: 'web', port: 15_000 };
const signal = (): AbortSignal => AbortSignal.timeout(10_000);

describe('a request to a pod', () => {
  test('is answered, however large the answer is', async () => {
    const text = 'x'.repeat(3_000_000);
    const port = await page((url) => url + text);
    const { client } = await fake({ forward: () => port });
    const { status, body } = await askPod(client, POD, { path: '/dump', signal: signal() });
    expect([status, body.length]).toEqual([200, text.length + '/dump'.length]);
  });

  test('is refused with the words of the API server', async () => {
    const { client } = await fake({ forward: () => 1 });
    const asked = askPod(client, { ...POD, pod: 'refused' }, { path: '/', signal: signal() });
    await expect(asked).rejects.toMatchObject({ status: 403, message: 'pods "refused" is forbidden' });
  });

  test('fails with what the kubelet says when nothing listens there', async () => {
    const { client } = await fake({
      forward: () => (socket) => {
        socket.send(portBytes(0, POD.port));
        socket.send(portBytes(1, POD.port));
        socket.send(Buffer.concat([Buffer.from([1]), Buffer.from('connection refused')]));
      },
    });
    await expect(askPod(client, POD, { path: '/', signal: signal() })).rejects.toThrow(/connection refused/);
  });

  test.for<[string, Parameters<NonNullable<FakeOptions['forward']>>[1], FakeOptions['forward']]>([
    ['a pod that goes at once', 0, () => (socket) => socket.close()],
    ['a pod that breaks off', 0, () => (socket) => socket.terminate()],
    [
      'a pod that speaks no HTTP',
      0,
      () => (socket) => {
        socket.send(portBytes(0, POD.port));
        socket.send(Buffer.from('\0hello there\n'));
      },
    ],
  ])('%s is a failure, not a wait without end', async ([, , forward]) => {
    const { client } = await fake({ forward });
    await expect(askPod(client, POD, { path: '/', signal: signal() })).rejects.toMatchObject({
      code: 'KubernetesApi',
    });
  });

  test('ends when it is no longer wanted', async () => {
    const { client } = await fake({ forward: () => () => undefined });
    const asked = askPod(client, POD, { path: '/', signal: AbortSignal.timeout(50) });
    await expect(asked).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  test('takes no more than is allowed', async () => {
    const port = await page(() => 'x'.repeat(100_000));
    const { client } = await fake({ forward: () => port });
    const asked = askPod(client, POD, { path: '/', signal: signal(), maxBytes: 50_000 });
    await expect(asked).rejects.toThrow(/more than 50000 bytes/);
  });
});

test('the number of the port is taken off, in however many pieces it comes', async () => {
  const { client } = await fake({
    forward: () => (socket) => {
      for (const byte of portBytes(0, POD.port).subarray(1)) socket.send(Buffer.from([0, byte]));
      socket.send(Buffer.from('\0da'));
      socket.send(Buffer.from('\0ta'));
      socket.close();
    },
  });
  const stream = await openPort(client, POD, signal());
  let text = '';
  for await (const part of stream) text += String(part);
  expect(text).toBe('data');
});

test('a local port leads to a pod, then to another one, and to nowhere once it is stopped', async () => {
  const [one, two] = [await page(() => 'one'), await page(() => 'two')];
  const { client } = await fake({ forward: (pod) => (pod === 'web' ? one : two) });
  const failures: string[] = [];
  const forwarder = await Forwarder.start(client, POD, {
    addresses: ['127.0.0.1'],
    // Nobody else gets it once it is stopped.
    port: await freePort(),
    orAnyPort: false,
    failed: ({ message }) => void failures.push(message),
  });
  expect((await ask(forwarder.port, '/')).text).toBe('one');
  forwarder.target = { ...POD, pod: 'other' };
  expect((await ask(forwarder.port, '/')).text).toBe('two');
  forwarder.target = { ...POD, pod: 'refused' };
  await expect(ask(forwarder.port, '/')).rejects.toThrow();
  expect(failures).toEqual(['pods "refused" is forbidden']);
  const { port } = forwarder;
  forwarder.stop();
  await expect(ask(port, '/')).rejects.toThrow(/ECONNREFUSED/);
});

describe('for a mesh of 2,000 proxies', () => {
  const state = { status: 'SYNCED', since: '2026-01-01T00:00:00.000Z', sent: 'v1', acked: 'v1', refusals: 0 };
  const first = {
    proxy: 'web-0.shop',
    proxy_type: 'sidecar',
    cluster_id: 'Kubernetes',
    version: '1.27.0',
    namespace: 'shop',
    types: { cds: state, lds: state, eds: state, rds: state },
  };
  const syncz = JSON.stringify(
    Array.from({ length: 2000 }, (_, index) => ({ ...first, proxy: `web-${index}.shop` })),
  );
  const istiod = {
    metadata: { namespace: 'istio-system', name: 'istiod-0', labels: { app: 'istiod' } },
    status: { phase: 'Running' },
  };

  test('proxy-status --watch shows who is different, and asks no more than without, until it is interrupted', async () => {
    const stopping = new AbortController();
    const states = (status: string): string =>
      JSON.stringify(
        ['a', 'b'].map((name) => ({
          ...first,
          proxy: `${name}.shop`,
          types: { cds: { status: name === 'a' ? status : 'SYNCED' } },
        })),
      );
    const pages = [states('STALE'), states('STALE'), states('SYNCED')];
    const port = await page(() => {
      const next = pages.shift();
      if (next === undefined) stopping.abort();
      return next ?? '[]';
    });
    const { file, server } = await fake({ pods: [istiod], forward: () => port });
    const argv = ['proxy-status', '--watch', '--kubeconfig', file];
    const { stdout, stderr, code } = await runMesh(argv, { interrupt: stopping.signal });
    expect([code, stderr]).toEqual([0, '']);
    const rows = stdout.split('\n').map((row) => row.split(/ +/).slice(0, 3).join(' '));
    expect(rows).toEqual([
      'NAME CLUSTER CDS',
      'a.shop Kubernetes STALE',
      'b.shop Kubernetes SYNCED',
      'a.shop Kubernetes SYNCED',
      '',
    ]);
    expect(server.asked).toHaveLength(8);
  });

  test.for([
    [['proxy-status'], 2],
    [['version'], 3],
  ] as const)('mesh %s asks the API server a fixed number of times', async ([argv, count]) => {
    const port = await page((url) => (url === '/version' ? '{"version": "1"}' : syncz));
    const { file, server } = await fake({ pods: [istiod], forward: () => port });
    const { stdout, code } = await runMesh([...argv, '--kubeconfig', file]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/web-1999\.shop .* SYNCED|1\.27\.0 \(2000 proxies\)/);
    expect(server.asked).toHaveLength(count);
  });
});
