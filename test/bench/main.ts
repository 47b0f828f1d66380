/**
 * `npm run bench`: time and memory of the commands as ratios to `node -e 0` in the same run. Needs
 * `../shared/tools/meshgen.py` and Python for the large meshes; says so when they are missing.
 */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LookInside } from './look-inside.ts';
import { type Measurement, measure, mesh } from './measure.ts';

const fixtures = fileURLToPath(new URL('../../fixtures/micro-shake-factory/manifests', import.meta.url));
const meshgen = fileURLToPath(new URL('../../../shared/tools/meshgen.py', import.meta.url));
const oneFile = join(fixtures, 'fruits-api.yaml');

/** A stream of Deployments, as many as asked for. */
function deployments(count: number): string {
  return Array.from(
    { length: count },
    (_, index) => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop-${index}
spec:
  selector: {matchLabels: {app: shop-${index}}}
  template:
    metadata:
      labels:
        app: shop-${index}   # the selector's
    spec:
      containers:
        - name: shop
          image: shop:1.0.0
          ports:
            - name: http
              containerPort: 3000
          readinessProbe:
            httpGet: {path: /healthz, port: http}
`,
  ).join('---\n');
}

const injection = mkdtempSync(join(tmpdir(), 'lateen-inject-'));
const oneDeployment = join(injection, 'one.yaml');
const manyDeployments = join(injection, 'many.yaml');
writeFileSync(oneDeployment, deployments(1));
writeFileSync(manyDeployments, deployments(1000));

const baseline = measure('node -e 0', ['-e', '0'], { runs: 31 });

/** A row of the table, and whether it keeps within its bound. */
function row(
  result: Measurement,
  most?: { ratio?: number; mebibytes?: number; milliseconds?: number },
): boolean {
  const ratio = result.milliseconds / baseline.milliseconds;
  const slow =
    (most?.ratio !== undefined && ratio > most.ratio) ||
    (most?.milliseconds !== undefined && result.milliseconds > most.milliseconds);
  const large = most?.mebibytes !== undefined && result.mebibytes > most.mebibytes;
  const bounds = [
    most?.ratio === undefined ? '' : `at most ${most.ratio}x`,
    most?.milliseconds === undefined ? '' : `at most ${most.milliseconds} ms`,
    most?.mebibytes === undefined ? '' : `${most.mebibytes} MiB`,
  ];
  const verdict = most === undefined ? '' : slow || large ? 'OVER' : 'ok';
  console.log(
    `${result.label.padEnd(34)} ${result.milliseconds.toFixed(1).padStart(8)} ms ${ratio.toFixed(2).padStart(7)}x ` +
      `${result.mebibytes.toFixed(0).padStart(5)} MiB  ${bounds.filter((text) => text !== '').join(', ')} ${verdict}`,
  );
  return !slow && !large;
}

const results = [
  row(baseline),
  row(measure('mesh version', [mesh, 'version'], { runs: 21 }), { ratio: 1.8 }),
  row(measure('mesh --help', [mesh, '--help'], { runs: 11 })),
  row(measure('mesh validate, one file', [mesh, 'validate', oneFile], { runs: 21 }), { ratio: 2.5 }),
  row(measure('mesh kube-inject, one', [mesh, 'kube-inject', '-f', oneDeployment], { runs: 21 }), {
    ratio: 2.5,
  }),
  row(measure('mesh kube-inject, 1000', [mesh, 'kube-inject', '-f', manyDeployments], { runs: 7 }), {
    ratio: 20,
  }),
  row(
    measure('mesh manifest generate, demo', [mesh, 'manifest', 'generate', '--set', 'profile=demo'], {
      runs: 11,
    }),
    {
      ratio: 6,
    },
  ),
];
rmSync(injection, { recursive: true });

const server = spawn(process.execPath, [fileURLToPath(new URL('look-inside.ts', import.meta.url))], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
try {
  const [line] = (await once(server.stdout, 'data')) as [Buffer];
  const look = JSON.parse(line.toString()) as LookInside;
  const [small, large] = [look.small, look.large].map((file) => ['--kubeconfig', file]);
  results.push(
    row(measure('mesh version, of a cluster', [mesh, 'version', ...(small ?? [])], { runs: 11 }), {
      ratio: 6,
    }),
    row(measure('mesh proxy-status, small', [mesh, 'proxy-status', ...(small ?? [])], { runs: 11 }), {
      ratio: 6,
    }),
    row(
      measure('mesh revision list', [mesh, 'experimental', 'revision', 'list', ...(small ?? [])], {
        runs: 11,
      }),
      { ratio: 6 },
    ),
    row(measure('mesh proxy-status, 2000 proxies', [mesh, 'proxy-status', ...(large ?? [])], { runs: 5 }), {
      milliseconds: 3000,
    }),
    row(
      measure('mesh proxy-config route, 50 MiB', [mesh, 'proxy-config', 'route', '-f', look.dump], {
        runs: 3,
      }),
      {
        milliseconds: 2000,
        mebibytes: 500,
      },
    ),
  );
  rmSync(look.folder, { recursive: true });
} finally {
  server.kill();
}

if (existsSync(meshgen)) {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-mesh-'));
  try {
    for (const services of [400, 4000]) {
      const files = join(folder, String(services));
      const made = spawnSync('python3', [meshgen, 'files', files, '--services', String(services)], {
        stdio: 'ignore',
      });
      if (made.status !== 0) throw new Error('meshgen.py failed: is python3 installed?');
      const bounds =
        services === 400
          ? [
              { ratio: 13, mebibytes: 200 },
              { ratio: 20, mebibytes: 200 },
            ]
          : [];
      const runs = services === 400 ? 7 : 3;
      const objects = `${services * 5} objects`;
      results.push(
        row(
          measure(`mesh validate, ${objects}`, [mesh, 'validate', files], { runs, exitCodes: [0, 1] }),
          bounds[0],
        ),
        row(
          measure(`mesh analyze, ${objects}`, [mesh, 'analyze', '--use-kube=false', files], {
            runs,
            exitCodes: [0, 79],
          }),
          bounds[1],
        ),
      );
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
} else {
  console.log('The large meshes are left out: ../shared/tools/meshgen.py is not there.');
}

process.exitCode = results.every(Boolean) ? 0 : 1;
