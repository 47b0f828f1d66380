/**
 * Fetches and builds the real components that end-to-end tests run against, once for each machine:
 * `npm run peers`. Where that cannot be done it says which tests are left out, and fails when CI is set.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { setPriority } from 'node:os';
import { dirname, join } from 'node:path';
import { installDistributionPrograms } from './distribution-programs.ts';
import { findEnvoy, installEnvoy } from './envoy.ts';
import {
  etcdFolder,
  findBrowser,
  findCluster,
  findControlPlane,
  findEtcd,
  findPrometheus,
  inCi,
  KUBERNETES_MODULE,
  kubernetesFolder,
  kubernetesVersion,
  KUBERNETES_PROGRAMS,
  KWOK_VERSION,
  kwokFolder,
  prometheusFolder,
} from './tools.ts';
import { networkProblem } from './world/network.ts';

/** Tries to install what is missing. Returns why something still is, each as a sentence. */
export function installPeers(): readonly string[] {
  return [
    installEnvoy(intoPlace),
    installKubernetes(),
    installKwok(),
    installEtcd(),
    installPrometheus(),
    installDistributionPrograms(say),
  ].filter((problem) => problem !== undefined);
}

/** Builds what is missing of one release, together: each program adds little to what the first has compiled. */
function installKubernetes(): string | undefined {
  const folder = kubernetesFolder();
  const missing = KUBERNETES_PROGRAMS.filter((program) => !existsSync(join(folder, program)));
  if (missing.length === 0) return undefined;
  const names = missing.join(', ');
  if (!hasGo()) return `${names} cannot be built: there is no Go (https://go.dev/dl/).`;
  const version = kubernetesVersion();
  say(`Building ${names} ${version}: once, some 8 minutes on two cores for all of them …`);
  return addTo(folder, missing, (work) => {
    const built = spawnSync(
      'go',
      [
        'build',
        '-trimpath',
        '-buildvcs=false',
        // Without its version kubectl cannot make out which servers it may talk to.
        `-ldflags=-s -w -X k8s.io/component-base/version.gitVersion=${version}`,
        '-o',
        `${work}/`,
        ...missing.map((program) => `k8s.io/kubernetes/cmd/${program}`),
      ],
      {
        cwd: KUBERNETES_MODULE,
        env: { ...process.env, CGO_ENABLED: '0' },
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    );
    return built.status === 0 ? undefined : `${names} cannot be built: see above.`;
  });
}

/** The program that plays the nodes of a cluster, and says of pods that they run. */
function installKwok(): string | undefined {
  const folder = kwokFolder();
  if (existsSync(join(folder, 'kwok'))) return undefined;
  if (!hasGo()) return 'kwok cannot be built: there is no Go (https://go.dev/dl/).';
  say(`Building kwok ${KWOK_VERSION}: once, some 2 minutes on two cores …`);
  return addTo(folder, ['kwok'], (work) => {
    const built = spawnSync(
      'go',
      ['install', '-trimpath', '-ldflags=-s -w', `sigs.k8s.io/kwok/cmd/kwok@${KWOK_VERSION}`],
      {
        cwd: work,
        env: { ...process.env, CGO_ENABLED: '0', GOBIN: work },
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    );
    return built.status === 0 ? undefined : 'kwok cannot be built: see above.';
  });
}

function hasGo(): boolean {
  return spawnSync('go', ['version']).status === 0;
}

/** Adds these files to a folder that may have others already, each of them moved there as a whole. */
function addTo(
  folder: string,
  files: readonly string[],
  fill: (work: string) => string | undefined,
): string | undefined {
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(`${folder}.new-`);
  try {
    const problem = fill(work);
    if (problem !== undefined) return problem;
    for (const file of files) renameSync(join(work, file), join(folder, file));
    return undefined;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function installEtcd(): string | undefined {
  return findEtcd() === undefined ? unpack('etcd', 'etcd-server', etcdFolder()) : undefined;
}

function installPrometheus(): string | undefined {
  return findPrometheus() === undefined ? unpack('Prometheus', 'prometheus', prometheusFolder()) : undefined;
}

/**
 * Unpacks the distribution's package and does not install it: that needs no root, and starts no service. Only
 * where the lists of packages are missing, root fetches them.
 */
function unpack(title: string, name: string, folder: string): string | undefined {
  if (spawnSync('apt-get', ['--version']).status !== 0) {
    return `${title} is not on the path, and there is no apt-get to fetch it with: install ${title}.`;
  }
  say(`Fetching ${title} from the distribution …`);
  return intoPlace(folder, (work) => {
    const download = (): boolean =>
      spawnSync('apt-get', ['download', name], { cwd: work, stdio: 'ignore' }).status === 0;
    if (!download()) {
      spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore' });
      if (!download())
        return `${title} cannot be fetched: \`apt-get download ${name}\` fails (try it as root).`;
    }
    const archive = readdirSync(work).find((file) => file.endsWith('.deb')) ?? '';
    const unpacked = spawnSync('dpkg-deb', ['-x', archive, '.'], { cwd: work, stdio: 'inherit' });
    rmSync(join(work, archive), { force: true });
    return unpacked.status === 0 ? undefined : `${title} cannot be unpacked: see above.`;
  });
}

/** Fills a new folder and moves it to its place as a whole, so that nobody ever finds half of it. */
function intoPlace(folder: string, fill: (work: string) => string | undefined): string | undefined {
  mkdirSync(dirname(folder), { recursive: true });
  const work = mkdtempSync(`${folder}.new-`);
  try {
    const problem = fill(work);
    if (problem !== undefined) return problem;
    rmSync(folder, { recursive: true, force: true });
    renameSync(work, folder);
    return undefined;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

if (import.meta.main) {
  // The long build stays behind whatever else the machine has to do.
  setPriority(10);
  const problems = installPeers();
  for (const problem of problems) say(problem);
  if (findEnvoy() === undefined) {
    say('Tests against a real Envoy are left out.');
    if (inCi()) process.exitCode = 1;
  }
  const [server, cluster] = [findControlPlane(), findCluster()];
  if ('missing' in server) {
    say(`Tests against a real Kubernetes API server are left out: no ${server.missing}.`);
  } else if ('missing' in cluster) {
    say(`Tests against a whole Kubernetes control plane are left out: no ${cluster.missing}.`);
  }
  if (findPrometheus() === undefined) say('Tests against a real Prometheus are left out.');
  if (findBrowser() === undefined) say('Tests in a real browser are left out: no chromium-headless-shell.');
  const network = networkProblem();
  if (network !== undefined) say(`Tests in networks of their own are left out: they need ${network}.`);
  const isComplete =
    !('missing' in cluster) &&
    findPrometheus() !== undefined &&
    findBrowser() !== undefined &&
    network === undefined;
  if (inCi() && !isComplete) process.exitCode = 1;
}
