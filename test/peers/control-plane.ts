/** A real Kubernetes API server with its own etcd, on free loopback ports, for as long as a test runs. */

import { spawnSync } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Child, end, ended, start } from './children.ts';
import { freePorts } from './free-ports.ts';
import type { ControlPlaneTools } from './tools.ts';

export interface KubectlRun {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ControlPlane {
  /** `https://127.0.0.1:PORT`. */
  readonly server: string;
  /** File that names the server and an administrator. */
  readonly kubeconfig: string;
  /** A folder of the test's own, removed with the rest. Holds the certificate `apiserver.crt` and `service-account.key`. */
  readonly folder: string;
  /** Runs kubectl as the administrator and waits for it. */
  kubectl(args: readonly string[], stdin?: string): KubectlRun;
  /** Stops the API server alone, at once, as if its machine failed; etcd keeps what it was told. */
  stopApiserver(): Promise<void>;
  /** Starts the API server again, and waits until it is ready. */
  startApiserver(): Promise<void>;
  /** Has etcd forget all but the newest state: what a watch went on from before is gone. */
  compact(): Promise<void>;
  /** Stops both programs and removes all that they wrote. */
  stop(): Promise<void>;
}

/** Longest wait for a program to become ready, in milliseconds. */
const READY_WITHIN = 60_000;

/**
 * Starts both and waits until the API server is ready. Throws with the end of a program's log if it ends.
 * `flags` are further ones for the API server.
 */
export async function startControlPlane(
  tools: ControlPlaneTools,
  flags: readonly string[] = [],
): Promise<ControlPlane> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(tools, flags);
    } catch (error) {
      // Between finding a port and using it, another test may have taken it.
      if (attempt === 3 || !String(error).includes('address already in use')) throw error;
    }
  }
}

async function startOnce(tools: ControlPlaneTools, flags: readonly string[]): Promise<ControlPlane> {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-control-plane-'));
  const children: Child[] = [];
  // A test that is cut short must not leave its servers behind either.
  const abandon = (): void => {
    for (const child of children) child.process.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  process.once('exit', abandon);
  const stop = async (): Promise<void> => {
    for (const child of children.toReversed()) await end(child);
    process.off('exit', abandon);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const [clientPort, peerPort, securePort] = await freePorts(3);
    const etcd = `http://127.0.0.1:${clientPort}`;
    children.push(start(tools.etcd, etcdArgs(folder, etcd, `http://127.0.0.1:${peerPort}`), folder));
    const token = randomUUID();
    const args = [...apiserverArgs(folder, etcd, String(securePort), token), ...flags];
    children.push(start(tools.kubeApiserver, args, folder));
    const server = `https://127.0.0.1:${securePort}`;
    await ready(server, children);
    const kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(kubeconfig, kubeconfigText(server, readFileSync(join(folder, 'apiserver.crt')), token));
    const kubectl = (args: readonly string[], stdin = ''): KubectlRun => {
      const run = spawnSync(
        tools.kubectl,
        ['--kubeconfig', kubeconfig, '--cache-dir', join(folder, 'kubectl'), ...args],
        { input: stdin, encoding: 'utf8', maxBuffer: 1 << 28 },
      );
      if (run.error !== undefined) throw run.error;
      return { status: run.status ?? 1, stdout: run.stdout, stderr: run.stderr };
    };
    const stopApiserver = async (): Promise<void> => {
      const child = children.pop();
      if (child !== undefined) await end(child, 'SIGKILL');
    };
    const startApiserver = async (): Promise<void> => {
      children.push(start(tools.kubeApiserver, args, folder));
      await ready(server, children);
    };
    const compact = (): Promise<void> => compactEtcd(etcd);
    return { server, kubeconfig, folder, kubectl, stopApiserver, startApiserver, compact, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function etcdArgs(folder: string, client: string, peer: string): readonly string[] {
  return [
    '--name=test',
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=test=${peer}`,
    '--logger=zap',
    '--log-level=warn',
  ];
}

function apiserverArgs(folder: string, etcd: string, port: string, token: string): readonly string[] {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const write = (name: string, text: string): string => {
    const file = join(folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  return [
    `--etcd-servers=${etcd}`,
    `--cert-dir=${folder}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--service-account-key-file=${write('service-account.pub', publicKey)}`,
    `--service-account-signing-key-file=${write('service-account.key', privateKey)}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    '--service-cluster-ip-range=10.96.0.0/16',
    '--authorization-mode=RBAC',
    `--token-auth-file=${write('tokens.csv', `${token},admin,admin,"system:masters"\n`)}`,
    '--allow-privileged=true',
    '--enable-priority-and-fairness=false',
    '--endpoint-reconciler-type=none',
  ];
}

/** etcd's API as JSON: the newest revision, and a compaction up to it. */
async function compactEtcd(etcd: string): Promise<void> {
  const post = async (path: string, body: unknown): Promise<unknown> => {
    const answer = await fetch(`${etcd}/v3/kv/${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`etcd refuses ${path}: ${await answer.text()}`);
    return answer.json();
  };
  const { header } = (await post('range', { key: 'AA==' })) as {
    readonly header: { readonly revision: string };
  };
  await post('compaction', { revision: header.revision, physical: true });
}

async function ready(server: string, children: readonly Child[]): Promise<void> {
  const deadline = Date.now() + READY_WITHIN;
  for (;;) {
    const dead = children.find((child) => ended(child.process));
    const late = Date.now() > deadline;
    if (dead !== undefined || late) {
      const { name, log } = dead ?? children.at(-1) ?? { name: 'nothing', log: '' };
      const tail = readFileSync(log, 'utf8').slice(-4_000);
      throw new Error(`${name} ${late ? 'is not ready in time' : 'ended'}:\n${tail}`);
    }
    if ((await statusOf(`${server}/readyz`)) === 200) return;
    await wait(100);
  }
}

/** The status of an answer, or undefined when nobody answers. The certificate was made a moment ago. */
function statusOf(url: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const request = get(url, { rejectUnauthorized: false, timeout: 2_000, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(undefined));
  });
}

/** A kubeconfig file for a server with this certificate, and a user with this token. */
export function kubeconfigText(server: string, certificate: Uint8Array, token: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    clusters: [
      {
        name: 'test',
        cluster: { server, 'certificate-authority-data': Buffer.from(certificate).toString('base64') },
      },
    ],
    users: [{ name: 'admin', user: { token } }],
  });
}
