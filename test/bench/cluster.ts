/**
 * `npm run bench:cluster`: how long `mesh analyze` takes for a cluster with 5,000 objects, and how much it asks, on
 * a real control plane (`npm run peers`). Ends with 1 when a bound is broken.
 */

import { spawnSync } from 'node:child_process';
import { loadAccess } from '../../src/kube/access.ts';
import { KubeClient } from '../../src/kube/client.ts';
import { inParallel } from '../../src/base/parallel.ts';
import { listPath } from '../../src/kube/resource-path.ts';
import { type Cluster, startCluster } from '../peers/cluster.ts';
import { findCluster } from '../peers/tools.ts';
import { mesh } from './measure.ts';

/** Services and VirtualServices, half of each. */
const OBJECTS = 5_000;
const NAMESPACES = 20;
const RUNS = 3;
/** Seconds of wall time, and requests to the API server. */
const BOUNDS = { seconds: 3, requests: 120 };

function run(cluster: Cluster, ...args: readonly string[]): string {
  const result = spawnSync(process.execPath, [mesh, ...args], {
    env: { ...process.env, KUBECONFIG: cluster.kubeconfig },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (result.status !== 0) throw new Error(`mesh ${args.join(' ')}: ${result.stderr}`);
  return result.stderr;
}

async function fill(cluster: Cluster): Promise<void> {
  const client = new KubeClient(await loadAccess({ kubeconfig: cluster.kubeconfig }));
  const { signal } = new AbortController();
  const create = async (object: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly namespace?: string };
    readonly spec?: unknown;
  }): Promise<void> => {
    await client.write('POST', listPath(object, object.metadata.namespace), { signal, body: object });
  };
  for (let index = 0; index < NAMESPACES; index++) {
    await create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: `shop-${index}` } });
  }
  const indexes = Array.from({ length: OBJECTS / 2 }, (_, index) => index);
  await inParallel(indexes, 16, async (index) => {
    const metadata = { name: `web-${index}`, namespace: `shop-${index % NAMESPACES}` };
    const service = { selector: { app: metadata.name }, ports: [{ name: 'http', port: 80 }] };
    await create({ apiVersion: 'v1', kind: 'Service', metadata, spec: service });
    const rules = { hosts: [metadata.name], http: [{ route: [{ destination: { host: metadata.name } }] }] };
    await create({ apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', metadata, spec: rules });
  });
}

const tools = findCluster();
if ('missing' in tools) {
  process.stderr.write(`There is no ${tools.missing}; see npm run peers.\n`);
  process.exit(1);
}
const cluster = await startCluster(tools);
try {
  run(cluster, 'install', '-y', '--set', 'profile=minimal');
  await fill(cluster);
  const times: number[] = [];
  let requests = 0;
  for (let index = 0; index < RUNS; index++) {
    const began = performance.now();
    const stderr = run(cluster, 'analyze', '-A', '--verbose');
    times.push((performance.now() - began) / 1000);
    requests = Number(/(\d+) requests/.exec(stderr)?.[1]);
  }
  const seconds = times.toSorted((one, other) => one - other)[Math.floor(RUNS / 2)] ?? Number.NaN;
  process.stdout.write(
    `mesh analyze -A of ${OBJECTS} objects: ${seconds.toFixed(2)} s (at most ${BOUNDS.seconds}), ` +
      `${requests} requests (at most ${BOUNDS.requests})\n`,
  );
  process.exitCode = seconds <= BOUNDS.seconds && requests <= BOUNDS.requests ? 0 : 1;
} finally {
  await cluster.stop();
}
