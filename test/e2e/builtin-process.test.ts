/** The builtin proxy as a process of its own. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { freePort } from '../peers/free-ports.ts';
import { writeWhole } from '../peers/write-whole.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/mesh-proxy.js', import.meta.url));
const PATIENCE = { timeout: 60_000, interval: 25 };

let folder: string;
const started: ChildProcess[] = [];

interface Proxy {
  readonly process: ChildProcess;
  readonly exited: Promise<number | null>;
  readonly errors: () => string;
  readonly output: () => string;
  admin(path: string, method?: string): Promise<{ readonly status: number; readonly body: string }>;
}

function run(bootstrap: string, ...argv: string[]): Proxy {
  const file = join(folder, 'bootstrap.yaml');
  writeFileSync(file, bootstrap);
  const addressFile = join(folder, 'admin');
  rmSync(addressFile, { force: true });
  const child = spawn(
    process.execPath,
    [PROGRAM, '--engine', 'builtin', '-c', file, '--admin-address-path', addressFile, ...argv],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  started.push(child);
  const texts = { out: '', error: '' };
  child.stdout.on('data', (chunk: Buffer) => (texts.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (texts.error += chunk.toString()));
  return {
    process: child,
    exited: once(child, 'close').then(([code]) => code as number | null),
    errors: () => texts.error,
    output: () => texts.out,
    admin: async (path, method = 'GET') => {
      const response = await fetch(`http://${readFileSync(addressFile, 'utf8')}${path}`, { method });
      return { status: response.status, body: await response.text() };
    },
  };
}

async function ready(proxy: Proxy): Promise<void> {
  await vi.waitFor(async () => expect((await proxy.admin('/ready')).body).toBe('LIVE\n'), PATIENCE);
}

function ask(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1');
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });
}

const ADMIN = { admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } } };

/** A listener that says a text to who connects, and writes a line for each when it has a log. */
function speaker(port: number, text: string, log = ''): object {
  const extension = (type: string, settings: object): object => ({
    name: type,
    typed_config: { '@type': `type.googleapis.com/envoy.extensions.${type}`, ...settings },
  });
  const format = { text_format_source: { inline_string: 'one\n' } };
  const accessLog = extension('access_loggers.file.v3.FileAccessLog', { path: log, log_format: format });
  const direct = extension('filters.network.direct_response.v3.Config', {
    response: { inline_string: text },
  });
  return {
    name: 'speaker',
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [{ filters: [direct] }],
    ...(log === '' ? {} : { access_log: [accessLog] }),
  };
}

function speaking(port: number, text: string, log?: string): string {
  return JSON.stringify({ ...ADMIN, static_resources: { listeners: [speaker(port, text, log)] } });
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lateen-builtin-'));
});
afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'close');
  }
  rmSync(folder, { recursive: true });
});

describe('the process', () => {
  test('serves until a signal ends it, and then leaves with 0', async () => {
    const port = await freePort();
    const proxy = run(speaking(port, 'hello'));
    await ready(proxy);
    expect(await ask(port)).toBe('hello');
    proxy.process.kill('SIGTERM');
    expect(await proxy.exited).toBe(0);
    expect(proxy.errors()).toContain('caught SIGTERM');
  });

  test('ends when it is told to over the administration interface', async () => {
    const proxy = run(JSON.stringify(ADMIN));
    await ready(proxy);
    expect((await proxy.admin('/quitquitquit', 'POST')).body).toBe('OK\n');
    expect(await proxy.exited).toBe(0);
  });

  test('opens its access logs anew on SIGUSR1', async () => {
    const port = await freePort();
    const log = join(folder, 'access.log');
    const proxy = run(speaking(port, 'hello', log));
    await ready(proxy);
    await ask(port);
    await vi.waitFor(() => expect(readFileSync(log, 'utf8')).toBe('one\n'), PATIENCE);
    renameSync(log, `${log}.1`);
    proxy.process.kill('SIGUSR1');
    await vi.waitFor(async () => {
      await ask(port);
      expect(readFileSync(log, 'utf8')).toContain('one\n');
    }, PATIENCE);
  });

  test('that cannot bind an address says which and ends with 1', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const proxy = run(speaking(port, 'hello'));
    expect(await proxy.exited).toBe(1);
    expect(proxy.errors()).toContain(`cannot bind '127.0.0.1:${port}': Address already in use`);
    server.close();
  });
});

describe('what is wrong ends the start with a message', () => {
  test.each([
    ['nonsense: 1', [], 1, 'has no field "nonsense"'],
    [
      'static_resources: {clusters: [{name: a, type: STATIC, preconnect_policy: {}}, {name: b, type: STATIC, lrs_server: {self: {}}}]}',
      [],
      1,
      'static_resources.clusters[1] (b): cluster b.lrs_server is not supported',
    ],
    ['{}', ['--nonsense'], 2, "Unknown option '--nonsense'"],
    ['{}', ['--concurrency', 'many'], 2, '--concurrency is "many", but must be a whole number'],
    [
      'dynamic_resources: {ads_config: {api_type: DELTA_GRPC, grpc_services: [{envoy_grpc: {cluster_name: a}}]}}',
      [],
      2,
      'node.id and node.cluster are missing',
    ],
  ] as const)('%s %j', async (bootstrap, argv, code, message) => {
    const proxy = run(bootstrap, ...argv);
    expect(await proxy.exited).toBe(code);
    expect(proxy.errors()).toContain(message);
    expect(proxy.errors()).not.toMatch(/^ {4}at /m);
  });

  test('and --mode validate only looks', async () => {
    const proxy = run(speaking(1, 'hello'), '--mode', 'validate');
    expect(await proxy.exited).toBe(0);
    expect(proxy.output()).toMatch(/^configuration '.*bootstrap\.yaml' OK\n$/);
    const bad = run('static_resources: {clusters: [{type: STATIC}]}', '--mode', 'validate');
    expect(await bad.exited).toBe(1);
  });
});

describe('with --concurrency', { timeout: 180_000 }, () => {
  test('several processes serve the same port, and what they count is one sum', async () => {
    const port = await freePort();
    const proxy = run(speaking(port, 'hello'), '--concurrency', '3');
    await ready(proxy);
    for (let count = 0; count < 60; count++) expect(await ask(port)).toBe('hello');
    const name = `listener.127.0.0.1_${port}.downstream_cx_total`;
    await vi.waitFor(async () => {
      expect((await proxy.admin(`/stats?filter=${name}`)).body).toBe(`${name}: 60\n`);
    }, PATIENCE);
    const added = await proxy.admin('/stats?filter=listener_manager.listener_added');
    expect(added.body).toBe('listener_manager.listener_added: 1\n');
    proxy.process.kill('SIGTERM');
    expect(await proxy.exited).toBe(0);
  });

  test('an address that is not shared is that of one process', async () => {
    const port = await freePort();
    const alone = { ...speaker(port, 'hello'), enable_reuse_port: false };
    const proxy = run(
      JSON.stringify({ ...ADMIN, static_resources: { listeners: [alone] } }),
      '--concurrency',
      '2',
    );
    await ready(proxy);
    for (let count = 0; count < 10; count++) expect(await ask(port)).toBe('hello');
    const other = createServer().listen({ port, host: '127.0.0.1', reusePort: true });
    const [error] = (await once(other, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('EADDRINUSE');
    expect(proxy.errors()).not.toContain('cannot');
  });

  test('resources reach every process, and a process that dies is replaced', async () => {
    const port = await freePort();
    const lds = join(folder, 'lds.yaml');
    const write = (text: string): void => {
      const listener = {
        '@type': 'type.googleapis.com/envoy.config.listener.v3.Listener',
        ...speaker(port, text),
      };
      writeWhole(lds, JSON.stringify({ resources: [listener] }));
    };
    write('one');
    const proxy = run(
      JSON.stringify({ ...ADMIN, dynamic_resources: { lds_config: { path_config_source: { path: lds } } } }),
      '--concurrency',
      '3',
    );
    await ready(proxy);
    const answers = async (): Promise<Set<string>> =>
      new Set(await Promise.all(Array.from({ length: 40 }, () => ask(port))));
    expect(await answers()).toEqual(new Set(['one']));
    write('two');
    await vi.waitFor(async () => expect(await answers()).toEqual(new Set(['two'])), PATIENCE);
    const children = readFileSync(`/proc/${proxy.process.pid}/task/${proxy.process.pid}/children`, 'utf8');
    process.kill(Number(children.trim().split(' ')[0]), 'SIGKILL');
    await vi.waitFor(() => expect(proxy.errors()).toContain('another one starts'), PATIENCE);
    await vi.waitFor(async () => expect(await answers()).toEqual(new Set(['two'])), PATIENCE);
    proxy.process.kill('SIGTERM');
    expect(await proxy.exited).toBe(0);
  });
});
