/**
 * `npm run bench:controller`: what the controller needs to bring many sidecars in sync and to tell them of a
 * change. Needs `../shared/tools` (the load and the mesh), Go and Python; says so when they are missing.
 * Arguments choose what is measured, all but the long growth when none are given: `delta`, `sotw`, `routes` (a
 * VirtualService changes), `scoped` (Sidecar scopes), `growth` (by number of services, to 2,000; `--long` to 8,000).
 */

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ask, eventually } from '../peers/run-envoy.ts';

const launcher = fileURLToPath(new URL('../../bin/mesh-controller.js', import.meta.url));
const tools = fileURLToPath(new URL('../../../shared/tools', import.meta.url));

/** Bounds for 2,000 sidecars. CPU in seconds, memory in MiB, times in milliseconds. */
const BOUNDS = {
  sync_cpu_s: 60,
  peak_mib: 1000,
  rss_mib: 700,
  change_ms_p99: 400,
  change_cpu_s_each: 0.35,
};

type Measure = keyof typeof BOUNDS;

/** What the load tells besides what has a bound. */
const SHOWN = ['sync_s', 'mib_received', 'idle_cpu_share', 'change_ms_p50'] as const;

/** One run of the load. */
interface Run {
  readonly title: string;
  readonly sidecars: number;
  readonly services: number;
  readonly mode: 'delta' | 'sotw';
  readonly isScoped?: boolean;
  /** What changes: the endpoints of one service, or one VirtualService. */
  readonly change: 'eds' | 'rds';
  /** How many times the bounds may be reached; none hold when absent. */
  readonly times?: number;
  /** Bounds that hold. */
  readonly bounded?: readonly Measure[];
}

const COST: readonly Measure[] = ['sync_cpu_s', 'peak_mib', 'rss_mib', 'change_cpu_s_each'];
const MESH = { sidecars: 2000, services: 1000, change: 'eds' } as const;

const RUNS = {
  delta: { title: 'delta', ...MESH, mode: 'delta', times: 1, bounded: [...COST, 'change_ms_p99'] },
  sotw: {
    title: 'state of the world',
    ...MESH,
    mode: 'sotw',
    times: 1.5,
    bounded: [...COST, 'change_ms_p99'],
  },
  routes: { title: 'a VirtualService changes', ...MESH, sidecars: 500, mode: 'delta', change: 'rds' },
  scoped: {
    title: 'Sidecar scopes',
    sidecars: 5000,
    services: 5000,
    mode: 'delta',
    change: 'eds',
    isScoped: true,
    times: 3,
    bounded: COST,
  },
} as const satisfies Record<string, Run>;

const GROWTH = [250, 500, 1000, 2000, 4000, 8000];
/** Beyond this many services only with `--long`. */
const SHORT_GROWTH = 2000;
const GROWTH_SIDECARS = 200;

type Measured = Readonly<Record<string, unknown>>;

interface ListItem {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

function run(program: string, args: readonly string[], cwd?: string): string {
  const result = spawnSync(program, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (result.status !== 0) {
    throw new Error(`${program} ${args.join(' ')} fails: ${result.error?.message ?? result.stderr}`);
  }
  return result.stdout;
}

/** What is going to change has files of its own, as an API tells of it alone. */
function writeMesh(folder: string, { services, isScoped = false }: Run): void {
  const args = ['list', '--services', String(services), '--routed', '200', ...(isScoped ? ['--scoped'] : [])];
  const { items } = JSON.parse(run('python3', [join(tools, 'meshgen.py'), ...args])) as {
    readonly items: readonly ListItem[];
  };
  const named = (kind: string, name: string): ListItem | undefined =>
    items.find((item) => item.kind === kind && item.metadata.name === name);
  const [slice, route] = [named('EndpointSlice', 'svc7-a'), named('VirtualService', 'svc7')];
  const rest = items.filter((item) => item !== slice && item !== route);
  writeFileSync(join(folder, 'mesh.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items: rest }));
  writeFileSync(join(folder, 'slice.json'), JSON.stringify(slice));
  writeFileSync(join(folder, 'route.json'), JSON.stringify(route));
}

/** A command that makes one change; `$I` is the round. */
function touch(config: string, work: string, { change }: Run): string {
  const [file, pattern] =
    change === 'eds'
      ? ['slice.json', `s/"10[.][47][0-9][.]0[.]8"/"10.7'"$I"'.0.8"/`]
      : ['route.json', `s/"perTryTimeout":"[0-9]*s"/"perTryTimeout":"'"$((I + 3))"'s"/`];
  const path = join(config, file ?? '');
  return `sed '${pattern}' ${path} >${work}/changed && mv ${work}/changed ${path}`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => void server.close(() => resolve()));
  return port;
}

/** Runs the load against a controller of its own; what the load tells. */
async function load(work: string, one: Run): Promise<Measured> {
  const config = mkdtempSync(join(work, 'mesh-'));
  writeMesh(config, one);
  const [grpc, http] = [await freePort(), await freePort()];
  const addresses = ['--grpc-addr', `127.0.0.1:${grpc}`, '--http-addr', `127.0.0.1:${http}`];
  const flags = ['--config', config, ...addresses, '--log-level', 'error'];
  const controller = spawn(process.execPath, [launcher, ...flags], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    await eventually(
      () => ask(http, '/ready'),
      ({ status }) => status === 200,
    );
    const to = ['-addr', `127.0.0.1:${grpc}`, '-n', String(one.sidecars), '-mode', one.mode];
    const change = ['-touch', touch(config, work, one), '-expect', one.change];
    const args = [...to, '-pid', String(controller.pid), '-timeout', '5m', ...change];
    const child = spawn(join(work, 'xdsload'), args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => (output += part));
    const code = await new Promise((resolve) => child.once('close', resolve));
    if (code !== 0) throw new Error(`the load ends with code ${String(code)}`);
    return JSON.parse(output) as Measured;
  } finally {
    controller.kill('SIGKILL');
  }
}

function row(name: string, value: unknown, verdict = ''): void {
  console.log(`  ${name.padEnd(20)} ${String(value).padStart(9)}  ${verdict}`);
}

/** Prints what was measured; whether it keeps within the bounds. */
function report(one: Run, measured: Measured): boolean {
  console.log(`${one.title}: ${one.sidecars} sidecars, ${one.services} services`);
  for (const name of SHOWN) row(name, measured[name]);
  let isWithin = true;
  for (const [name, bound] of Object.entries(BOUNDS) as [Measure, number][]) {
    const value = Number(measured[name]);
    const holds = one.bounded?.includes(name) === true;
    const limit = bound * (one.times ?? 1);
    const isOver = holds && !(value <= limit);
    row(name, value, holds ? `at most ${Number(limit.toFixed(2))} ${isOver ? 'OVER' : 'ok'}` : '');
    isWithin &&= !isOver;
  }
  const broken = Number(measured['streams_broken']);
  row('streams_broken', broken, `at most 0 ${broken > 0 ? 'OVER' : 'ok'}`);
  const wanted = one.change === 'eds' ? 'ClusterLoadAssignment' : 'RouteConfiguration';
  const messages = Object.entries(measured['change_messages'] as Record<string, number>);
  const others = messages.filter(([type, count]) => type !== wanted && count > 0);
  row('others_pushed', others.length, `at most 0 ${others.length > 0 ? 'OVER' : 'ok'}`);
  return isWithin && broken === 0 && others.length === 0;
}

/** What grows with the number of services. */
async function growth(work: string, isLong: boolean): Promise<void> {
  const columns = ['sync_cpu_s', 'peak_mib', 'rss_mib', 'change_cpu_s_each', 'change_ms_p50'];
  console.log(`growth, ${GROWTH_SIDECARS} sidecars`);
  console.log(`  ${['services', ...columns].map((name) => name.padStart(18)).join('')}`);
  for (const services of GROWTH.filter((count) => isLong || count <= SHORT_GROWTH)) {
    const measured = await load(work, {
      title: '',
      sidecars: GROWTH_SIDECARS,
      services,
      mode: 'delta',
      change: 'eds',
    });
    const values = [services, ...columns.map((name) => measured[name])];
    console.log(`  ${values.map((value) => String(value).padStart(18)).join('')}`);
  }
}

if (!existsSync(join(tools, 'xdsload')) || spawnSync('go', ['version']).status !== 0) {
  console.log('Nothing is measured: it needs ../shared/tools/xdsload and Go.');
} else {
  const work = mkdtempSync(join(tmpdir(), 'lateen-load-'));
  try {
    run('go', ['build', '-o', join(work, 'xdsload'), '.'], join(tools, 'xdsload'));
    const words = process.argv.slice(2).filter((word) => word !== '--long');
    const isLong = process.argv.includes('--long');
    const unknown = words.find((word) => word !== 'growth' && !Object.hasOwn(RUNS, word));
    if (unknown !== undefined) throw new Error(`there is nothing called ${unknown} to measure`);
    for (const [name, one] of Object.entries(RUNS)) {
      if (words.length > 0 && !words.includes(name)) continue;
      if (!report(one, await load(work, one))) process.exitCode = 1;
    }
    if (words.length === 0 || words.includes('growth')) await growth(work, isLong);
  } finally {
    rmSync(work, { recursive: true });
  }
}
