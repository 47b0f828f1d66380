/**
 * Hours in small: steady load on each of many services while a controller changes their routes and some of their clusters
 * again and again. What a proxy holds must not grow with it.
 */

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Message, create } from '@bufbuild/protobuf';
import { DurationSchema } from '@bufbuild/protobuf/wkt';
import { Log } from '../../../src/base/log.ts';
import { DiscoveryListener } from '../../../src/controller/discovery/grpc.ts';
import { DiscoveryMetrics } from '../../../src/controller/discovery/metrics.ts';
import { DiscoveryServer } from '../../../src/controller/discovery/server.ts';
import { HeaderValueOptionSchema } from '../../../src/xds/proto/generated/envoy/config/core/v3/base_pb.js';
import { CLUSTER_TYPE, ENDPOINT_TYPE, type ProxyResources, ROUTE_TYPE } from '../../../src/xds/resource.ts';
import type { BenchTools } from '../../peers/bench-tools.ts';
import { discoveringBootstrap } from './bootstrap.ts';
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

export async function soak(
  tools: BenchTools,
  folder: string,
  backend: Backend,
  setup: SoakSetup,
): Promise<SoakOutcome> {
  const { seconds, services } = setup;
  const configuration = await controlled(folder, backend, setup);
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
    await configuration.close();
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

/** A controller in this process that the proxy gets clusters, endpoints and routes from, as they change. */
async function controlled(folder: string, backend: Backend, { services, routed }: SoakSetup) {
  const discovery = new DiscoveryServer({
    versionPrefix: 'soak',
    maxBytesInFlight: 16 << 20,
    log: new Log('error', (line) => console.error(line)),
    metrics: new DiscoveryMetrics(),
    now: () => Date.now(),
  });
  const door = await DiscoveryListener.start(discovery, {
    address: { host: '127.0.0.1', port: 0 },
    sendTimeout: 60_000,
  });
  const ports = { admin: await freePort(), port: await freePort(), tcp: await freePort() };
  const { bootstrap, resources } = discoveringBootstrap(
    { services, routed, telemetry: false },
    { ...ports, http: ports.port, backend: backend.http1, backend2: backend.http2 },
    door.port,
  );
  const { clusters, route, endpointsOf } = resources;
  const resource = (typeUrl: string, name: string, message: Message) => ({ typeUrl, name, message });
  const endpoints = clusters.map(({ name }) => resource(ENDPOINT_TYPE, name, endpointsOf(name)));
  const same = clusters.slice(CHANGING).map((one) => resource(CLUSTER_TYPE, one.name, one));
  const change = (number: number): void => {
    const connectTimeout = create(DurationSchema, { seconds: BigInt(1 + (number % 2)) });
    const header = { header: { key: 'x-change', value: String(number) } };
    const state = {
      clusters: [
        ...clusters
          .slice(0, CHANGING)
          .map((one) => resource(CLUSTER_TYPE, one.name, { ...one, connectTimeout } as Message)),
        ...same,
      ],
      endpoints,
      listeners: [],
      routes: [
        resource(ROUTE_TYPE, route.name, {
          ...route,
          responseHeadersToAdd: [create(HeaderValueOptionSchema, header)],
        } as Message),
      ],
      extensions: [],
    } as unknown as ProxyResources;
    discovery.update(() => state);
  };
  change(0);
  const file = join(folder, 'soak.json');
  writeFileSync(file, JSON.stringify(bootstrap));
  return { file, ports, change, close: () => door.drain(100) };
}
