/**
 * `npm run bench:proxy`: the builtin proxy beside Envoy with the same resources, and beside nginx, HAProxy and npm's
 * http-proxy without any, by CPU time of the proxy's process for each request. Everything is compared within one run.
 * Arguments: the seconds of each measurement, 6 when none are given; `--only NAME` for one of the parts. `--only soak` is
 * ten minutes of load with changes of the configuration, unless other seconds are given.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findEnvoy } from '../../peers/envoy.ts';
import { benchTools } from '../../peers/bench-tools.ts';
import { type BenchSetup, benchBootstrap } from './bootstrap.ts';
import { everyService, http1Cost, http2Cost, largeRate, latencyP99 } from './load.ts';
import {
  type Backend,
  type Running,
  freePort,
  residentMib,
  startBackend,
  startEnvoy,
  startHaproxy,
  startHttpProxy,
  startNginx,
  startOurs,
} from './processes.ts';
import { soak } from './soak.ts';

/** The most of what Envoy needs; for rates the least. */
const BOUNDS = { http1: 0.6, telemetry: 0.8, http2: 1.5, grpc: 1.5, tcp: 1.2, latency: 1.2, large: 0.8 };
const MOST_MIB = 120;
const MOST_START = 400;
/** How much more than when it was warm. */
const MOST_GROWTH = 1.05;
const ROUNDS = 2;
/** A thousand requests a second need longer until all code that they run has been compiled. */
const LATENCY_ROUNDS = 4;
/** The best of them counts: nothing but the machine makes one slower than another. */
const STARTS = 5;
/** Seconds. */
const SOAK = 600;

const args = process.argv.slice(2);
const only = args.includes('--only') ? args[args.indexOf('--only') + 1] : undefined;
const digits = args.find((arg) => /^\d+$/.test(arg));
const given = digits === undefined ? undefined : Number(digits);
const seconds = given ?? 6;
const tools = benchTools();
const envoyProgram = findEnvoy();
const folder = mkdtempSync(join(tmpdir(), 'lateen-bench-proxy-'));
let failed = false;

interface Pair {
  readonly envoy: Running;
  readonly ours: Running;
}

async function start(engine: 'envoy' | 'ours', setup: BenchSetup, backend: Backend): Promise<Running> {
  const [admin, http, tcp] = [await freePort(), await freePort(), await freePort()];
  const ports = { admin, http, tcp, backend: backend.http1, backend2: backend.http2 };
  const file = join(folder, `${engine}-${http}.json`);
  const accessLog = setup.telemetry ? join(folder, `${engine}-access.log`) : '';
  writeFileSync(file, JSON.stringify(benchBootstrap({ ...setup, accessLog }, ports)));
  if (engine === 'ours') return startOurs(file, { admin, port: http, tcp });
  if (envoyProgram === undefined) throw new Error('there is no Envoy: run `npm run peers`');
  return startEnvoy(envoyProgram, file, { admin, port: http, tcp });
}

async function pair(setup: BenchSetup, backend: Backend, use: (pair: Pair) => Promise<void>): Promise<void> {
  const envoy = await start('envoy', setup, backend);
  const ours = await start('ours', setup, backend);
  try {
    await use({ envoy, ours });
  } finally {
    envoy.stop();
    ours.stop();
  }
}

/** The better of the rounds, taken in turns. */
async function inTurns(
  proxies: readonly Running[],
  measure: (proxy: Running) => Promise<number>,
  best: (one: number, other: number) => number = Math.min,
  rounds = ROUNDS,
): Promise<readonly number[]> {
  const found = proxies.map(() => Number.NaN);
  for (let round = 0; round < rounds; round++) {
    for (const [index, proxy] of proxies.entries()) {
      const value = await measure(proxy);
      const before = found[index] ?? Number.NaN;
      found[index] = Number.isNaN(before) ? value : best(before, value);
    }
  }
  return found;
}

/** `atLeast`: the ratio is not to fall below the bound. */
function report(
  name: keyof typeof BOUNDS,
  unit: string,
  [envoy = 0, ours = 0]: readonly number[],
  atLeast = false,
): void {
  const ratio = ours / envoy;
  const bound = BOUNDS[name];
  const fits = atLeast ? ratio >= bound : ratio <= bound;
  if (!fits) failed = true;
  const sign = atLeast ? '>=' : '<=';
  console.log(
    `${name.padEnd(10)} Envoy ${envoy.toFixed(1)} ${unit}, builtin ${ours.toFixed(1)} ${unit}: ` +
      `${ratio.toFixed(2)} (${sign} ${bound}) ${fits ? 'ok' : 'MISSED'}`,
  );
}

function bounded(name: string, value: number, most: number, unit: string, of: string): void {
  if (value > most) failed = true;
  const verdict = value > most ? 'MISSED' : 'ok';
  console.log(`${name.padEnd(10)} ${value.toFixed(0)} ${unit} (<= ${most}) ${verdict}: ${of}`);
}

const cost = async (proxy: Running, port = proxy.port): Promise<number> =>
  (await http1Cost(tools, proxy, port, seconds)).microseconds;

async function large(proxies: readonly Running[]): Promise<void> {
  const rates = await inTurns(proxies, (proxy) => largeRate(tools, proxy, seconds), Math.max);
  report(
    'large',
    'MiB/s',
    rates.map((rate) => rate / 2 ** 20),
    true,
  );
}

async function latency(proxies: readonly Running[]): Promise<void> {
  const p99 = (proxy: Running) => latencyP99(tools, proxy, seconds, folder);
  report('latency', 'ms', await inTurns(proxies, p99, Math.min, LATENCY_ROUNDS));
}

async function tcp(proxies: readonly Running[]): Promise<void> {
  report('tcp', 'us', await inTurns(proxies, (proxy) => cost(proxy, proxy.tcp)));
}

async function http1(proxies: readonly Running[], backend: Backend): Promise<void> {
  const others = [
    await startNginx(tools, folder, backend),
    await startHaproxy(tools, folder, backend),
    await startHttpProxy(backend),
  ];
  try {
    const costs = await inTurns([...proxies, ...others], (proxy) => cost(proxy));
    report('http1', 'us', costs);
    for (const [index, { name }] of others.entries()) {
      console.log(`           ${name} ${(costs[index + 2] ?? 0).toFixed(1)} us`);
    }
  } finally {
    for (const other of others) other.stop();
  }
}

/** Envoy and the builtin proxy with a hundred services, and what is measured of both. */
const sidecar =
  (measure: (proxies: readonly Running[], backend: Backend) => Promise<void>) => (backend: Backend) =>
    pair({ services: 100, telemetry: false }, backend, ({ envoy, ours }) => measure([envoy, ours], backend));

/** Most sidecars of a mesh of a thousand services know rules for some of them; at worst each has its own. */
const THOUSAND = [200, 1_000].map((routed) => ({ services: 1_000, routed, telemetry: false }));

const PARTS: Readonly<Record<string, (backend: Backend) => Promise<void>>> = {
  http1: sidecar(http1),
  large: sidecar(large),
  latency: sidecar(latency),
  tcp: sidecar(tcp),
  async telemetry(backend) {
    await pair({ services: 100, telemetry: true }, backend, async ({ envoy, ours }) => {
      report('telemetry', 'us', await inTurns([envoy, ours], (proxy) => cost(proxy)));
    });
  },
  async http2(backend) {
    await pair({ services: 100, telemetry: false, http2: true }, backend, async ({ envoy, ours }) => {
      const plain = async (proxy: Running) => (await http2Cost(tools, proxy, seconds)).microseconds;
      report('http2', 'us', await inTurns([envoy, ours], plain));
      const headers = ['content-type: application/grpc', 'te: trailers'];
      const grpc = async (proxy: Running) => (await http2Cost(tools, proxy, seconds, headers)).microseconds;
      report('grpc', 'us', await inTurns([envoy, ours], grpc));
    });
  },
  async start(backend) {
    for (const setup of THOUSAND) {
      const found = { envoy: Infinity, ours: Infinity };
      for (let round = 0; round < STARTS; round++) {
        for (const engine of ['envoy', 'ours'] as const) {
          const proxy = await start(engine, setup, backend);
          found[engine] = Math.min(found[engine], proxy.readyAfter);
          proxy.stop();
        }
      }
      bounded(
        'start',
        found.ours,
        MOST_START,
        'ms',
        `${setup.routed} of 1,000 services with routes of their own`,
      );
      console.log(`           Envoy ${found.envoy.toFixed(0)} ms: ${(found.ours / found.envoy).toFixed(2)}`);
    }
  },
  async memory(backend) {
    for (const setup of THOUSAND) {
      const ours = await start('ours', setup, backend);
      const resident = (when: string): void =>
        bounded('memory', residentMib(ours.pid), MOST_MIB, 'MiB', `${setup.routed} routed, ${when}`);
      try {
        resident('idle');
        await http1Cost(tools, ours, ours.port, seconds);
        resident('after load on one service');
        await everyService(tools, ours, seconds, setup.services, folder);
        resident('after load on each service');
      } finally {
        ours.stop();
      }
    }
  },
  /** Only when it is asked for. */
  async soak(backend) {
    const { before, after, changes, requests, sockets, timers } = await soak(tools, folder, backend, {
      seconds: given ?? SOAK,
      services: 1_000,
      routed: 200,
    });
    console.log(
      `soak       ${requests} requests, ${changes} changes of the configuration; ` +
        `sockets ${sockets.join(' to ')}, timers ${timers.join(' to ')}`,
    );
    const growth = after / before;
    if (growth > MOST_GROWTH) failed = true;
    console.log(
      `soak       ${before.toFixed(0)} MiB when warm, ${after.toFixed(0)} MiB at the end: ${growth.toFixed(2)} ` +
        `(<= ${MOST_GROWTH}) ${growth > MOST_GROWTH ? 'MISSED' : 'ok'}`,
    );
    bounded('soak', after, MOST_MIB, 'MiB', 'at the end');
  },
};

const backend = await startBackend(tools, folder);
try {
  for (const [name, part] of Object.entries(PARTS))
    if (only === undefined ? name !== 'soak' : only === name) await part(backend);
} finally {
  backend.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
