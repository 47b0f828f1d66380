/** A real Kubernetes API server as a source of configuration: what comes, what goes, and what goes wrong. */

import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { KindInfo } from '../../src/api/kind-info.ts';
import { customResourceDefinition } from '../../src/codegen/crd.ts';
import { readSchemas } from '../../src/codegen/schema-files.ts';
import type { MeshObject } from '../../src/config/object.ts';
import type { ChangeSet } from '../../src/config/sources/source.ts';
import { Controller } from '../../src/controller/controller.ts';
import { Log } from '../../src/base/log.ts';
import { readSettings } from '../../src/controller/settings.ts';
import { wantedKinds } from '../../src/controller/wanted-kinds.ts';
import { loadAccess } from '../../src/kube/access.ts';
import { KubeSource } from '../../src/kube/source.ts';
import { translate } from '../../src/xds/translate.ts';
import { minimalObject } from './minimal-objects.ts';
import {
  apply,
  describeOnRealServer,
  type Fields,
  makeNamespaces,
  notEstablished,
} from './on-real-server.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** One definition is kept back, to appear later. */
const LATE = 'wasmplugins.extensions.istio.io';
const definitions = readSchemas(root).files.flatMap(({ schema }) => customResourceDefinition(schema) ?? []);
const TIMES = { retry: { first: 20, max: 200 }, watchFor: 600, askKindsEvery: 200 };

/** Between a client and the API server, so that a test can cut the one off from the other. */
class Wire {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #isCut = false;

  constructor(port: number) {
    this.#server = createServer((client) => {
      if (this.#isCut) return void client.destroy();
      const upstream = connect(port, '127.0.0.1');
      for (const socket of [client, upstream]) {
        this.#sockets.add(socket);
        socket.on('error', () => socket.destroy());
        socket.on('close', () => {
          this.#sockets.delete(socket);
          client.destroy();
          upstream.destroy();
        });
      }
      client.pipe(upstream).pipe(client);
    });
  }

  async open(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}

function identity({ key, meta }: Pick<MeshObject, 'key' | 'meta'>): string {
  return `${key} ${meta.namespace ?? ''}/${meta.name}`;
}

describeOnRealServer('a real API server as a source', (plane) => {
  let source: KubeSource | undefined;
  let wire: Wire | undefined;
  let wake: () => void = () => {};
  let changes: ChangeSet[] = [];

  beforeAll(async () => {
    const now = definitions.filter(({ metadata }) => metadata.name !== LATE);
    const objects = now.map((one) => ({ id: one.metadata.name, object: one as unknown as Fields }));
    expect(apply(plane(), objects)).toEqual([]);
    const names = now.map(({ metadata }) => metadata.name);
    expect(await notEstablished(plane(), names)).toEqual([]);
    makeNamespaces(plane(), ['shop', 'istio-system']);
  }, 180_000);

  afterEach(() => {
    source?.stop();
    wire?.close();
    source = undefined;
    wire = undefined;
  });

  async function start(kubeconfig = plane().kubeconfig): Promise<KubeSource> {
    changes = [];
    source = new KubeSource(await loadAccess({ kubeconfig }), {
      wanted: wantedKinds('istio-system'),
      defaultNamespace: 'default',
      rootNamespace: 'istio-system',
      times: TIMES,
      pageSize: 3,
    });
    await source.start((change) => {
      changes.push(change);
      wake();
    });
    return source;
  }

  /** A kubeconfig file like the administrator's, with something else in it. */
  function kubeconfigWith(name: string, change: (text: string) => string): string {
    const file = join(plane().folder, name);
    writeFileSync(file, change(readFileSync(plane().kubeconfig, 'utf8')));
    return file;
  }

  async function startBehindWire(): Promise<KubeSource> {
    const { server } = plane();
    wire = new Wire(Number(new URL(server).port));
    const port = await wire.open();
    return start(kubeconfigWith('wired', (text) => text.replaceAll(server, `https://127.0.0.1:${port}`)));
  }

  /** Waits until it is so; the test's own time limit ends a wait in vain. */
  async function until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => (wake = resolve));
  }

  function put(...objects: readonly Fields[]): void {
    expect(
      apply(
        plane(),
        objects.map((object) => ({ id: JSON.stringify(object), object })),
      ),
    ).toEqual([]);
  }

  function remove(...objects: readonly Fields[]): void {
    const text = objects.map((object) => JSON.stringify(object)).join('\n---\n');
    const { status, stderr } = plane().kubectl(['delete', '--wait=false', '-f', '-'], text);
    expect([status, stderr.replace(/^Warning: .*\n/gm, '')]).toEqual([0, '']);
  }

  function route(name: string, prefix = '/'): Fields {
    const spec = {
      hosts: ['juice'],
      http: [{ match: [{ uri: { prefix } }], route: [{ destination: { host: 'juice' } }] }],
    };
    return {
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name, namespace: 'shop' },
      spec,
    };
  }

  function routes(): string[] {
    return (source?.objects ?? [])
      .filter(({ key }) => key === 'networking.istio.io/VirtualService')
      .map(({ meta }) => meta.name);
  }

  test('objects of every kind arrive when they are made, changed and deleted', async () => {
    const running = await start();
    const kinds = wantedKinds('istio-system').filter(({ info }) => `${info.plural}.${info.group}` !== LATE);
    const place = (info: KindInfo): string => (info.key === 'core/ConfigMap' ? 'istio-system' : 'shop');
    const objects = kinds.map(({ info }) => minimalObject(info, place(info)));
    const ids = kinds.map(({ info }) =>
      identity({
        key: info.key,
        meta: {
          name: 'one',
          namespace: info.scope === 'Cluster' ? undefined : place(info),
          labels: {},
          annotations: {},
        },
      }),
    );
    put(...objects);
    // What the rules of its kind refuse has arrived as well: it is set aside.
    const arrived = (): ReadonlySet<string> =>
      new Set([
        ...running.objects.map(identity),
        ...running.rejections.map(({ file }) => idOfAddress(file, kinds)),
      ]);
    await until(() => ids.every((id) => arrived().has(id)));
    expect(running.objects.length).toBeGreaterThan(50);

    const labelled = objects.map((object) => ({
      ...object,
      metadata: { ...(object['metadata'] as Fields), labels: { fresh: 'yes' } },
    }));
    const isRejected = new Set(running.rejections.map(({ file }) => idOfAddress(file, kinds)));
    const inForce = ids.filter((id) => !isRejected.has(id));
    put(...labelled);
    const fresh = (): ReadonlySet<string> =>
      new Set(running.objects.filter(({ meta }) => meta.labels['fresh'] === 'yes').map(identity));
    await until(() => inForce.every((id) => fresh().has(id)));

    remove(...objects);
    // No controller ends a namespace here.
    const namespace = JSON.parse(plane().kubectl(['get', 'namespace', 'one', '-o', 'json']).stdout) as Fields;
    plane().kubectl(
      ['replace', '--raw', '/api/v1/namespaces/one/finalize', '-f', '-'],
      JSON.stringify({ ...namespace, spec: { finalizers: [] } }),
    );
    await until(() => !ids.some((id) => arrived().has(id)));
    expect(running.notes).toEqual([]);
  }, 60_000);

  test('nothing is lost while the API server is away', async () => {
    put(route('kept'), route('gone'));
    const running = await start();
    await plane().stopApiserver();
    await until(() => running.notes.length > 0);
    expect(running.notes.join('\n')).toContain('does not answer');
    expect(routes()).toEqual(['gone', 'kept']);
    await plane().startApiserver();
    put(route('new'));
    remove(route('gone'));
    await until(() => routes().join() === 'kept,new' && running.notes.length === 0);
    remove(route('kept'), route('new'));
    await until(() => routes().length === 0);
  }, 60_000);

  test('nothing is lost when the changes in between are compacted (410)', async () => {
    put(route('kept'), route('gone'), route('changed'));
    const running = await startBehindWire();
    expect(routes()).toEqual(['changed', 'gone', 'kept']);
    wire?.cut();
    await until(() => running.notes.length > 0);
    put(route('new'), route('changed', '/other'));
    remove(route('gone'));
    await plane().compact();
    // The API server remembers changes, too, until it is started anew.
    await plane().stopApiserver();
    await plane().startApiserver();
    const path = '/apis/networking.istio.io/v1/virtualservices';
    const refused = plane().kubectl([
      'get',
      '--raw',
      `${path}?watch=true&resourceVersion=1&timeoutSeconds=1`,
    ]);
    expect(refused.stdout + refused.stderr).toMatch(/too old|Expired|410/);
    changes = [];
    wire?.mend();
    await until(() => routes().join() === 'changed,kept,new' && running.notes.length === 0);
    const told = changes.flatMap(({ changed, removed }) => [
      ...changed.map(({ meta }) => meta.name),
      ...removed.map(({ meta }) => `-${meta.name}`),
    ]);
    expect(told.filter((name) => !name.includes('.')).toSorted()).toEqual(['-gone', 'changed', 'new']);
    remove(route('kept'), route('new'), route('changed'));
  }, 60_000);

  test('a right that is missing for a kind is named, and the rest works', async () => {
    const rule = (group: string, ...resources: string[]) => ({
      apiGroups: [group],
      resources,
      verbs: ['get', 'list', 'watch'],
    });
    const role = (...more: readonly Fields[]): Fields => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'reader' },
      rules: [
        rule('', 'endpoints', 'namespaces', 'nodes', 'pods', 'services', 'configmaps'),
        rule('apiextensions.k8s.io', 'customresourcedefinitions'),
        rule('networking.istio.io', 'virtualservices'),
        ...more,
      ],
    });
    put(role(), {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'reader' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'reader' },
      subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: 'shop' }],
    });
    put(route('seen'));
    const token = plane().kubectl(['create', 'token', 'default', '-n', 'shop']).stdout.trim();
    const file = kubeconfigWith('reader', (text) => text.replace(/"token":"[^"]+"/, `"token":"${token}"`));
    const running = await start(file);
    expect(routes()).toEqual(['seen']);
    expect(running.notes).toContain(
      'no right to list sidecars.networking.istio.io, so they are not followed; a ClusterRole with the rule ' +
        '{apiGroups: ["networking.istio.io"], resources: ["sidecars"], verbs: ["get", "list", "watch"]} gives it',
    );
    const before = running.notes.length;
    put(role(rule('networking.istio.io', 'sidecars')));
    await until(() => running.notes.length === before - 1);
    expect(running.notes.join('\n')).not.toContain('sidecars');
    remove(route('seen'));
    await until(() => routes().length === 0);
  }, 60_000);

  test('a kind whose definition appears later is followed from then on, and no longer once it is gone', async () => {
    const running = await start();
    const definition = definitions.find(({ metadata }) => metadata.name === LATE) as unknown as Fields;
    const plugins = (): readonly string[] =>
      running.objects
        .filter(({ key }) => key === 'extensions.istio.io/WasmPlugin')
        .map(({ meta }) => meta.name);
    put(definition);
    expect(await notEstablished(plane(), [LATE])).toEqual([]);
    const info = wantedKinds('x').find(({ info: { key } }) => key === 'extensions.istio.io/WasmPlugin')?.info;
    if (info === undefined) throw new Error('no such kind');
    put(minimalObject(info, 'shop'));
    await until(() => plugins().join() === 'one');
    remove(definition);
    await until(() => plugins().length === 0);
    await until(() => running.notes.length === 0);
  }, 60_000);

  describe('the controller', () => {
    test('serves what the cluster and its folders hold, and shows what is set aside', async () => {
      put(
        {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name: 'juice', namespace: 'shop' },
          spec: { ports: [{ port: 80 }] },
        },
        // The definition's schema lets it in; the rules of the kind do not.
        {
          apiVersion: 'networking.istio.io/v1',
          kind: 'Gateway',
          metadata: { name: 'bad', namespace: 'shop' },
          spec: { servers: [{ port: { number: 80, name: 'http', protocol: 'BOATS' }, hosts: ['*'] }] },
        },
      );
      const file = join(plane().folder, 'fruits.yaml');
      writeFileSync(
        file,
        'apiVersion: v1\nkind: Service\nmetadata: {name: fruits, namespace: shop}\nspec: {ports: [{port: 80}]}\n',
      );
      const flags = ['--kubeconfig', plane().kubeconfig, '--config', file, '--grpc-addr', '127.0.0.1:0'];
      const settings = readSettings([...flags, '--http-addr', '127.0.0.1:0', '--drain-time', '10ms'], {});
      if (settings === 'help') throw new Error('no settings');
      const controller = new Controller(settings, new Log('off', () => {}), translate);
      try {
        await controller.start();
        const page = await fetch(`http://127.0.0.1:${controller.httpPort}/debug/configz`);
        expect(await page.json()).toMatchObject({
          sources: [
            { name: 'cluster test', notes: [] },
            { name: file, objects: 1 },
          ],
          rejected: [
            { object: 'Gateway shop/bad', file: expect.stringContaining('/namespaces/shop/gateways/bad') },
          ],
        });
        const services = await fetch(`http://127.0.0.1:${controller.httpPort}/debug/registryz`);
        const text = await services.text();
        expect(text).toContain('juice.shop.svc.cluster.local');
        expect(text).toContain('fruits.shop.svc.cluster.local');
      } finally {
        await controller.stop();
      }
    }, 120_000);
  });
});

/** What is at an address of the API: `…/namespaces/shop/sidecars/one`. */
function idOfAddress(file: string, kinds: readonly { readonly info: KindInfo }[]): string {
  const parts = new URL(file).pathname.split('/');
  const [plural, name] = parts.slice(-2);
  const group = parts[1] === 'api' ? '' : (parts[2] ?? '');
  const at = parts.indexOf('namespaces');
  const kind = kinds.find(({ info }) => info.group === group && info.plural === plural);
  return `${kind?.info.key} ${at < 0 ? '' : parts[at + 1]}/${name}`;
}
