/**
 * `npm start`: the main job on real traffic. Micro Shake Factory as processes of this machine: the controller over a
 * copy of its manifests, the ingress gateway on the builtin proxy, the applications. Requests are answered, a route is
 * changed by editing a file, and the answers change. In a terminal it goes on until Ctrl-C.
 */

import { spawnSync } from 'node:child_process';
import { request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LocalMesh } from './tour/local-mesh.ts';
import { Processes, freePorts } from './tour/processes.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const factory = 'fixtures/micro-shake-factory';

/** Runs `mesh` as a user would. Ends the tour when it does not do what the text says. */
function mesh(expected: number, ...args: string[]): void {
  console.log(`\n$ mesh ${args.join(' ')}`);
  const { status } = spawnSync(process.execPath, ['bin/mesh.js', ...args], { cwd: root, stdio: 'inherit' });
  if (status === expected) return;
  throw new Error(`that should have ended with exit code ${expected}, but it was ${status}`);
}

interface Question {
  readonly host: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

function ask(
  port: number,
  { host, path, headers = {}, body }: Question,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      path,
      method: body === undefined ? 'GET' : 'POST',
      headers: { host, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      agent: false,
    };
    const call = request(options, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => (text += part));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
      answer.on('error', reject);
    });
    call.on('error', reject);
    call.end(body);
  });
}

function curl(port: number, { host, path, headers = {}, body }: Question): string {
  const all = Object.entries({ Host: host, ...headers }).map(([name, value]) => ` -H '${name}: ${value}'`);
  const data = body === undefined ? '' : ` -H 'Content-Type: application/json' -d '${body}'`;
  return `curl${all.join('')}${data} http://127.0.0.1:${port}${path}`;
}

async function show(port: number, question: Question, expected: RegExp): Promise<void> {
  console.log(`\n$ ${curl(port, question)}`);
  const { status, text } = await ask(port, question);
  console.log(text);
  if (status !== 200 || !expected.test(text))
    throw new Error(`that should have been 200 with ${expected}, but it was ${status}`);
}

const SPECIAL: Question = { host: 'fruits.micro-shake.example', path: '/api/fruits/special' };
const TESTER: Question = { ...SPECIAL, headers: { version: '2' } };
const BLENDER: Question = {
  host: 'juice.micro-shake.example',
  path: '/api/juice-shop/blender',
  headers: { country: 'au' },
  body: '{"fruits":["kiwi","mandarin"]}',
};

/** How many of so many requests each version answers. */
async function versions(port: number, requests: number): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (let count = 0; count < requests; count++) {
    const { text } = await ask(port, SPECIAL);
    const version = (JSON.parse(text) as { ver: string }).ver;
    counts.set(version, (counts.get(version) ?? 0) + 1);
  }
  return counts;
}

async function tour(processes: Processes, local: LocalMesh): Promise<void> {
  const { gateway, admin, discovery, controller, fruitsV1, fruitsV2, juice } = local.ports;
  console.log(
    'Micro Shake Factory: two services, an ingress gateway, routes. First, is its configuration sound?',
  );
  mesh(0, 'validate', `${factory}/manifests`);
  mesh(0, 'analyze', '--use-kube=false', `${factory}/manifests`);

  console.log(
    '\nNow it runs, as processes of this machine: the controller, the ingress gateway, three applications.',
  );
  const apps = join(factory, 'apps');
  const app = (name: string, script: string, port: number, env: Readonly<Record<string, string>>): void =>
    processes.start(name, join(apps, script), [], { HOST: '127.0.0.1', PORT: String(port), ...env });
  app('fruits-api v1', 'fruits-api.mjs', fruitsV1, { app_version: '1' });
  app('fruits-api v2', 'fruits-api.mjs', fruitsV2, { app_version: '2' });
  app('juice-shop-api', 'juice-shop-api.mjs', juice, { FRUITS_API: `http://127.0.0.1:${fruitsV1}` });
  processes.start('mesh-controller', 'bin/mesh-controller.js', [
    '--config',
    local.manifests,
    '--grpc-addr',
    `127.0.0.1:${discovery}`,
    '--http-addr',
    `127.0.0.1:${controller}`,
  ]);
  processes.start('mesh-proxy', 'bin/mesh-proxy.js', [
    '--engine',
    'builtin',
    '-c',
    local.bootstrap,
    '-l',
    'warning',
  ]);
  await processes.until(
    'the gateway',
    async () => (await ask(admin, { host: 'localhost', path: '/ready' })).status === 200,
  );
  await processes.until('the first answer', async () => (await ask(gateway, SPECIAL)).status === 200);
  await processes.until(
    'juice',
    async () =>
      (await ask(gateway, { ...BLENDER, path: '/api/juice-shop/hello', body: undefined })).status === 200,
  );

  console.log('Testers choose version 2 with a header:');
  await show(gateway, TESTER, /"Orange"/);
  console.log('\nA juice is blended; the shop asks for the price of each fruit:');
  await show(gateway, BLENDER, /4\.9/);

  const shares = await versions(gateway, 50);
  console.log(
    `\nOf 50 requests without the header, version 1 answers ${shares.get('1') ?? 0}, version 2 ${shares.get('2') ?? 0}.`,
  );
  console.log('An edit of the route, in a copy of fruits-api-traffic.yaml, sends all of them to version 2:');
  console.log(
    '-         weight: 90    of v1\n-         weight: 10    of v2\n+         weight: 0\n+         weight: 100',
  );
  const edited = performance.now();
  local.edit('fruits-api-traffic.yaml', (text) =>
    text.replace('weight: 90', 'weight: 0').replace('weight: 10\n', 'weight: 100\n'),
  );
  await processes.until('the new route', async () => (await versions(gateway, 20)).get('2') === 20);
  console.log(`After ${Math.round(performance.now() - edited)} ms:`);
  await show(gateway, SPECIAL, /"Orange"/);
}

function nextSteps({ manifests, ports }: LocalMesh): string {
  return `
It goes on until Ctrl-C. What to try next:
  edit ${manifests}/fruits-api-traffic.yaml
  ${curl(ports.gateway, SPECIAL)}
  curl http://127.0.0.1:${ports.admin}/config_dump           what the gateway is configured with
  curl http://127.0.0.1:${ports.admin}/stats/prometheus      what it counts
  curl http://127.0.0.1:${ports.controller}/debug/syncz             what the controller knows of it`;
}

const AFTER = `
What to try next, with "npx mesh" in place of "mesh" in this folder:
  mesh analyze --use-kube=false ${factory}/broken     what mistakes are told
  mesh route --host fruits.micro-shake.example --path /api/fruits/special ${factory}/manifests
  mesh explain VirtualService.spec.http.retries     what a field means, offline
  mesh --help                                       everything else`;

const interrupted = Promise.withResolvers<void>();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => interrupted.resolve());
}

const [gateway = 0, admin = 0, discovery = 0, controller = 0, fruitsV1 = 0, fruitsV2 = 0, juice = 0] =
  await freePorts(7);
const processes = new Processes(root);
const local = new LocalMesh(join(root, factory), {
  gateway,
  admin,
  discovery,
  controller,
  fruitsV1,
  fruitsV2,
  juice,
});
process.on('exit', () => local.close());
let failure: unknown;
let isInterrupted = false;
void interrupted.promise.then(() => {
  isInterrupted = true;
  return processes.close();
});
try {
  await tour(processes, local);
  if (process.stdout.isTTY && process.env.CI === undefined) {
    console.log(nextSteps(local));
    await interrupted.promise;
  }
} catch (error) {
  failure = error;
}
await processes.close();
local.close();
if (failure !== undefined && !isInterrupted) {
  console.error(`\n${(failure as Error).message}`);
  process.exit(1);
}
console.log(AFTER);
process.exit(0);
