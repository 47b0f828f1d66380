/** Install, verify, upgrade, uninstall on a real control plane: what goes well, and what stands in the way. */

import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { load } from 'js-yaml';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { PROFILES } from '../../src/install/profiles.ts';
import { type MeshRun, runMesh } from '../cli/run-mesh.ts';
import { tempFolder } from '../cli/temp-folder.ts';
import type { Cluster } from '../peers/cluster.ts';
import { eventually } from '../peers/run-envoy.ts';
import { describeOnCluster } from './on-cluster.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/mesh.js', import.meta.url));

/** Definitions take the API server most of the time; where they are of no matter they are left out. */
const NO_CRDS = ['--set', 'values.base.enableIstioConfigCRDs=false'];

/** Kinds of which an installation must leave nothing. */
const KINDS = [
  'deployments,services,serviceaccounts,configmaps,secrets,roles,rolebindings,horizontalpodautoscalers',
  'poddisruptionbudgets,networkpolicies,clusterroles,clusterrolebindings,mutatingwebhookconfigurations',
  'validatingwebhookconfigurations,pods',
].join(',');

describeOnCluster('the life cycle of an installation', (cluster) => {
  const mesh = (...args: readonly string[]): Promise<MeshRun> =>
    runMesh(args, { env: { KUBECONFIG: cluster().kubeconfig } });
  const kubectl = (...args: readonly string[]): string => {
    const { status, stdout, stderr } = cluster().kubectl(args);
    expect([status, stderr], args.join(' ')).toEqual([0, expect.not.stringContaining('rror')]);
    return stdout;
  };
  /** Everything of ours that is left, but for definitions and namespaces. */
  const left = (): string =>
    kubectl('get', KINDS, '-A', '-l', 'app.kubernetes.io/managed-by=lateen', '-o', 'name').trim();
  const good = ({ code, stderr }: MeshRun): void => expect([code, stderr]).toEqual([0, expect.any(String)]);

  beforeAll(async () => good(await mesh('install', '-y')), 240_000);
  afterEach(async () => {
    cluster().kubectl(['delete', 'validatingwebhookconfiguration', 'no', '--ignore-not-found']);
    cluster().kubectl(['delete', 'resourcequota', '--all', '-n', 'istio-system']);
    cluster().kubectl(['label', 'namespace', 'istio-system', 'pod-security.kubernetes.io/enforce-']);
    good(await mesh('uninstall', '--purge', '-y'));
    expect(left()).toBe('');
  }, 120_000);

  test('kubectl sees what it would see of Istio, and another run changes nothing', async () => {
    const deployments = kubectl(
      '-n',
      'istio-system',
      'get',
      'deployment',
      '-l',
      'istio=sidecar-injector',
      '-o',
      'name',
    );
    expect(deployments.trim().split('\n')).toEqual(['deployment.apps/istiod']);
    const webhook = kubectl('get', 'mutatingwebhookconfiguration', 'istio-sidecar-injector', '-o', 'json');
    const { webhooks } = JSON.parse(webhook) as { webhooks: { namespaceSelector: unknown }[] };
    expect(webhooks.map(({ namespaceSelector }) => namespaceSelector)).toContainEqual({
      matchExpressions: [{ key: 'istio-injection', operator: 'In', values: ['enabled'] }],
    });
    const pods = kubectl('-n', 'istio-system', 'get', 'pods', '-o', 'jsonpath={.items[*].status.phase}');
    expect(new Set(pods.split(' '))).toEqual(new Set(['Running']));
    const verified = await mesh('verify-install');
    expect(verified).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/Checked \d\d+ custom resource/),
    });
    const again = await mesh('install', '-y');
    expect(again).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^0 objects to create, 0 to change, 0 to delete/),
    });
  });

  test('webhooks name the root of an authority that is made once, or that somebody has brought', async () => {
    const roots = (): ReadonlySet<string> => {
      const path = 'jsonpath={range .items[*].webhooks[*]}{.clientConfig.caBundle}{"\\n"}{end}';
      const own = ['-l', 'app.kubernetes.io/managed-by=lateen', '-o', path];
      const bundles = kubectl('get', 'mutatingwebhookconfigurations,validatingwebhookconfigurations', ...own);
      return new Set(bundles.trim().split('\n'));
    };
    const made = (name: string): string =>
      kubectl('-n', 'istio-system', 'get', 'secret', name, '-o', 'jsonpath={.data.root-cert\\.pem}');
    good(await mesh('install', '-y', ...NO_CRDS));
    const root = made('istio-ca-secret');
    expect(new X509Certificate(Buffer.from(root, 'base64'))).toMatchObject({
      subject: 'O=cluster.local',
      ca: true,
    });
    expect(roots()).toEqual(new Set([root]));
    good(await mesh('uninstall', '--purge', '-y'));
    good(await mesh('install', '-y', ...NO_CRDS));
    expect(roots()).toEqual(new Set([root]));
    const own = Buffer.from(root, 'base64').toString('utf8').replace('-----BEGIN', '# ours\n-----BEGIN');
    kubectl(
      '-n',
      'istio-system',
      'create',
      'secret',
      'generic',
      'cacerts',
      `--from-literal=root-cert.pem=${own}`,
    );
    const brought = await mesh('install', '-y', ...NO_CRDS);
    good(brought);
    expect(roots()).toEqual(new Set([made('cacerts')]));
    kubectl('-n', 'istio-system', 'delete', 'secret', 'cacerts');
  });

  test('create-remote-secret gives a kubeconfig with which another cluster reads this one, and no more', async () => {
    good(await mesh('install', '-y', ...NO_CRDS, '--set', 'values.global.multiCluster.enabled=true'));
    const { code, stdout } = await mesh('create-remote-secret', '--name', 'west');
    expect(code).toBe(0);
    const secret = load(stdout.replace(/---\n$/, '')) as {
      readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
      readonly stringData: Readonly<Record<string, string>>;
    };
    expect(secret.metadata).toMatchObject({
      name: 'istio-remote-secret-west',
      labels: { 'istio/multiCluster': 'true' },
    });
    const file = join(tempFolder(), 'west');
    writeFileSync(file, secret.stringData['west'] ?? '', { mode: 0o600 });
    const as = (...args: readonly string[]) => cluster().kubectl(['--kubeconfig', file, ...args]);
    expect(as('get', 'services', '-A').status).toBe(0);
    expect(as('get', 'secrets', '-n', 'istio-system').stderr).toContain('Forbidden');
  });

  test('the profile empty alone is refused, since nothing would come of it', async () => {
    const refused = await mesh('install', '-y', '--set', 'profile=empty');
    expect(refused).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/these settings install nothing[^]*mesh profile list/),
    });
    expect(left()).toBe('');
  });

  test.for(PROFILES)(
    'the profile %s installs, becomes ready, verifies, upgrades by canary and goes',
    async (profile) => {
      // What starts from nothing needs at least one part.
      const part = profile === 'empty' ? ['--set', 'components.pilot.enabled=true'] : [];
      const settings = ['--set', `profile=${profile}`, ...part, ...NO_CRDS];
      good(await mesh('install', '-y', ...settings));
      good(await mesh('verify-install'));
      good(await mesh('upgrade', '-y', '--revision', 'canary'));
      good(await mesh('verify-install', '--revision', 'canary'));
      good(await mesh('verify-install', '--revision', 'default'));
      const old = await mesh('uninstall', '-y', '--revision', 'default');
      expect(old.stderr).toContain('Other control planes stay');
      // The canary lost nothing by it.
      good(await mesh('verify-install', '--revision', 'canary'));
      expect(left()).not.toBe('');
      const listed = await mesh('uninstall', '--purge', '--dry-run', '-o', 'json');
      const { items } = JSON.parse(listed.stdout) as { readonly items: readonly { readonly kind: string }[] };
      expect(items.length).toBeGreaterThan(0);
      const gone = await mesh('uninstall', '--purge', '-y');
      expect(gone.stderr).toContain('kubectl delete crd -l');
      expect(left()).toBe('');
    },
  );

  test('what is no longer wanted goes, and settings are kept over an upgrade', async () => {
    good(await mesh('install', '-y', '--set', 'profile=demo', ...NO_CRDS));
    expect(left()).toContain('istio-egressgateway');
    const change = ['--set', 'profile=minimal', '--set', 'values.global.network=net1', ...NO_CRDS];
    const less = await mesh('install', '-y', ...change);
    expect(less.stdout).toContain('- Deployment istio-system/istio-egressgateway');
    // Its pods go a little after it.
    await eventually(left, (text) => !text.includes('istio-egressgateway'));
    const upgrade = await mesh('upgrade', '-y', '--set', 'meshConfig.enableTracing=true');
    good(upgrade);
    expect(upgrade.stdout).toMatch(/0 objects to create, \d to change, 0 to delete/);
    const config = kubectl('-n', 'istio-system', 'get', 'configmap', 'istio', '-o', 'jsonpath={.data.mesh}');
    expect(config).toContain('enableTracing: true');
    const injector = kubectl(
      '-n',
      'istio-system',
      'get',
      'configmap',
      'istio-sidecar-injector',
      '-o',
      'yaml',
    );
    expect(injector).toContain('net1');
    const dry = await mesh('uninstall', '--purge', '--dry-run');
    expect(dry.stderr).toMatch(/^These stay, with the command that takes each away:$/m);
    expect(dry.stderr).not.toContain('Other control planes');
  });

  test('tags lead to a revision, are listed with their users, and go', async () => {
    for (const revision of ['one', 'two'])
      good(await mesh('install', '-y', '--set', 'profile=minimal', '--revision', revision, ...NO_CRDS));
    expect(await mesh('tag', 'set', 'prod', '-r', 'three')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('There are one, two.'),
    });
    good(await mesh('tag', 'set', 'prod', '-r', 'one'));
    kubectl('create', 'namespace', 'tagged');
    kubectl('label', 'namespace', 'tagged', 'istio.io/rev=prod');
    expect(await mesh('tag', 'set', 'prod', '-r', 'two')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--overwrite'),
    });
    good(await mesh('tag', 'set', 'prod', '-r', 'two', '--overwrite'));
    const listed = await mesh('tag', 'list', '-o', 'json');
    expect(JSON.parse(listed.stdout)).toEqual([{ tag: 'prod', revision: 'two', namespaces: ['tagged'] }]);
    // An installation that is run again does not take it for something of its own.
    const again = await mesh(
      'install',
      '--dry-run',
      '--set',
      'profile=minimal',
      '--revision',
      'two',
      ...NO_CRDS,
    );
    expect(again.stdout).toMatch(/^0 objects to create, 0 to change, 0 to delete/);
    expect(await mesh('tag', 'remove', 'prod')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('tagged'),
    });
    good(await mesh('tag', 'remove', 'prod', '-y'));
    expect((await mesh('tag', 'list')).stderr).toContain('No Istio revision tags found.');
    kubectl('delete', 'namespace', 'tagged', '--wait=false');
  });

  const SMALL = ['--set', 'profile=minimal', ...NO_CRDS];

  /** Fails in time with a message, and, when the cause is gone, the same command mends it. */
  async function failsThenMends(
    words: readonly (string | RegExp)[],
    mend: () => void,
    ...settings: readonly string[]
  ): Promise<void> {
    const command = ['install', '-y', ...SMALL, ...settings];
    const failed = await mesh(...command, '--readiness-timeout', '8s');
    expect(failed.code).toBe(1);
    for (const word of words) expect(failed.stderr).toMatch(word);
    mend();
    good(await mesh(...command, '--readiness-timeout', '3m'));
    good(await mesh('verify-install'));
  }

  test('a quota is named, and when it is raised the same command mends all', async () => {
    kubectl('create', 'quota', 'none', '-n', 'istio-system', '--hard=pods=0');
    // Until its controller has said so in the status, a quota limits nothing.
    const isInForce = '--for=jsonpath={.status.hard.pods}=0';
    kubectl('wait', isInForce, '-n', 'istio-system', 'quota/none', '--timeout=30s');
    await failsThenMends([/exceeded quota: none/, /Raise the ResourceQuota/, /same command again/], () =>
      kubectl('delete', 'quota', 'none', '-n', 'istio-system'),
    );
  });

  test('Pod Security is named', async () => {
    kubectl('label', 'namespace', 'istio-system', 'pod-security.kubernetes.io/enforce=restricted');
    await failsThenMends(
      [/violates PodSecurity "restricted/, /pod-security\.kubernetes\.io\/enforce/],
      () => kubectl('label', 'namespace', 'istio-system', 'pod-security.kubernetes.io/enforce-'),
      '--set',
      'components.pilot.k8s.securityContext.runAsUser=0',
    );
  });

  test('an image that is not there is named', async () => {
    const run = await mesh('install', '-y', ...SMALL, '--set', 'tag=missing', '--readiness-timeout', '10s');
    expect(run).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/ImagePullBackOff.*lateen\/controller:missing[^]*imagePullSecrets/),
    });
    good(await mesh('install', '-y', ...SMALL));
    good(await mesh('verify-install'));
  });

  test('a program that ends at once is named', async () => {
    const run = await mesh('install', '-y', ...SMALL, '--set', 'tag=crashing', '--readiness-timeout', '10s');
    expect(run).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/CrashLoopBackOff[^]*kubectl logs --previous/),
    });
  });

  test('a webhook that refuses is named, and so is one that cannot be reached', async () => {
    const { folder } = cluster();
    const certificate = readFileSync(join(folder, 'apiserver.crt'));
    const server = createServer(
      { cert: certificate, key: readFileSync(join(folder, 'apiserver.key')) },
      async (request, response) => {
        const parts: Buffer[] = [];
        for await (const part of request) parts.push(part as Buffer);
        const { request: asked } = JSON.parse(Buffer.concat(parts).toString()) as {
          request: { uid: string };
        };
        const status = { code: 403, message: 'not on a Friday' };
        response.setHeader('content-type', 'application/json');
        response.end(
          JSON.stringify({
            apiVersion: 'admission.k8s.io/v1',
            kind: 'AdmissionReview',
            response: { uid: asked.uid, allowed: false, status },
          }),
        );
      },
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const applied = cluster().kubectl(['apply', '-f', '-'], JSON.stringify(refusing(port, certificate)));
    expect(applied.stderr).toBe('');
    try {
      const refused = await mesh('install', '-y', ...SMALL);
      expect(refused).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(
          /Service istio-system\/\S+: admission webhook "no\.example\.com" denied.*not on a Friday/,
        ),
      });
    } finally {
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    }
    await failsThenMends([/failed calling webhook "no\.example\.com"/, /cannot reach it/], () =>
      kubectl('delete', 'validatingwebhookconfiguration', 'no'),
    );
  });

  test('the API server may be away for ten seconds', async () => {
    const run = start(cluster(), 'install', '-y', '--set', 'profile=demo', ...NO_CRDS);
    await run.said(/Objects: \d+ to apply/);
    await cluster().stopApiserver();
    await wait(10_000);
    await cluster().startApiserver();
    expect(await run.end).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('does not answer; trying again'),
    });
    good(await mesh('verify-install'));
  });
});

function refusing(port: number, certificate: Uint8Array): unknown {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'no' },
    webhooks: [
      {
        name: 'no.example.com',
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        failurePolicy: 'Fail',
        timeoutSeconds: 2,
        clientConfig: {
          url: `https://127.0.0.1:${port}/`,
          caBundle: Buffer.from(certificate).toString('base64'),
        },
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'istio-system' } },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['services'] }],
      },
    ],
  };
}

interface Running {
  readonly end: Promise<{ readonly code: number | null; readonly stderr: string }>;
  /** Waits until standard error has this. */
  said(words: RegExp): Promise<void>;
}

function start({ kubeconfig }: Cluster, ...args: readonly string[]): Running {
  const child = spawn(process.execPath, [LAUNCHER, ...args], {
    env: { ...process.env, KUBECONFIG: kubeconfig },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  const waiting = new Set<() => void>();
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    for (const check of waiting) check();
  });
  const end = new Promise<{ code: number | null; stderr: string }>((resolve) =>
    child.once('close', (code) => resolve({ code, stderr })),
  );
  const said = (words: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        if (words.test(stderr)) resolve();
      };
      waiting.add(check);
      check();
      void end.then(() => reject(new Error(`it ended without ${String(words)}: ${stderr}`)));
    });
  return { end, said };
}
