/**
 * Hours in small: steady load on each of many services while their routes and some of their clusters change again and
 * again, as discovery by files. What a proxy holds must not grow with it.
 */

import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { BenchTools } from '../../peers/bench-tools.ts';
import { benchBootstrap } from './bootstrap.ts';
import { everyService } from './load.ts';
import { type Backend, type Running, freePort, residentMib, startOurs } from './processes.ts';

const REPORTER = fileURLToPath(new URL('report-resources.mjs', import.meta.url));

/** Milliseconds between two requests of a connection: about a thousand requests a second in all. */
const PACE = 60;
/** Milliseconds between two changes of the configuration, and between two looks at the memory. */
const CHANGE_EVERY = 5_000;
const LOOK_EVERY = 1_000;
/** How many of the clusters change each time. */
const CHANGING = 100;
/** Parts of the time that are compared: once all is compiled, and the end. */
const WARM = [0.2, 0.4] as const;
const END = [0.8, 1] as const;

export interface SoakSetup {
  readonly seconds: number;
  readonly services: number;
  readonly routed: number;
}

export interface SoakOutcome {
  /** MiB, the median of the looks when it was warm and at the end. */
  readonly before: number;
  readonly after: number;
  readonly changes: number;
  readonly requests: number;
  /** When warm and at the end, while the load is on. */
  readonly sockets: readonly number[];
  readonly timers: readonly number[];
}

type Json = Record<string, unknown>;

export async function soak(
  tools: BenchTools,
  folder: string,
  backend: Backend,
  setup: SoakSetup,
): Promise<SoakOutcome> {
  const { seconds, services } = setup;
  const configuration = await dynamic(folder, backend, setup);
  const report = join(folder, 'resources.json');
  process.env['SOAK_REPORT'] = report;
  const proxy = await startOurs(configuration.file, configuration.ports, REPORTER);
  const looks: number[] = [];
  const counts: Readonly<Record<string, number>>[] = [];
  let changes = 0;
  try {
    const load = everyService(tools, proxy, seconds, services, folder, PACE);
    const begin = performance.now();
    const share = (): number => (performance.now() - begin) / (seconds * 1_000);
    for (let at: number = WARM[1]; share() < 0.98; await pause(LOOK_EVERY)) {
      looks.push(residentMib(proxy.pid));
      if (performance.now() - begin >= changes * CHANGE_EVERY) configuration.change(changes++);
      if (share() < at) continue;
      counts.push(await resources(proxy, report));
      at = at < 0.95 ? 0.95 : 2;
    }
    const requests = await load;
    const count = (name: string) => counts.map((one) => one[name] ?? 0);
    return {
      before: median(looks, WARM),
      after: median(looks, END),
      changes,
      requests,
      sockets: count('TCPSocketWrap'),
      timers: count('Timeout'),
    };
  } finally {
    proxy.stop();
  }
}

async function resources({ pid }: Running, report: string): Promise<Readonly<Record<string, number>>> {
  rmSync(report, { force: true });
  process.kill(pid, 'SIGUSR2');
  while (!existsSync(report) || readFileSync(report, 'utf8') === '') await pause(20);
  return JSON.parse(readFileSync(report, 'utf8')) as Record<string, number>;
}

function median(looks: readonly number[], [from, to]: readonly [number, number]): number {
  const part = looks
    .slice(Math.floor(looks.length * from), Math.ceil(looks.length * to))
    .sort((a, b) => a - b);
  return part[Math.floor(part.length / 2)] ?? Number.NaN;
}

/** The bench's bootstrap with its routes, and its last clusters, in files that change. */
async function dynamic(folder: string, backend: Backend, { services, routed }: SoakSetup) {
  const ports = { admin: await freePort(), port: await freePort(), tcp: await freePort() };
  const bootstrap = structuredClone(
    benchBootstrap(
      { services, routed, telemetry: false },
      { ...ports, http: ports.port, backend: backend.http1, backend2: backend.http2 },
    ),
  ) as { static_resources: { clusters: Json[]; listeners: Json[] } } & Json;
  const { clusters } = bootstrap.static_resources;
  const changing = clusters.splice(clusters.length - 1 - CHANGING, CHANGING);
  const manager = managerOf(bootstrap.static_resources.listeners[0] ?? {});
  const routes = manager['route_config'] as { name: string; virtual_hosts: Json[] };
  delete manager['route_config'];
  const [cds, rds] = [join(folder, 'cds.json'), join(folder, 'rds.json')];
  const source = (path: string) => ({ path_config_source: { path }, resource_api_version: 'V3' });
  manager['rds'] = { route_config_name: routes.name, config_source: source(rds) };
  bootstrap['dynamic_resources'] = { cds_config: source(cds) };
  const change = (number: number): void => {
    const timeout = `${1 + (number % 2)}s`;
    replace(
      cds,
      number,
      'envoy.config.cluster.v3.Cluster',
      changing.map((one) => ({ ...one, connect_timeout: timeout })),
    );
    replace(rds, number, 'envoy.config.route.v3.RouteConfiguration', [
      {
        ...routes,
        response_headers_to_add: [{ header: { key: 'x-change', value: String(number) } }],
      },
    ]);
  };
  change(0);
  const file = join(folder, 'soak.json');
  writeFileSync(file, JSON.stringify(bootstrap));
  return { file, ports, change };
}

function managerOf(listener: Json): Json {
  const [chain] = listener['filter_chains'] as { filters: { typed_config: Json }[] }[];
  const manager = chain?.filters[0]?.typed_config;
  if (manager === undefined) throw new Error('the listener has no connection manager');
  return manager;
}

/** As a whole, so that nobody reads half of it. */
function replace(path: string, version: number, type: string, resources: readonly Json[]): void {
  const typed = resources.map((one) => ({ '@type': `type.googleapis.com/${type}`, ...one }));
  writeFileSync(`${path}.new`, JSON.stringify({ version_info: String(version), resources: typed }));
  renameSync(`${path}.new`, path);
}
