/** What commands show of a real Envoy that our controller drives, both reached by port-forward. */

import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runMesh } from '../cli/run-mesh.ts';
import { bootstrapOf, eventually } from '../peers/run-envoy.ts';
import { writeWhole } from '../peers/write-whole.ts';
import { describeObserved, MANIFESTS, NODE, PORTS, type Rule } from './observed-mesh.ts';

const PROXY = fileURLToPath(new URL('../../bin/mesh-proxy.js', import.meta.url));

const { grpcPort, httpPort, adminPort } = PORTS;

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

/** Programs take long to start where many others do. */
const PATIENT = ['--kubeclient-timeout', '60s'];

/** Asks the port of this machine that stands for the pod's. */
function agent(port: number): string {
  return `exec '${process.execPath}' '${PROXY}' "$@" --debug-port=${port}`;
}

describeObserved(
  'looking inside, on a cluster',
  ({ folder, mesh, grant, stopEnvoy }) => {
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
      expect(closed.stderr).toMatch(
        /the proxy of web-0\.shop cannot be asked: port 15009 of the pod .*--proxy-admin-port/s,
      );
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
      writeWhole(
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
      const forwards: Rule = [['pods/portforward'], ['get', 'create']];
      grant('viewer', 'shop', [forwards, [['services'], ['get']], [['pods'], ['list']]]);
      grant('viewer', 'istio-system', [forwards, [['pods'], ['list']]]);
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

    test('where ports may not be forwarded, the same is asked by commands in the containers', async () => {
      const commands: Rule = [['pods/exec'], ['get', 'create']];
      grant('runner', 'shop', [commands]);
      grant('runner', 'istio-system', [commands, [['pods'], ['list']]]);
      for (const argv of [
        ['pc', 'cluster', 'web-0.shop', '-o', 'json'],
        ['pc', 'route', 'web-0.shop'],
        ['ps', '--timeout', '60s'],
        ['ps', 'web-0.shop', '--timeout', '60s'],
        ['x', 'internal-debug', 'endpointz', '--timeout', '60s'],
      ]) {
        // What the last test has changed may be on its way to the proxy still.
        const [own] = await eventually(
          async () => [await mesh(...argv, ...PATIENT, '--as', 'runner'), await mesh(...argv)] as const,
          ([inside, forwarded]) => inside.code === 0 && inside.stdout === forwarded.stdout,
        );
        expect([argv, own.stderr]).toEqual([argv, '']);
      }
      const level = ['pc', 'log', 'web-0.shop', '--level', 'http:debug'];
      const changed = await mesh(...level, ...PATIENT, '--as', 'runner');
      expect(changed.stdout).toMatch(/^ {2}http: debug$/m);
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
      await stopEnvoy();
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
      expect(stderr).toMatch(/resources: \["pods\/portforward"\], verbs: \["create", "get"\]/);
      expect(code).toBe(1);
    });
  },
  { programs: { 'pilot-agent': agent(adminPort), 'pilot-discovery': agent(httpPort) } },
);
