/** The proxies that are compared, the backend behind them, and what they use of the processor. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ask, eventually } from '../../peers/run-envoy.ts';
import type { BenchTools } from '../../peers/bench-tools.ts';
import { TARGET } from './bootstrap.ts';

const LAUNCHER = fileURLToPath(new URL('../../../bin/mesh-proxy.js', import.meta.url));
const PLAIN_PROXY = fileURLToPath(new URL('http-proxy-server.mjs', import.meta.url));

/** The core of what is measured, and that of load and backend. */
export const PROXY_CORE = '0';
export const LOAD_CORE = '1';

/** Milliseconds until a process that is not ready is given up. */
const PATIENCE = 60_000;

/** Clock ticks a second, as `/proc` counts. */
const TICKS = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout) || 100;

export interface Running {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  readonly tcp?: number;
  /** Milliseconds from its start until its administration interface said so; NaN for what has none. */
  readonly readyAfter: number;
  stop(): void;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => void server.close(() => resolve()));
  return port;
}

/** CPU seconds of a process and all its threads. */
export function cpuSeconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Resident memory in MiB. */
export function residentMib(pid: number): number {
  const found = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(found?.[1] ?? 0) / 1024;
}

function launch(
  core: string,
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  return spawn('taskset', ['-c', core, program, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...env },
  });
}

/** Where one listens. */
export interface Ports {
  readonly port: number;
  /** Of the administration interface, which says when it is ready. */
  readonly admin?: number;
  readonly tcp?: number;
}

async function running(name: string, child: ChildProcess, ports: Ports): Promise<Running> {
  const begin = performance.now();
  const { port, admin, tcp } = ports;
  let readyAfter = Number.NaN;
  if (admin !== undefined) {
    await ready(admin);
    readyAfter = performance.now() - begin;
  }
  await eventually(
    () => ask(port, '/small', { host: TARGET }),
    ({ status }) => status === 200,
  );
  const { pid = 0 } = child;
  return {
    name,
    pid,
    port,
    ...(tcp === undefined ? {} : { tcp }),
    readyAfter,
    stop: () => child.kill('SIGKILL'),
  };
}

/** Asks every few milliseconds, since that is what is measured. */
async function ready(admin: number): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (performance.now() < end) {
    const answer = await ask(admin, '/ready').catch(() => undefined);
    if (answer?.status === 200) return;
    await pause(4);
  }
  throw new Error(`nothing is ready at ${admin} within ${PATIENCE} ms`);
}

export interface Backend {
  readonly http1: number;
  readonly http2: number;
  stop(): void;
}

/** One KiB for any path, and large bodies; over HTTP/1.1 and over HTTP/2 without TLS. */
export async function startBackend(tools: BenchTools, folder: string): Promise<Backend> {
  const [http1, http2] = [await freePort(), await freePort()];
  writeFileSync(join(folder, 'large'), Buffer.alloc(4 * 1024 * 1024, 'x'));
  const body = 'x'.repeat(1024);
  const server = (listen: string) =>
    `server { listen ${listen}; location /large { root ${folder}; } location / { return 200 "${body}"; } }`;
  writeFileSync(
    join(folder, 'backend.conf'),
    nginxConfig(folder, 'backend', `${server(`127.0.0.1:${http1}`)} ${server(`127.0.0.1:${http2} http2`)}`),
  );
  const child = launch(LOAD_CORE, tools.nginx, ['-p', folder, '-c', join(folder, 'backend.conf')], tools.env);
  await running('backend', child, { port: http1 });
  return { http1, http2, stop: () => child.kill('SIGTERM') };
}

function nginxConfig(folder: string, name: string, servers: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return [
    `worker_processes 1; daemon off; master_process off; pid ${folder}/${name}.pid; error_log ${folder}/${name}.log;`,
    'events { worker_connections 4096; }',
    'http { access_log off; sendfile on; keepalive_requests 100000000; keepalive_timeout 3600;',
    ...temporary.map((one) => `${one}_temp_path ${folder}/${name}-${one};`),
    servers,
    '}',
  ].join('\n');
}

export async function startEnvoy(program: string, file: string, ports: Ports): Promise<Running> {
  const args = ['-c', file, '--concurrency', '1', '--use-dynamic-base-id', '-l', 'error'];
  return running('Envoy', launch(PROXY_CORE, program, args), ports);
}

/** `preload`: a module that is to be loaded before the proxy. */
export async function startOurs(file: string, ports: Ports, preload?: string): Promise<Running> {
  const before = preload === undefined ? [] : ['--import', preload];
  const args = [...before, LAUNCHER, '--engine', 'builtin', '-c', file, '-l', 'error'];
  return running('builtin', launch(PROXY_CORE, process.execPath, args), ports);
}

export async function startNginx(tools: BenchTools, folder: string, backend: Backend): Promise<Running> {
  const port = await freePort();
  const server =
    `upstream b { server 127.0.0.1:${backend.http1}; keepalive 128; } server { listen 127.0.0.1:${port}; ` +
    'location / { proxy_pass http://b; proxy_http_version 1.1; proxy_set_header Connection ""; } }';
  writeFileSync(join(folder, 'nginx.conf'), nginxConfig(folder, 'nginx', server));
  const child = launch(PROXY_CORE, tools.nginx, ['-p', folder, '-c', join(folder, 'nginx.conf')], tools.env);
  return running('nginx', child, { port });
}

export async function startHaproxy(tools: BenchTools, folder: string, backend: Backend): Promise<Running> {
  const port = await freePort();
  writeFileSync(
    join(folder, 'haproxy.cfg'),
    [
      'global',
      '  nbthread 1',
      'defaults',
      '  mode http',
      '  timeout connect 5s',
      '  timeout client 60s',
      '  timeout server 60s',
      '  http-reuse always',
      'frontend f',
      `  bind 127.0.0.1:${port}`,
      '  default_backend b',
      'backend b',
      `  server s 127.0.0.1:${backend.http1}`,
      '',
    ].join('\n'),
  );
  const child = launch(PROXY_CORE, tools.haproxy, ['-db', '-f', join(folder, 'haproxy.cfg')], tools.env);
  return running('HAProxy', child, { port });
}

export async function startHttpProxy(backend: Backend): Promise<Running> {
  const port = await freePort();
  const child = launch(PROXY_CORE, process.execPath, [PLAIN_PROXY, String(port), String(backend.http1)]);
  return running('http-proxy', child, { port });
}
