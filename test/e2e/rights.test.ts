/**
 * The roles of docs/roles.md: each command that only reads a cluster is run as a user who has just the roles in its
 * row, and as one who has none. Behind the pods stand our controller and the builtin engine.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadAll } from 'js-yaml';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/generated/commands.ts';
import { type MeshRun, runMesh, type RunOptions } from '../cli/run-mesh.ts';
import { freePorts } from '../peers/free-ports.ts';
import { ask, bootstrapOf, eventually } from '../peers/run-envoy.ts';
import { describeOnCluster } from './on-cluster.ts';

const program = (name: string): string => fileURLToPath(new URL(`../../bin/${name}.js`, import.meta.url));

const DOCUMENT = readFileSync(fileURLToPath(new URL('../../docs/roles.md', import.meta.url)), 'utf8');

/** Commands that ask no cluster, or change one. */
const OTHERS: ReadonlySet<string> = new Set([
  'create-remote-secret',
  'experimental add-to-mesh deployment',
  'experimental add-to-mesh service',
  'experimental authz convert',
  'experimental config list',
  'experimental kube-uninject',
  'experimental remove-from-mesh deployment',
  'experimental remove-from-mesh service',
  'explain',
  'help',
  'install',
  'manifest diff',
  'manifest generate',
  'options',
  'profile diff',
  'profile dump',
  'profile list',
  'route test',
  'schema',
  'tag generate',
  'tag remove',
  'tag set',
  'upgrade',
  'validate',
]);

const POD = 'web-0.shop';

interface Run {
  /** `FOLDER` is a temporary one. */
  readonly argv: readonly string[];
  readonly stdin?: string;
  /** Ends only when it is interrupted. */
  readonly endless?: true;
  /** With the roles; 0 when left out. 1 where the proxy has nothing of that kind, which the command says. */
  readonly code?: number;
}

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: 'web:1'}]}
`;

/** How each command of the table is run. */
const RUNS: Readonly<Record<string, Run>> = {
  analyze: { argv: ['-A', '--exit-zero'] },
  check: { argv: [] },
  precheck: { argv: ['--skip-controlplane'] },
  'verify-install': { argv: [] },
  'upgrade-check': { argv: [] },
  diff: { argv: ['cluster', 'minimal'] },
  uninstall: { argv: ['--purge', '--dry-run'] },
  'tag list': { argv: [] },
  'experimental revision list': { argv: [] },
  'experimental injector list': { argv: [] },
  'experimental check-inject': { argv: [POD] },
  'experimental describe pod': { argv: [POD] },
  'experimental describe service': { argv: ['web.shop'] },
  'authn tls-check': { argv: [POD] },
  route: { argv: ['--use-kube', '--host', 'web', '--from', 'shop/web-0'] },
  'kube-inject': { argv: ['--use-kube', '-f', '-'], stdin: deployment },
  'proxy-config all': { argv: [POD] },
  'proxy-config bootstrap': { argv: [POD] },
  'proxy-config cluster': { argv: ['deploy/istiod.istio-system', '--proxy-admin-port', '15000'] },
  'proxy-config diff': { argv: [POD, POD] },
  'proxy-config ecds': { argv: [POD], code: 1 },
  'proxy-config endpoint': { argv: [POD] },
  'proxy-config listener': { argv: [POD] },
  'proxy-config log': { argv: ['-l', 'app=web', '-n', 'shop'] },
  'proxy-config rootca-compare': { argv: [POD, POD], code: 1 },
  'proxy-config route': { argv: ['svc/web.shop'] },
  'proxy-config secret': { argv: [POD] },
  'proxy-status': { argv: [] },
  version: { argv: [] },
  'admin log': { argv: [] },
  'experimental authz check': { argv: [POD] },
  'experimental envoy-stats': { argv: [POD] },
  'experimental internal-debug': { argv: ['syncz'] },
  'experimental wait': { argv: ['destinationrule', 'web.shop', '--timeout', '20s'] },
  dashboard: { argv: ['controller', '--browser=false', '--port', '0'], endless: true },
  'bug-report': { argv: ['--include', 'shop', '--output-dir', 'FOLDER'] },
};

const OBJECTS = `apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web, namespace: shop}
spec: {host: web, trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}}
`;

const WEB_0 = `apiVersion: v1
kind: Pod
metadata: {name: web-0, namespace: shop, labels: {app: web}}
spec: {containers: [{name: main, image: 'web:1'}, {name: istio-proxy, image: 'proxy:1'}]}
`;

const NODE = {
  id: 'sidecar~127.0.0.1~web-0.shop~shop.svc.cluster.local',
  metadata: { NAMESPACE: 'shop', LABELS: { app: 'web' }, ISTIO_VERSION: '1.27.0', CLUSTER_ID: 'Kubernetes' },
};

const [grpcPort = 0, httpPort = 0, adminPort = 0] = await freePorts(3);

/** Ports of the pods of a namespace, and those of this machine that stand for them. */
const KWOK = [
  [
    'istio-system',
    [
      [8080, httpPort],
      [15_014, httpPort],
      [15_000, adminPort],
    ],
  ] as const,
  ['shop', [[15_000, adminPort]]] as const,
]
  .map(([namespace, ports]) =>
    JSON.stringify({
      apiVersion: 'kwok.x-k8s.io/v1alpha1',
      kind: 'ClusterPortForward',
      metadata: { name: namespace },
      spec: {
        selector: { matchNamespaces: [namespace] },
        forwards: ports.map(([port, target]) => ({
          ports: [port],
          target: { address: '127.0.0.1', port: target },
        })),
      },
    }),
  )
  .join('\n---\n');

interface Row {
  readonly command: string;
  readonly roles: readonly string[];
}

const ROWS: readonly Row[] = [...DOCUMENT.matchAll(/^\| `mesh ([^`]+)`[^|]*\| ([^|]+) \|$/gm)].map(
  ([, command = '', roles = '']) => ({ command, roles: roles.split(', ') }),
);

interface Role {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

const ROLES: readonly Role[] = [...DOCUMENT.matchAll(/```yaml\n([^]*?)```/g)].flatMap(([, yaml = '']) =>
  (loadAll(yaml) as Role[]).filter(({ kind }) => /^(Cluster)?Role$/.test(kind)),
);

const userOf = (command: string): string => `only-${command.replaceAll(' ', '-')}`;

/** Gives each row's roles, and nothing else, to a user of its own. */
function bindings(): string {
  return ROWS.flatMap(({ command, roles }) =>
    roles.map((name) => {
      const role = ROLES.find(({ metadata }) => metadata.name === name);
      if (role === undefined) throw new Error(`docs/roles.md names ${name} and does not have it`);
      const user = userOf(command);
      return JSON.stringify({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: `${role.kind}Binding`,
        metadata: { ...role.metadata, name: `${name}-${user}` },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: role.kind, name },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
      });
    }),
  ).join('\n---\n');
}

test('the table of rights has each command that reads a cluster, and no other', () => {
  const reading = COMMANDS.filter(({ hidden }) => !hidden)
    .map(({ path }) => path.join(' '))
    .filter((command) => !OTHERS.has(command));
  const listed = ROWS.map(({ command }) => command);
  expect(listed.toSorted()).toEqual(reading.toSorted());
  expect([...Object.keys(RUNS), 'completion'].toSorted()).toEqual(reading.toSorted());
});

describeOnCluster(
  'rights that commands need',
  (cluster) => {
    const folder = mkdtempSync(join(tmpdir(), 'lateen-rights-'));
    const children: ChildProcess[] = [];

    const apply = (text: string): void => {
      const { status, stderr } = cluster().kubectl(['apply', '--server-side', '-f', '-'], text);
      expect([status, stderr]).toEqual([0, '']);
    };

    async function mesh(argv: readonly string[], options: RunOptions = {}): Promise<MeshRun> {
      return runMesh(argv, { ...options, times: [Date.now()], env: { KUBECONFIG: cluster().kubeconfig } });
    }

    /** Runs the command of a row; one that goes on for ever is interrupted after so many milliseconds. */
    async function run(command: string, user: string, patience: number): Promise<MeshRun> {
      const { argv, stdin, endless } = RUNS[command] ?? { argv: [] };
      const options = {
        ...(stdin === undefined ? {} : { stdin }),
        ...(endless === true ? { interrupt: AbortSignal.timeout(patience) } : {}),
      };
      return mesh(
        [...command.split(' '), ...argv.map((word) => (word === 'FOLDER' ? folder : word)), '--as', user],
        options,
      );
    }

    beforeAll(async () => {
      writeFileSync(join(folder, 'mesh.yaml'), OBJECTS);
      const addresses = ['--grpc-addr', `127.0.0.1:${grpcPort}`, '--http-addr', `127.0.0.1:${httpPort}`];
      children.push(
        spawn(process.execPath, [program('mesh-controller'), '--config', folder, ...addresses], {
          stdio: 'ignore',
        }),
      );
      const installed = await mesh(['install', '-y', '--set', 'profile=minimal']);
      expect([installed.code, installed.stderr]).toEqual([0, expect.any(String)]);
      apply(OBJECTS);
      await eventually(
        async () => cluster().kubectl(['apply', '-f', '-'], WEB_0),
        ({ status }) => status === 0,
      );
      apply(ROLES.map((role) => JSON.stringify(role)).join('\n---\n'));
      apply(bindings());
      await eventually(
        () => ask(httpPort, '/ready'),
        ({ status }) => status === 200,
      );
      const bootstrap = join(folder, 'bootstrap.json');
      const options = { program: '', grpcPort, node: NODE, form: 'delta', adminPort } as const;
      writeFileSync(bootstrap, JSON.stringify(bootstrapOf(options, '')));
      children.push(
        spawn(process.execPath, [program('mesh-proxy'), '--engine', 'builtin', '-c', bootstrap], {
          stdio: 'ignore',
        }),
      );
      await eventually(
        () => ask(adminPort, '/ready'),
        ({ status }) => status === 200,
      );
      const waited = cluster().kubectl([
        'wait',
        '-n',
        'shop',
        'pod/web-0',
        '--for=condition=Ready',
        '--timeout=60s',
      ]);
      expect([waited.status, waited.stderr]).toEqual([0, '']);
    }, 240_000);

    afterAll(async () => {
      for (const child of children) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        await ended;
      }
      rmSync(folder, { recursive: true, force: true });
    });

    test('completion offers what the cluster has with the documented roles, and without them says nothing', async () => {
      const complete = (user: string, line: string): Promise<MeshRun> =>
        mesh(['__complete', '--', ...line.replace('route', `route --as ${user}`).split(' ')]);
      const own = userOf('completion');
      for (const [line, offered] of [
        ['pc route -n sh', 'shop'],
        ['pc route -n shop web', 'web-0'],
        ['pc route web-0.', 'web-0.shop'],
        ['pc route -n=shop svc/', 'svc/web'],
        ['pc route -n istio-system deploy/', 'deploy/istiod'],
      ] as const) {
        const run = await complete(own, line);
        expect([line, run.stdout, run.stderr]).toEqual([line, `${offered}\n:none\n`, '']);
      }
      const silent = await complete('nobody', 'pc route web-0.');
      expect([silent.code, silent.stdout, silent.stderr]).toEqual([0, ':none\n', '']);
    });

    test.for(Object.keys(RUNS))(
      'mesh %s works with the documented roles, and names what lacks without',
      async (command) => {
        const can = await run(command, userOf(command), 3_000);
        const said = `${can.stdout}${can.stderr}`;
        expect([can.code, said]).toEqual([
          RUNS[command]?.code ?? 0,
          expect.not.stringMatching(/no right to|forbidden/),
        ]);
        // It ends by itself, once it is refused.
        const cannot = await run(command, 'nobody', 60_000);
        expect([0, 1, 2]).toContain(cannot.code);
        expect(`${cannot.stdout}${cannot.stderr}`).toMatch(
          /no right to [^]*rule \{(apiGroups|nonResourceURLs): \[/,
        );
      },
    );
  },
  { kwok: KWOK },
);
