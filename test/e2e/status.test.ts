/**
 * The status of objects in a real cluster: written by one of two controllers, with the rights that an installation
 * gives and no more; also of what only the other one hears from a real Envoy.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { load, loadAll } from 'js-yaml';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { customResourceDefinition } from '../../src/codegen/crd.ts';
import { readSchemas } from '../../src/codegen/schema-files.ts';
import { ask, Envoy, eventually } from '../peers/run-envoy.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';
import {
  apply,
  describeOnRealServer,
  type Fields,
  makeNamespaces,
  notEstablished,
} from './on-real-server.ts';
import { freePort } from '../peers/free-ports.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
}

interface Running {
  readonly child: ChildProcess;
  readonly grpc: number;
  readonly http: number;
  readonly log: () => string;
}

describeOnRealEnvoy('statuses, and proxies that refuse', (program) =>
  describeOnRealServer('statuses in a real cluster', (plane) => {
    const controllers: Running[] = [];
    let envoy: Envoy | undefined;
    let kubeconfig = '';

    beforeAll(async () => {
      const kinds = new Set(['VirtualService', 'Gateway', 'EnvoyFilter', 'ServiceEntry']);
      const definitions = readSchemas(root)
        .files.flatMap(({ schema }) => customResourceDefinition(schema) ?? [])
        .filter(
          ({ metadata, spec }) =>
            kinds.has(spec.names.kind) && metadata.name.endsWith('.networking.istio.io'),
        );
      expect(definitions).toHaveLength(4);
      const objects = definitions.map((one) => ({ id: one.metadata.name, object: one as unknown as Fields }));
      expect(apply(plane(), objects)).toEqual([]);
      expect(
        await notEstablished(
          plane(),
          definitions.map(({ metadata }) => metadata.name),
        ),
      ).toEqual([]);
      makeNamespaces(plane(), ['shop', 'istio-system']);
      kubeconfig = asControlPlane();
    }, 120_000);

    afterAll(async () => {
      await envoy?.stop();
      for (const { child } of controllers) await end(child, 'SIGKILL');
    });

    /** A kubeconfig of the control plane's own account, with the roles of `mesh manifest generate`. */
    function asControlPlane(): string {
      const { stdout, status } = spawnSync(
        process.execPath,
        [join(root, 'bin', 'mesh.js'), 'manifest', 'generate'],
        {
          encoding: 'utf8',
          maxBuffer: 1 << 28,
        },
      );
      expect(status).toBe(0);
      const rights = (loadAll(stdout) as (Fields & { kind: string; metadata: { name: string } })[]).filter(
        ({ kind, metadata }) =>
          /^(ServiceAccount|(Cluster)?Role(Binding)?)$/.test(kind) && metadata.name.startsWith('istiod'),
      );
      expect(rights.map(({ kind }) => kind).toSorted()).toEqual([
        'ClusterRole',
        'ClusterRoleBinding',
        'Role',
        'RoleBinding',
        'ServiceAccount',
      ]);
      expect(
        apply(
          plane(),
          rights.map((object) => ({ id: object.metadata.name, object })),
        ),
      ).toEqual([]);
      const account = rights.find(({ kind }) => kind === 'ServiceAccount')?.metadata.name ?? '';
      const token = plane().kubectl(['create', 'token', account, '-n', 'istio-system']);
      expect(token.stderr).toBe('');
      const config = load(plane().kubectl(['config', 'view', '--raw', '--flatten']).stdout) as {
        users: { user: Record<string, unknown> }[];
      };
      for (const one of config.users) one.user = { token: token.stdout.trim() };
      const file = join(plane().folder, 'control-plane.json');
      writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
      return file;
    }

    async function startController(): Promise<Running> {
      const [grpc, http] = [await freePort(), await freePort()];
      let log = '';
      const child = spawn(
        process.execPath,
        [
          join(root, 'bin', 'mesh-controller.js'),
          `--kubeconfig=${kubeconfig}`,
          '--write-status=true',
          `--grpc-addr=127.0.0.1:${grpc}`,
          `--http-addr=127.0.0.1:${http}`,
        ],
        { stdio: ['ignore', 'ignore', 'pipe'] },
      );
      child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
      const running = { child, grpc, http, log: () => log };
      controllers.push(running);
      await eventually(
        () => ask(http, '/ready'),
        ({ status }) => {
          if (child.exitCode !== null) throw new Error(log);
          return status === 200;
        },
      );
      return running;
    }

    async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((resolve) => child.once('close', resolve));
      child.kill(signal);
      await gone;
    }

    function put(kind: string, name: string, spec: unknown): void {
      const object = {
        apiVersion: 'networking.istio.io/v1alpha3',
        kind,
        metadata: { name, namespace: 'shop' },
        spec,
      };
      expect(apply(plane(), [{ id: name, object }])).toEqual([]);
    }

    function conditionOf(kind: string, name: string): Condition | undefined {
      const { stdout } = plane().kubectl(['get', kind, name, '-n', 'shop', '-o', 'json']);
      const { status } = JSON.parse(stdout) as { status?: { conditions?: readonly Condition[] } };
      return status?.conditions?.find(({ type }) => type === 'Reconciled');
    }

    function holder(): string {
      const words = 'get lease istio-status-leader -n istio-system -o jsonpath={.spec.holderIdentity}';
      const { stdout } = plane().kubectl(words.split(' '));
      return stdout;
    }

    const writes = ({ log }: Running): boolean => log().includes('this controller writes statuses');

    test('one of two writes what became of each object, and when it is killed the other goes on', async () => {
      const first = await startController();
      await eventually(
        async () => writes(first),
        (is) => is,
      );
      // Its role lets it read all that it asks for.
      expect(first.log()).not.toContain('no right to');
      const second = await startController();
      const chosen = holder();
      await expect.poll(first.log).toContain(chosen);
      expect(writes(second)).toBe(false);

      put('Gateway', 'front', {
        selector: { istio: 'ingressgateway' },
        servers: [{ port: { number: 18_080, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }],
      });
      put('VirtualService', 'good', {
        hosts: ['good.test'],
        gateways: ['front'],
        http: [{ directResponse: { status: 204 } }],
      });
      put('VirtualService', 'bad', {
        hosts: ['bad.test'],
        http: [{ match: [{ uri: { regex: '(' } }], directResponse: { status: 204 } }],
      });
      await eventually(
        async () => conditionOf('virtualservice', 'good'),
        (one) => one?.status === 'True',
      );
      const bad = await eventually(
        async () => conditionOf('virtualservice', 'bad'),
        (one) => one !== undefined,
      );
      expect(bad).toMatchObject({
        status: 'False',
        reason: 'Invalid',
        message: expect.stringContaining('regex'),
      });

      // A proxy at the other controller refuses what an EnvoyFilter makes of its listener.
      envoy = await Envoy.start({
        program,
        grpcPort: second.grpc,
        node: {
          id: 'router~127.0.0.1~ingress-0.shop~shop.svc.cluster.local',
          metadata: { NAMESPACE: 'shop', LABELS: { istio: 'ingressgateway' } },
        },
        form: 'delta',
      });
      put('EnvoyFilter', 'lua', {
        configPatches: [
          {
            applyTo: 'HTTP_FILTER',
            match: { context: 'GATEWAY' },
            patch: {
              operation: 'INSERT_FIRST',
              value: {
                name: 'envoy.filters.http.lua',
                typed_config: {
                  '@type': 'type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua',
                  default_source_code: { inline_string: 'function broken(' },
                },
              },
            },
          },
        ],
      });
      const refused = await eventually(
        async () => conditionOf('envoyfilter', 'lua'),
        (one) => one?.reason === 'RefusedByProxies',
      );
      expect(refused?.message).toMatch(/^ingress-0\.shop: 0\.0\.0\.0_18080 is refused: .*script load error/);
      const syncz = await ask(second.http, '/debug/syncz');
      expect(syncz.text).toContain('script load error');
      // The rest goes on: what the gateway does not need is still in force.
      expect(conditionOf('virtualservice', 'good')?.status).toBe('True');

      await end(first.child, 'SIGKILL');
      put('VirtualService', 'late', {
        hosts: ['late.test'],
        gateways: ['front'],
        http: [{ directResponse: { status: 204 } }],
      });
      const late = await eventually(
        async () => conditionOf('virtualservice', 'late'),
        (one) => one !== undefined,
      );
      expect(late).toMatchObject({ status: 'True', reason: 'InForce', observedGeneration: 1 });
      await eventually(
        async () => writes(second),
        (does) => does,
      );
      expect(holder()).not.toBe(chosen);

      // Mended, it is in force again; the object's own generation shows that this is about its newest version.
      put('EnvoyFilter', 'lua', { configPatches: [] });
      const mended = await eventually(
        async () => conditionOf('envoyfilter', 'lua'),
        (one) => one?.status === 'True',
      );
      expect(mended?.observedGeneration).toBe(2);
      await envoy.ready();

      await end(second.child, 'SIGTERM');
      expect(second.child.exitCode).toBe(0);
      expect(holder()).toBe('');
      expect(second.log()).not.toContain('cannot be written');
    });
  }),
);
