/**
 * `npm run bench:controller`: what the controller needs to bring many sidecars in sync and to tell them of a
 * change. Needs `../shared/tools` (the load and the mesh), Go and Python; says so when they are missing.
 * Arguments: the numbers of sidecars, 500 and 2,000 when none are given; `--sotw` for state of the world.
 */

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
  streams_broken: 0,
};
const BOUND_SIDECARS = 2000;

/** What the load tells besides what has a bound. */
const SHOWN = ['sync_s', 'mib_received', 'idle_cpu_share', 'change_ms_p50'] as const;

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

/** 1,000 services; the EndpointSlice that is going to change has a file of its own, as an API tells of it alone. */
function writeMesh(folder: string): void {
  const args = ['list', '--services', '1000', '--routed', '200'];
  const { items } = JSON.parse(run('python3', [join(tools, 'meshgen.py'), ...args])) as {
    readonly items: readonly ListItem[];
  };
  const changing = items.filter(
    ({ kind, metadata }) => kind === 'EndpointSlice' && metadata.name === 'svc7-a',
  );
  const rest = items.filter((item) => !changing.includes(item));
  writeFileSync(join(folder, 'mesh.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items: rest }));
  writeFileSync(join(folder, 'slice.json'), JSON.stringify(changing[0]));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => void server.close(() => resolve()));
  return port;
}

/** Runs the load against a controller of its own; what the load tells. */
async function load(work: string, sidecars: number, mode: string): Promise<Readonly<Record<string, number>>> {
  const config = join(work, `mesh-${mode}-${sidecars}`);
  mkdirSync(config);
  writeMesh(config);
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
    const slice = join(config, 'slice.json');
    const touch = `sed 's/"10[.][47][0-9][.]0[.]8"/"10.7'"$I"'.0.8"/' ${slice} >${work}/slice && mv ${work}/slice ${slice}`;
    const args = [
      '-addr',
      `127.0.0.1:${grpc}`,
      '-n',
      String(sidecars),
      '-mode',
      mode,
      '-pid',
      String(controller.pid),
    ];
    const child = spawn(
      join(work, 'xdsload'),
      [...args, '-timeout', '5m', '-touch', touch, '-expect', 'eds'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => (output += part));
    const code = await new Promise((resolve) => child.once('close', resolve));
    if (code !== 0) throw new Error(`the load ends with code ${String(code)}`);
    return JSON.parse(output) as Readonly<Record<string, number>>;
  } finally {
    controller.kill('SIGKILL');
  }
}

/** Prints what was measured; whether it keeps within the bounds, which hold for one number of sidecars. */
function report(sidecars: number, mode: string, measured: Readonly<Record<string, number>>): boolean {
  console.log(`${sidecars} sidecars, ${mode}`);
  for (const name of SHOWN) console.log(`  ${name.padEnd(20)} ${String(measured[name]).padStart(9)}`);
  let isWithin = true;
  for (const [name, bound] of Object.entries(BOUNDS)) {
    const value = measured[name] ?? Number.NaN;
    const isOver = sidecars === BOUND_SIDECARS && mode === 'delta' && !(value <= bound);
    const limit =
      sidecars === BOUND_SIDECARS && mode === 'delta' ? `at most ${bound}${isOver ? ' OVER' : ' ok'}` : '';
    console.log(`  ${name.padEnd(20)} ${String(value).padStart(9)}  ${limit}`);
    isWithin &&= !isOver;
  }
  return isWithin;
}

if (!existsSync(join(tools, 'xdsload')) || spawnSync('go', ['version']).status !== 0) {
  console.log('Nothing is measured: it needs ../shared/tools/xdsload and Go.');
} else {
  const work = mkdtempSync(join(tmpdir(), 'lateen-load-'));
  try {
    run('go', ['build', '-o', join(work, 'xdsload'), '.'], join(tools, 'xdsload'));
    const words = process.argv.slice(2);
    const mode = words.includes('--sotw') ? 'sotw' : 'delta';
    const numbers = words.map(Number).filter((number) => number > 0);
    for (const sidecars of numbers.length > 0 ? numbers : [500, BOUND_SIDECARS]) {
      if (!report(sidecars, mode, await load(work, sidecars, mode))) process.exitCode = 1;
    }
  } finally {
    rmSync(work, { recursive: true });
  }
}
