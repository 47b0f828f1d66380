/**
 * `npm run bench:proxy`: the builtin proxy beside Envoy with the same resources, and beside nginx, HAProxy and npm's
 * http-proxy without any, by CPU time of the proxy's process for each request. Everything is compared within one run.
 * Arguments: the seconds of each measurement, 6 when none are given; `--only NAME` for one of the parts.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findEnvoy } from '../../peers/envoy.ts';
import { benchTools } from '../../peers/bench-tools.ts';
import { type BenchSetup, benchBootstrap } from './bootstrap.ts';
import { http1Cost, http2Cost, largeRate, latencyP99 } from './load.ts';
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

/** The most of what Envoy needs; for rates the least. */
const BOUNDS = { http1: 0.6, telemetry: 0.8, http2: 1.5, grpc: 1.5, tcp: 1.2, latency: 1.2, large: 0.8 };
const MOST_MIB = 120;
const MOST_START = 400;
const ROUNDS = 2;

const args = process.argv.slice(2);
const only = args.includes('--only') ? args[args.indexOf('--only') + 1] : undefined;
const seconds = Number(args.find((arg) => /^\d+$/.test(arg)) ?? 6);
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
  if (engine === 'ours') return startOurs(file, http, tcp);
  if (envoyProgram === undefined) throw new Error('there is no Envoy: run `npm run peers`');
  return startEnvoy(envoyProgram, file, http, tcp);
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
): Promise<readonly number[]> {
  const found = proxies.map(() => Number.NaN);
  for (let round = 0; round < ROUNDS; round++) {
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

function bounded(name: string, value: number, most: number, unit: string): void {
  if (value > most) failed = true;
  console.log(
    `${name.padEnd(10)} ${value.toFixed(0)} ${unit} (<= ${most}) ${value > most ? 'MISSED' : 'ok'}`,
  );
}

const PARTS: Readonly<Record<string, (backend: Backend) => Promise<void>>> = {
  async http1(backend) {
    await pair({ services: 100, telemetry: false }, backend, async ({ envoy, ours }) => {
      const others = [
        await startNginx(tools, folder, backend),
        await startHaproxy(tools, folder, backend),
        await startHttpProxy(backend),
      ];
      try {
        const all = [envoy, ours, ...others];
        const costs = await inTurns(
          all,
          async (proxy) => (await http1Cost(tools, proxy, proxy.port, seconds)).microseconds,
        );
        report('http1', 'us', costs);
        for (const [index, { name }] of others.entries()) {
          console.log(`           ${name} ${(costs[index + 2] ?? 0).toFixed(1)} us`);
        }
      } finally {
        for (const other of others) other.stop();
      }
      const rates = await inTurns([envoy, ours], (proxy) => largeRate(tools, proxy, seconds), Math.max);
      report(
        'large',
        'MiB/s',
        rates.map((rate) => rate / 2 ** 20),
        true,
      );
      report(
        'latency',
        'ms',
        await inTurns([envoy, ours], (proxy) => latencyP99(tools, proxy, seconds, folder)),
      );
      const tcp = async (proxy: Running) =>
        (await http1Cost(tools, proxy, proxy.tcp ?? 0, seconds)).microseconds;
      report('tcp', 'us', await inTurns([envoy, ours], tcp));
    });
  },
  async telemetry(backend) {
    await pair({ services: 100, telemetry: true }, backend, async ({ envoy, ours }) => {
      const cost = async (proxy: Running) =>
        (await http1Cost(tools, proxy, proxy.port, seconds)).microseconds;
      report('telemetry', 'us', await inTurns([envoy, ours], cost));
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
  async memory(backend) {
    const ours = await start('ours', { services: 1_000, routed: 200, telemetry: false }, backend);
    try {
      bounded('start', ours.readyAfter, MOST_START, 'ms');
      await http1Cost(tools, ours, ours.port, seconds);
      bounded('memory', residentMib(ours.pid), MOST_MIB, 'MiB');
    } finally {
      ours.stop();
    }
  },
};

const backend = await startBackend(tools, folder);
try {
  for (const [name, part] of Object.entries(PARTS))
    if (only === undefined || only === name) await part(backend);
} finally {
  backend.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
