/** Commands in pods, against a server that speaks as the kubelet does, and sometimes worse. */

import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { loadAccess } from '../../src/kube/access.ts';
import { KubeClient } from '../../src/kube/client.ts';
import { execInPod } from '../../src/kube/exec.ts';
import { pageOf, type PagePlace } from '../../src/kube/pod-page.ts';
import { kubeconfigOf } from './fake-port-forward.ts';

const folder = mkdtempSync(join(tmpdir(), 'lateen-exec-'));
const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Fake {
  /** Protocols that the server knows. */
  readonly protocols?: readonly string[];
  /** Plays the command. */
  run?(socket: WebSocket, argv: readonly string[]): void;
  /** Refuses a subresource, with a status and words. */
  readonly refused?: Readonly<Record<string, readonly [number, string]>>;
}

async function fake({ protocols, run, refused = {} }: Fake): Promise<{ client: KubeClient; asked: URL[] }> {
  const asked: URL[] = [];
  const server = createServer();
  const known = protocols ?? ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => [...offered].find((one) => known.includes(one)) ?? false,
  });
  server.on('upgrade', (request: IncomingMessage, socket, head) => {
    const url = new URL(request.url ?? '', 'http://server');
    asked.push(url);
    const [code, message] = refused[url.pathname.split('/').at(-1) ?? ''] ?? [];
    if (code !== undefined) {
      const body = JSON.stringify({ kind: 'Status', message, code });
      socket.end(`HTTP/1.1 ${code} No\r\nconnection: close\r\n\r\n${body}`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (opened) =>
      run?.(opened, url.searchParams.getAll('command')),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    for (const client of sockets.clients) client.terminate();
    server.closeAllConnections();
    await new Promise<void>((resolve) => void server.close(() => resolve()));
  });
  const file = join(folder, 'config');
  writeFileSync(file, kubeconfigOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  return { client: new KubeClient(await loadAccess({ kubeconfig: file })), asked };
}

const COMMAND = { namespace: 'shop', pod: 'web', container: 'istio-proxy', argv: ['cat', 'a b', '&c'] };
const signal = (): AbortSignal => AbortSignal.timeout(10_000);

function say(socket: WebSocket, channel: number, text: string): void {
  socket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(text)]));
}

/** As the kubelet ends a command. */
function end(socket: WebSocket, code: number): void {
  const failure = {
    status: 'Failure',
    reason: 'NonZeroExitCode',
    message: `command terminated with exit code ${code}`,
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  };
  say(socket, 3, JSON.stringify(code === 0 ? { metadata: {}, status: 'Success' } : failure));
  socket.close();
}

describe('a command in a pod', () => {
  test.for([['v5.channel.k8s.io'], ['v4.channel.k8s.io']])('is run over %s', async (protocols) => {
    const spoken: string[] = [];
    const { client, asked } = await fake({
      protocols,
      run(socket) {
        spoken.push(socket.protocol);
        say(socket, 1, 'one ');
        say(socket, 2, 'careful');
        say(socket, 1, 'two');
        end(socket, 0);
      },
    });
    const { exitCode, stdout, stderr } = await execInPod(client, COMMAND, { signal: signal() });
    expect([exitCode, String(stdout), stderr]).toEqual([0, 'one two', 'careful']);
    expect(spoken).toEqual(protocols);
    expect(asked.map(({ pathname }) => pathname)).toEqual(['/api/v1/namespaces/shop/pods/web/exec']);
    expect([...(asked[0]?.searchParams ?? [])]).toEqual([
      ['container', 'istio-proxy'],
      ['stdout', 'true'],
      ['stderr', 'true'],
      ['command', 'cat'],
      ['command', 'a b'],
      ['command', '&c'],
    ]);
  });

  test('has an exit code, whatever it printed', async () => {
    const { client } = await fake({
      run(socket) {
        say(socket, 1, 'half');
        end(socket, 4);
      },
    });
    expect(await execInPod(client, COMMAND, { signal: signal() })).toMatchObject({ exitCode: 4 });
  });

  test.for<[string, (socket: WebSocket) => void, RegExp]>([
    ['breaks off', (socket) => socket.terminate(), /broke off before the command had ended/],
    ['closes without a status', (socket) => socket.close(), /broke off before the command had ended/],
    [
      'tells its status in another form',
      (socket) => {
        say(socket, 3, 'null');
        socket.close();
      },
      /cannot be run: no reason is given/,
    ],
    [
      'has no such program',
      (socket) => {
        say(socket, 3, JSON.stringify({ status: 'Failure', message: 'executable file not found in $PATH' }));
        socket.close();
      },
      /cannot be run: executable file not found/,
    ],
    ['sends too much', (socket) => say(socket, 1, 'x'.repeat(2_000)), /writes more than 1000 bytes/],
  ])('that %s is a failure', async ([, run, words]) => {
    const { client } = await fake({ run });
    const running = execInPod(client, COMMAND, { signal: signal(), maxBytes: 1_000 });
    await expect(running).rejects.toMatchObject({
      code: 'KubernetesApi',
      message: expect.stringMatching(words) as string,
    });
  });

  test('keeps the beginning of a long standard error', async () => {
    const { client } = await fake({
      run(socket) {
        for (let index = 0; index < 200; index++) say(socket, 2, 'e'.repeat(1024));
        end(socket, 1);
      },
    });
    const { stderr } = await execInPod(client, COMMAND, { signal: signal() });
    expect(stderr).toHaveLength(64 * 1024);
  });

  test('ends when it is no longer wanted, and closes the connection', async () => {
    const stopping = new AbortController();
    const closed = Promise.withResolvers<void>();
    const { client } = await fake({
      run(socket) {
        socket.once('close', () => closed.resolve());
        stopping.abort();
      },
    });
    const running = execInPod(client, COMMAND, { signal: stopping.signal });
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    await closed.promise;
  });

  test('is refused with the words of the API server', async () => {
    const { client } = await fake({ refused: { exec: [403, 'not you'] } });
    const running = execInPod(client, COMMAND, { signal: signal() });
    await expect(running).rejects.toMatchObject({ status: 403, message: 'not you' });
  });
});

describe('where no port is forwarded', () => {
  const DENIED =
    'pods "web" is forbidden: User "u" cannot get resource "pods/portforward" in API group "" in the namespace "shop"';
  const place: PagePlace = {
    ...COMMAND,
    port: 15_000,
    commands: (method, path) => [
      ['first', method, path],
      ['second', method, path],
    ],
  };

  test.for<readonly [number, string]>([
    [403, DENIED],
    [405, 'the server does not allow this method on the requested resource'],
    [501, 'port forwarding is not implemented'],
    [400, 'Upgrade request required'],
  ])('for %d %s, the first program that is there asks', async (refusal) => {
    const { client } = await fake({
      refused: { portforward: refusal },
      run(socket, [program, ...words]) {
        if (program === 'first') {
          say(
            socket,
            3,
            JSON.stringify({ status: 'Failure', message: 'exec: "first": no such file or directory' }),
          );
          socket.close();
          return;
        }
        say(socket, 1, words.join(' '));
        end(socket, 0);
      },
    });
    const { status, body } = await pageOf(client, place, { path: '/stats', signal: signal() });
    expect([status, String(body)]).toEqual([200, 'GET /stats']);
  });

  test.for([
    'Error: the answer has status 404',
    'Error: received unsuccessful status code 404: 404 Not Found',
  ])('the status is read from "%s"', async (words) => {
    const { client } = await fake({
      refused: { portforward: [403, DENIED] },
      run(socket) {
        say(socket, 1, 'nothing here');
        say(socket, 2, words);
        end(socket, 1);
      },
    });
    const { status, body } = await pageOf(client, place, { path: '/x', signal: signal() });
    expect([status, String(body)]).toEqual([404, 'nothing here']);
  });

  test('and no command is allowed either, the right to forward is the one that is told', async () => {
    const { client } = await fake({ refused: { portforward: [403, DENIED], exec: [403, 'no exec'] } });
    const page = pageOf(client, place, { path: '/x', signal: signal() });
    await expect(page).rejects.toMatchObject({ status: 403, message: DENIED });
  });

  test('and none can be run, both reasons are told', async () => {
    const { client } = await fake({
      refused: { portforward: [501, 'not implemented'] },
      run: (socket) => end(socket, 137),
    });
    const page = pageOf(client, place, { path: '/x', signal: signal() });
    await expect(page).rejects.toThrow(
      /^not implemented; nor can it be asked inside: first fails .* exit code 137/,
    );
  });

  test('a pod that is not there is not asked a second time', async () => {
    const { client, asked } = await fake({ refused: { portforward: [404, 'pods "web" not found'] } });
    const page = pageOf(client, place, { path: '/x', signal: signal() });
    await expect(page).rejects.toMatchObject({ status: 404 });
    expect(asked).toHaveLength(1);
  });
});
