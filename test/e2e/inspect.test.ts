/**
 * What commands show of a real Envoy that our controller drives, both reached by port-forward through a real API
 * server: kwok maps the ports of their pods to those of this machine.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { extract } from 'tar';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type MeshRun, runMesh } from '../cli/run-mesh.ts';
import { freePorts } from '../peers/control-plane.ts';
import { ask, bootstrapOf, Envoy, eventually } from '../peers/run-envoy.ts';
import { findEnvoy } from '../peers/envoy.ts';
import { describeOnCluster } from './on-cluster.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/mesh-controller.js', import.meta.url));

const PROXY = fileURLToPath(new URL('../../bin/mesh-proxy.js', import.meta.url));

const [grpcPort = 0, httpPort = 0, adminPort = 0, closedPort = 0] = await freePorts(4);

function forward(namespace: string, pod: string, ports: Readonly<Record<number, number>>): string {
  return JSON.stringify({
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind: 'PortForward',
    metadata: { namespace, name: pod },
    spec: {
      forwards: Object.entries(ports).map(([port, target]) => ({
        ports: [Number(port)],
        target: { address: '127.0.0.1', port: target },
      })),
    },
  });
}

/** What nobody may find in a report, each made for this run. */
const PLANTED = {
  secret: `s3cr3t-${randomUUID()}`,
  password: `pw-${randomUUID()}`,
  variable: `env-${randomUUID()}`,
  odd: randomUUID(),
  url: `url-${randomUUID()}`,
  json: `json-${randomUUID()}`,
  token: `eyJhbGciOiJub25lIn0.${Buffer.from(randomUUID()).toString('base64url')}.`,
  bearer: randomUUID(),
};
const PRIVATE_KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
});

const LOG_FOLDER = mkdtempSync(join(tmpdir(), 'lateen-logs-'));
const LOG = join(LOG_FOLDER, 'proxy.log');
writeFileSync(
  LOG,
  [
    'all is well',
    `the database said ${PLANTED.secret}`,
    `and in base64 ${Buffer.from(PLANTED.secret).toString('base64')}`,
    `started with ${PLANTED.variable} and ${PLANTED.odd}`,
    `connecting to postgres://app:${PLANTED.url}@db/app?password=${PLANTED.password}`,
    `{"user":"app","password":"${PLANTED.json}"}`,
    `token ${PLANTED.token}`,
    `authorization: Bearer ${PLANTED.bearer}`,
    String(PRIVATE_KEY),
  ]
    .join('\n')
    .split('\n')
    // As container runtimes write logs.
    .map((line) => `${new Date().toISOString()} stdout F ${line}\n`)
    .join(''),
);

function logs(namespace: string, name: string, container: string): string {
  return JSON.stringify({
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind: 'Logs',
    metadata: { namespace, name },
    spec: { logs: [{ containers: [container], logsFile: LOG }] },
  });
}

const KWOK = [
  logs('shop', 'web-0', 'istio-proxy'),
  logs('istio-system', 'istiod-0', 'discovery'),
  forward('istio-system', 'istiod-0', { 8080: httpPort }),
  forward('shop', 'web-0', { 15000: adminPort, 15009: closedPort }),
].join('\n---\n');

function pod(namespace: string, name: string, labels: object, annotations = {}): object {
  const container = namespace === 'istio-system' ? 'discovery' : 'istio-proxy';
  const env = [
    { name: 'DB_PASSWORD', value: PLANTED.variable },
    { name: 'ODD', value: PLANTED.odd },
    { name: 'POD_NAME', value: name },
  ];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name, labels, annotations },
    spec: {
      containers: [
        { name: 'main', image: 'example.com/main:1', env },
        { name: container, image: 'example.com/proxy:1' },
      ],
    },
  };
}

const OBJECTS = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'istio-system' } },
];

const PODS = [
  {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: 'shop', name: 'creds' },
    stringData: { password: PLANTED.secret, key: String(PRIVATE_KEY) },
  },
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'shop', name: 'app' },
    data: {
      'app.properties': `db=postgres://app:${PLANTED.url}@db\npassword=${PLANTED.password}\n`,
      apiKey: PLANTED.json,
    },
  },
  pod('shop', 'web-0', { app: 'web' }),
  pod(
    'istio-system',
    'istiod-0',
    { app: 'istiod', 'istio.io/rev': 'default' },
    { 'prometheus.io/port': '8080' },
  ),
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'shop', name: 'web' },
    spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80 }] },
  },
];

const MANIFESTS = `apiVersion: v1
kind: Service
metadata: {name: fruits, namespace: shop}
spec: {selector: {app: fruits}, clusterIP: 10.96.7.7, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: fruits, namespace: shop}
spec: {host: fruits, subsets: [{name: v1, labels: {version: v1}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: fruits, namespace: shop}
spec:
  hosts: [fruits]
  http:
  - match: [{uri: {prefix: /v1}}]
    route: [{destination: {host: fruits, subset: v1}}]
`;

/** Refused by Envoy: an address to listen on that is none. */
const BAD = `apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: bad, namespace: shop}
spec:
  configPatches:
  - applyTo: CLUSTER
    match: {context: SIDECAR_OUTBOUND, cluster: {service: fruits.shop.svc.cluster.local}}
    patch: {operation: MERGE, value: {lb_policy: CLUSTER_PROVIDED}}
`;

const NODE = {
  id: 'sidecar~127.0.0.1~web-0.shop~shop.svc.cluster.local',
  metadata: { NAMESPACE: 'shop', LABELS: { app: 'web' }, ISTIO_VERSION: '1.27.0', CLUSTER_ID: 'Kubernetes' },
};

const envoyProgram = findEnvoy();

describeOnCluster(
  'looking inside, on a cluster',
  (cluster) => {
    const folder = mkdtempSync(join(tmpdir(), 'lateen-inspect-'));
    let controller: ChildProcess | undefined;
    let envoy: Envoy | undefined;
    let log = '';

    const mesh = (...argv: readonly string[]): Promise<MeshRun> =>
      runMesh(argv, { env: { KUBECONFIG: cluster().kubeconfig } });

    beforeAll(async () => {
      if (envoyProgram === undefined) throw new Error('There is no Envoy; npm run peers fetches it.');
      writeFileSync(join(folder, 'mesh.yaml'), MANIFESTS);
      const child = spawn(
        process.execPath,
        [
          LAUNCHER,
          '--config',
          folder,
          '--grpc-addr',
          `127.0.0.1:${grpcPort}`,
          '--http-addr',
          `127.0.0.1:${httpPort}`,
        ],
        { stdio: ['ignore', 'ignore', 'pipe'] },
      );
      controller = child;
      child.stderr.setEncoding('utf8').on('data', (part: string) => (log += part));
      await eventually(
        () => ask(httpPort, '/ready'),
        ({ status }) => {
          if (child.exitCode !== null) throw new Error(log);
          return status === 200;
        },
      );
      envoy = await Envoy.start({ program: envoyProgram, grpcPort, node: NODE, form: 'delta', adminPort });
      for (const objects of [OBJECTS, PODS]) {
        await eventually(
          async () =>
            cluster().kubectl(
              ['apply', '-f', '-'],
              objects.map((one) => JSON.stringify(one)).join('\n---\n'),
            ),
          ({ status }) => status === 0,
        );
      }
      for (const [namespace, name] of [
        ['shop', 'web-0'],
        ['istio-system', 'istiod-0'],
      ] as const) {
        const { stderr, status } = cluster().kubectl([
          'wait',
          '-n',
          namespace,
          `pod/${name}`,
          '--for=condition=Ready',
          '--timeout=60s',
        ]);
        expect(stderr).toBe('');
        expect(status).toBe(0);
      }
      await envoy.ready();
    }, 180_000);

    afterAll(async () => {
      await envoy?.stop();
      if (controller?.exitCode === null) {
        const ended = new Promise((resolve) => controller?.once('exit', resolve));
        controller.kill('SIGKILL');
        await ended;
      }
      for (const one of [folder, LOG_FOLDER]) rmSync(one, { recursive: true, force: true });
    });

    test('proxy-config shows what the proxy of a pod has, however the pod is named', async () => {
      for (const name of ['web-0.shop', 'pod/web-0.shop', 'svc/web.shop']) {
        const { stdout, stderr } = await mesh('proxy-config', 'cluster', name);
        expect(stderr).toBe('');
        expect(stdout).toMatch(/^fruits\.shop\.svc\.cluster\.local +80 +v1 +outbound +EDS +fruits\.shop$/m);
      }
      const routes = await mesh('pc', 'routes', 'web-0', '-n', 'shop', '--name', '80');
      expect(routes.stdout).toMatch(/^80 +fruits\.shop\.svc\.cluster\.local:80 .* \/v1\* +fruits\.shop$/m);
      const endpoints = await mesh('pc', 'ep', 'web-0.shop', '-o', 'json');
      expect(JSON.parse(endpoints.stdout)).not.toEqual([]);
    });

    test('every part of the configuration of a real Envoy can be shown in every format', async () => {
      for (const what of ['cluster', 'listener', 'route', 'eds', 'bootstrap', 'all']) {
        for (const format of ['short', 'json', 'yaml']) {
          const { code, stderr, stdout } = await mesh('pc', what, 'web-0.shop', '-o', format);
          expect([what, format, code, stderr]).toEqual([what, format, 0, '']);
          expect(stdout).not.toBe('');
        }
      }
    });

    test('proxy-config log changes a level, and tells unknown loggers', async () => {
      const { stdout } = await mesh('pc', 'log', 'web-0.shop', '--level', 'http:debug,warning');
      expect(stdout).toMatch(/^web-0\.shop:\n/);
      expect(stdout).toMatch(/^ {2}http: warning$/m);
      const one = await mesh('pc', 'log', '-l', 'app=web', '-n', 'shop', '--level', 'http:debug');
      expect(one.stdout).toMatch(/^ {2}http: debug$/m);
      const wrong = await mesh('pc', 'log', 'web-0.shop', '--level', 'htpp:debug');
      expect(wrong.stderr).toMatch(/unrecognized logger name: htpp\n {2}Did you mean http\?/);
      expect(wrong.code).toBe(2);
    });

    test('what is not there is an error that says so', async () => {
      const gone = await mesh('pc', 'cluster', 'nobody.shop');
      expect(gone.stderr).toMatch(/Pod shop\/nobody: pods "nobody" not found/);
      const unknown = await mesh('pc', 'cluster', 'deploy/nobody.shop');
      expect(unknown.stderr).toMatch(/Deployment shop\/nobody: .*"nobody" not found/);
      const closed = await mesh('pc', 'cluster', 'web-0.shop', '--proxy-admin-port', '15009');
      expect(closed.stderr).toMatch(/the proxy of web-0\.shop cannot be asked: .*--proxy-admin-port/s);
      expect([gone.code, unknown.code, closed.code]).toEqual([1, 1, 1]);
    });

    test('proxy-status and version list the proxy with its versions', async () => {
      await eventually(
        () => mesh('proxy-status'),
        ({ stdout }) =>
          /web-0\.shop +Kubernetes +SYNCED +SYNCED +SYNCED +SYNCED +IGNORED +istiod-0 +1\.27\.0/.test(stdout),
      );
      const types = await mesh('ps', '--layout', 'types');
      expect(types.stdout).toMatch(/^web-0\.shop +Kubernetes +istiod-0 +1\.27\.0 +4 \(CDS,LDS,EDS,RDS\)$/m);
      const data = await mesh('ps', '-o', 'json', '-n', 'shop');
      expect(JSON.parse(data.stdout)).toMatchObject([
        { name: 'web-0.shop', istiod: 'istiod-0', types: { CDS: { status: 'SYNCED' } } },
      ]);
      expect((await mesh('ps', '-o', 'json', '-n', 'other')).stdout).toBe('[]\n');
      const version = await mesh('version');
      expect(version.stdout).toMatch(
        /^client version: (\S+)\ncontrol plane version: \1\ndata plane version: 1\.27\.0 \(1 proxy\)\n$/,
      );
    });

    test('proxy-status of one proxy finds that it has what it should have', async () => {
      const { stdout, stderr, code } = await mesh('ps', 'web-0.shop', '--exit-code');
      expect(stderr).toBe('');
      expect(stdout).toMatch(
        /^Clusters Match\nListeners Match\nRoutes Match \(RDS last loaded at .*\)\nEndpoints Match\n$/,
      );
      expect(code).toBe(0);
    });

    test('what a proxy refuses is stale, since when and why, and proxy-status --stale ends with 1', async () => {
      expect((await mesh('ps', '--stale')).code).toBe(0);
      writeFileSync(join(folder, 'bad.yaml'), BAD);
      try {
        // Until the proxy answers, its clusters count as stale without a reason.
        const refused = /^web-0\.shop +CDS +ERROR +\d+s +istiod-0 +.*fruits/m;
        const stale = await eventually(
          () => mesh('ps', '--stale'),
          ({ stdout }) => refused.test(stdout),
        );
        expect(stale.code).toBe(1);
        const different = await mesh('ps', 'web-0.shop', '--exit-code');
        expect(different.stdout).toMatch(/^Clusters Don't Match$/m);
        expect(different.stdout).toMatch(/lbPolicy: CLUSTER_PROVIDED/);
        expect(different.code).toBe(1);
      } finally {
        rmSync(join(folder, 'bad.yaml'));
      }
      await eventually(
        () => mesh('ps', '--stale'),
        ({ code }) => code === 0,
      );
    });

    test('what concerns a pod, and who agrees on mutual TLS, is read from the cluster', async () => {
      const pod = await mesh('experimental', 'describe', 'pod', 'web-0.shop');
      expect(pod.stderr).toBe('');
      expect(pod.stdout).toMatch(/^Pod: web-0\.shop$/m);
      expect(pod.stdout).toMatch(/^Service: web\.shop\n {3}Port: http 80\/HTTP targets pod port 80$/m);
      const check = await mesh('authn', 'tls-check', 'web-0.shop', 'web');
      expect(check.stdout).toMatch(/^web\.shop\.svc\.cluster\.local:80 +AUTO +PERMISSIVE +- +- +-$/m);
    });

    test('the control plane shows its pages, and says more when it is told to', async () => {
      const more = await mesh('admin', 'log', '--level', 'debug');
      expect(more.stdout).toMatch(/^istiod-0 +default .* debug$/m);
      expect((await mesh('admin', 'log', 'istiod-0.istio-system', '--reset')).stdout).toMatch(/ info$/m);
      expect((await mesh('admin', 'log', '--level', 'ads:debug')).code).toBe(2);
      const list = await mesh('x', 'internal-debug', '--list');
      expect(JSON.parse(list.stdout)).toContainEqual(expect.objectContaining({ path: '/debug/syncz' }));
      const one = await mesh('x', 'internal-debug', 'push_status', '--all');
      expect(JSON.parse(one.stdout)).toMatchObject({ 'istiod-0': { proxies: 1 } });
      expect((await mesh('x', 'internal-debug', 'nowhere')).stderr).toMatch(/istiod-0 answers 404/);
    });

    test('wait ends when the proxies have a change, and says when they do not in time', async () => {
      writeFileSync(
        join(folder, 'late.yaml'),
        MANIFESTS.split('---\n')[1]
          ?.replaceAll('name: fruits', 'name: late')
          .replace('host: fruits', 'host: late') ?? '',
      );
      const wait = (name: string, ...argv: string[]) =>
        mesh('x', 'wait', 'destinationrule', name, '--generation', '0', ...argv);
      expect((await wait('late.shop')).stdout).toBe(
        'Resource DestinationRule shop/late present on 1 out of 1 sidecars\n',
      );
      rmSync(join(folder, 'late.yaml'));
      const never = await wait('never.shop', '--timeout', '1s');
      expect(never.stderr).toMatch(
        /has not reached the proxies within 1s: 0 out of 1 proxies have it; istiod-0 not even/,
      );
      expect(never.code).toBe(1);
      const gone = await mesh('x', 'wait', 'destinationrule', 'fruits.shop');
      expect(gone.stderr).toMatch(/the cluster does not know destinationrules/);
    });

    test('statistics of a proxy come in each format', async () => {
      expect((await mesh('x', 'envoy-stats', 'web-0.shop')).stdout).toMatch(/^server\.live: 1$/m);
      const prom = await mesh('x', 'es', '-l', 'app=web', '-n', 'shop', '-o', 'prom');
      expect(prom.stdout).toMatch(/^envoy_server_live\{\} 1$/m);
      const data = await mesh('x', 'es', 'web-0.shop', '--type', 'clusters', '-o', 'json');
      expect(JSON.parse(data.stdout)).toHaveProperty('cluster_statuses');
    });

    test('a user with the documented rights can do all of this, and nothing is asked that they do not give', async () => {
      const role = (namespace: string, rules: readonly object[]): object[] => [
        {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'Role',
          metadata: { namespace, name: 'look' },
          rules,
        },
        {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'RoleBinding',
          metadata: { namespace, name: 'look' },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'look' },
          subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'viewer' }],
        },
      ];
      const rule = (resources: readonly string[], verbs: readonly string[]): object => ({
        apiGroups: [''],
        resources,
        verbs,
      });
      const forwards = rule(['pods/portforward'], ['get', 'create']);
      const objects = [
        ...role('shop', [forwards, rule(['services'], ['get']), rule(['pods'], ['list'])]),
        ...role('istio-system', [forwards, rule(['pods'], ['list'])]),
      ];
      const { status, stderr } = cluster().kubectl(
        ['apply', '-f', '-'],
        objects.map((one) => JSON.stringify(one)).join('\n---\n'),
      );
      expect([status, stderr]).toEqual([0, '']);
      for (const argv of [
        ['pc', 'route', 'web-0.shop'],
        ['pc', 'route', 'svc/web.shop'],
        ['ps'],
        ['ps', 'web-0.shop'],
        ['version'],
        ['admin', 'log'],
        ['x', 'internal-debug', 'syncz'],
        ['x', 'envoy-stats', 'web-0.shop'],
        ['x', 'authz', 'check', 'web-0.shop'],
      ]) {
        const run = await mesh(...argv, '--as', 'viewer');
        expect([argv, run.code, run.stderr]).toEqual([argv, 0, '']);
      }
      const denied = await mesh('authn', 'tls-check', '--as', 'viewer');
      expect(denied.stderr).toMatch(
        /Note: no right to list pods, so they count for nothing; a ClusterRole with the rule \{apiGroups: \[""\], resources: \["pods"\], verbs: \["list"\]\} gives it/,
      );
    });

    /** The report's files by their paths, and what was said. */
    async function report(...argv: readonly string[]): Promise<{ files: Map<string, string>; run: MeshRun }> {
      const place = mkdtempSync(join(folder, 'report-'));
      const run = await mesh('bug-report', '--output-dir', place, ...argv);
      expect([run.code, run.stdout]).toEqual([0, `${join(place, 'bug-report.tar.gz')}\n`]);
      expect(readdirSync(place)).toEqual(['bug-report.tar.gz']);
      await extract({ file: join(place, 'bug-report.tar.gz'), cwd: place });
      const root = join(place, 'bug-report');
      const paths = readdirSync(root, { recursive: true, encoding: 'utf8' });
      const files = paths.filter((path) => statSync(join(root, path)).isFile());
      return { files: new Map(files.map((path) => [path, readFileSync(join(root, path), 'utf8')])), run };
    }

    function expectNoSecrets(files: ReadonlyMap<string, string>): void {
      const keyLines = String(PRIVATE_KEY)
        .split('\n')
        .filter((line) => line.length > 20 && !line.startsWith('-----'));
      for (const [path, text] of files) {
        for (const [name, value] of [
          ...Object.entries(PLANTED),
          ...keyLines.map((line) => ['key', line] as const),
        ]) {
          for (const form of [value, Buffer.from(value).toString('base64').replace(/=+$/, '')]) {
            expect(text.includes(form), `${name} in ${path}`).toBe(false);
          }
        }
      }
    }

    test('bug-report gathers objects, logs, pages and configuration, and no secret that was planted', async () => {
      const { files } = await report();
      expectNoSecrets(files);
      const proxy = files.get('pods/shop/web-0/istio-proxy.log') ?? '';
      expect(files.get('manifest.json')).not.toContain('istio-proxy.log",\n      "why"');
      expect(proxy).toMatch(/^all is well$/m);
      expect(proxy).toMatch(/^the database said <redacted>$/m);
      expect(files.get('pods/shop/web-0/config_dump.json')).toMatch(/fruits\.shop\.svc\.cluster\.local/);
      expect(files.get('control-plane/istiod-0/syncz.txt')).toMatch(/web-0\.shop/);
      const pods = files.get('objects/pods.json') ?? '';
      expect(pods).toMatch(/"name": "DB_PASSWORD",\s+"value": "<redacted>"/);
      expect(pods).toMatch(/"name": "POD_NAME",\s+"value": "web-0"/);
      expect(files.get('objects/configmaps.json')).toMatch(/app\.properties/);
      const manifest = JSON.parse(files.get('manifest.json') ?? '') as {
        files: { path: string }[];
        missing: object[];
      };
      expect(manifest.files.map(({ path }) => path).toSorted()).toEqual(
        [...files.keys()].filter((path) => path !== 'manifest.json').toSorted(),
      );
    });

    test('bug-report keeps to the namespaces and to the size that are asked for', async () => {
      const { files } = await report('--include', 'shop//web-*', '--max-size', '1');
      expectNoSecrets(files);
      expect([...files.keys()].filter((path) => /istio-system|control-plane|kube-/.test(path))).toEqual([]);
      expect(files.has('pods/shop/web-0/istio-proxy.log')).toBe(true);
      const size = [...files.values()].reduce((sum, text) => sum + text.length, 0);
      expect(size).toBeLessThan(1.2 * 1024 * 1024);
      const dry = await mesh('bug-report', '--include', 'shop', '--dry-run');
      expect(dry.stdout).toMatch(/^objects\/pods\.shop\.json$/m);
      expect(dry.stdout).not.toMatch(/istio-system/);
    });

    test('bug-report of somebody with few rights says what is missing and which rule would give it', async () => {
      const { files, run } = await report('--include', 'shop', '--as', 'viewer');
      expectNoSecrets(new Map([...files].filter(([path]) => !path.endsWith('.log'))));
      expect(run.stderr).toMatch(/things are missing/);
      const { missing } = JSON.parse(files.get('manifest.json') ?? '') as {
        missing: { what: string; why: string }[];
      };
      expect(missing).toContainEqual({
        what: 'values of Secrets, to look for them in texts',
        why: expect.stringMatching(/no right to list secrets in namespace shop/) as string,
      });
      expect(missing).toContainEqual({
        what: 'pods/shop/web-0/istio-proxy.log',
        why: expect.stringMatching(/resources: \["pods\/log"\], verbs: \["get"\]/) as string,
      });
    });

    test('the same without a cluster, from the controller itself', async () => {
      const options = { env: { KUBECONFIG: '/no/such/file' } };
      const direct = await runMesh(['ps', '--xds-address', `127.0.0.1:${httpPort}`], options);
      expect(direct.stdout).toMatch(
        new RegExp(`^web-0\\.shop .* 127\\.0\\.0\\.1:${httpPort} +1\\.27\\.0$`, 'm'),
      );
      const none = await runMesh(['version'], options);
      expect(none.stdout).toMatch(/^client version: .*\n$/);
      expect(none.stderr).toMatch(/Note: the control plane is not shown/);
      expect(none.code).toBe(0);
    });

    test('the builtin engine in the place of Envoy shows the same tables', async () => {
      const tables = async (): Promise<Readonly<Record<string, string>>> => {
        const found: Record<string, string> = {};
        for (const what of ['cluster', 'listener', 'route', 'endpoint']) {
          const { code, stdout, stderr } = await mesh('pc', what, 'web-0.shop');
          // What each was started with is no part of what it was told.
          const told = stdout.split('\n').filter((row) => !/^controller\b|\bcontroller\b/.test(row));
          found[what] = code === 0 ? told.join('\n') : stderr;
        }
        return found;
      };
      const before = await tables();
      expect(before['cluster']).toMatch(/^fruits\.shop\.svc\.cluster\.local +80 +v1 /m);
      expect(before['route']).toMatch(/\/v1\*/);
      await envoy?.stop();
      envoy = undefined;
      const bootstrap = join(folder, 'bootstrap.json');
      const options = { program: '', grpcPort, node: NODE, form: 'delta', adminPort } as const;
      writeFileSync(bootstrap, JSON.stringify(bootstrapOf(options, '')));
      const builtin = spawn(process.execPath, [PROXY, '--engine', 'builtin', '-c', bootstrap], {
        stdio: 'ignore',
      });
      const ended = new Promise((resolve) => builtin.once('exit', resolve));
      try {
        const isSame = (after: object): boolean => JSON.stringify(after) === JSON.stringify(before);
        const after = await eventually(tables, isSame).catch(tables);
        expect(after).toEqual(before);
      } finally {
        builtin.kill('SIGKILL');
        await ended;
        rmSync(bootstrap);
      }
    });

    test('without a right, the rule that gives it is named', async () => {
      const { code, stderr } = await mesh('pc', 'cluster', 'web-0.shop', '--as', 'nobody');
      expect(stderr).toMatch(/resources: \["pods\/portforward"\], verbs: \["get"\]/);
      expect(code).toBe(1);
    });
  },
  { kwok: KWOK },
);
