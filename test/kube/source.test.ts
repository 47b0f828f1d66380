import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findKind } from '../../src/api/kinds.ts';
import type { ChangeSet } from '../../src/config/sources/source.ts';
import type { WantedKind } from '../../src/kube/discovery.ts';
import { KubeSource } from '../../src/kube/source.ts';
import { DEFINITIONS, FakeApiServer, type Item, pathOf } from './fake-api-server.ts';

const ROUTES = pathOf('networking.istio.io', 'v1', 'virtualservices');
const RULES = pathOf('networking.istio.io', 'v1', 'destinationrules');
const SERVICES = pathOf('core', 'v1', 'services');

const TIMES = { retry: { first: 2, max: 10 }, watchFor: 600, askKindsEvery: 20 };

let server: FakeApiServer;
let source: KubeSource;
let changes: ChangeSet[];
let wake: () => void;

beforeEach(async () => {
  changes = [];
  wake = () => {};
  server = new FakeApiServer();
  server.serve('core', 'v1', 'services');
  server.serve('networking.istio.io', 'v1', 'virtualservices');
  await server.start();
});
afterEach(async () => {
  source?.stop();
  await server.stop();
});

function wanted(...keys: readonly string[]): readonly WantedKind[] {
  return keys.map((key) => {
    const info = findKind(key);
    if (info === undefined) throw new Error(`no kind ${key}`);
    return { info };
  });
}

/** Begins to start; `await` the answer for the end of it. */
function start(): Promise<void> {
  source = new KubeSource(server.access, {
    wanted: wanted(
      'core/Service',
      'networking.istio.io/VirtualService',
      'networking.istio.io/DestinationRule',
    ),
    defaultNamespace: 'default',
    rootNamespace: 'istio-system',
    times: TIMES,
    pageSize: 2,
    random: () => 0.5,
  });
  return source.start((change) => {
    changes.push(change);
    wake();
  });
}

/** Waits until what the source holds is as wanted; the test's own time limit ends a wait in vain. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise<void>((resolve) => (wake = resolve));
}

function route(name: string, weight = 100): Item {
  return {
    metadata: { name, namespace: 'shop', managedFields: [{ manager: 'kubectl' }] },
    spec: { hosts: ['juice'], http: [{ route: [{ destination: { host: 'juice' }, weight }] }] },
  };
}

function names(): string[] {
  return source.objects.map(({ meta }) => meta.name);
}

function changedNames(): string[] {
  return changes.flatMap(({ changed, removed }) => [
    ...changed.map(({ meta }) => meta.name),
    ...removed.map(({ meta }) => `-${meta.name}`),
  ]);
}

const isList = (path: string) => (url: URL) => url.pathname === path && !url.searchParams.has('watch');
const isWatch = (path: string) => (url: URL) => url.pathname === path && url.searchParams.has('watch');

describe('a cluster as a source', () => {
  test('reads lists in pages, as objects of their kind that name their address', async () => {
    for (const name of ['e', 'd', 'c', 'b', 'a']) server.put(ROUTES, route(name));
    await start();
    expect(names()).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(source.objects[0]).toMatchObject({
      key: 'networking.istio.io/VirtualService',
      apiVersion: 'networking.istio.io/v1',
      source: {
        file: `${server.access.server}/apis/networking.istio.io/v1/namespaces/shop/virtualservices/a`,
      },
    });
    expect(source.objects[0]?.value).not.toHaveProperty('metadata.managedFields');
    expect(server.count(isList(ROUTES))).toBe(3);
    expect(changedNames()).toEqual([]);
    expect(source.notes).toEqual([]);
  });

  test('tells of what comes, changes and goes, and of nothing else', async () => {
    await start();
    server.put(ROUTES, route('one'));
    server.put(ROUTES, route('two'));
    await until(() => names().length === 2);
    server.put(ROUTES, { ...route('one'), status: { observedGeneration: '3' } });
    server.put(ROUTES, route('two', 50));
    server.remove(ROUTES, 'one', 'shop');
    await until(() => names().length === 1);
    expect(changedNames()).toEqual(['one', 'two', 'two', '-one']);
    expect(server.count(isList(ROUTES))).toBe(1);
  });

  test('sets a bad object aside, keeps its last good version, and forgets both when it goes', async () => {
    server.put(ROUTES, route('bad', -1));
    server.put(ROUTES, route('good'));
    await start();
    expect(names()).toEqual(['good']);
    expect(source.rejections).toMatchObject([
      {
        object: 'VirtualService shop/bad',
        isEarlierInForce: false,
        errors: [expect.stringContaining('weight')],
      },
    ]);
    server.put(ROUTES, route('good', -1));
    await until(() => source.rejections.length === 2);
    expect(source.rejections[1]).toMatchObject({
      object: 'VirtualService shop/good',
      isEarlierInForce: true,
    });
    expect(names()).toEqual(['good']);
    server.remove(ROUTES, 'good', 'shop');
    server.put(ROUTES, route('bad'));
    await until(() => names().includes('bad'));
    expect(source.rejections).toEqual([]);
    expect(names()).toEqual(['bad']);
  });

  test('goes on where it was when watches break, without a new list', async () => {
    await start();
    server.put(ROUTES, route('one'));
    await until(() => names().length === 1);
    server.breakWatches();
    server.put(ROUTES, route('two'));
    await until(() => names().length === 2);
    expect(server.count(isList(ROUTES))).toBe(1);
    expect(changedNames()).toEqual(['one', 'two']);
  });

  test('goes on from a bookmark where nothing else has told of time going by', async () => {
    await start();
    await server.until(() => server.count(isWatch(ROUTES)) === 1);
    server.put(SERVICES, { metadata: { name: 'far', namespace: 'shop' }, spec: { ports: [{ port: 80 }] } });
    server.compact();
    server.bookmark();
    await until(() => names().includes('far'));
    // Were the bookmark not heard, the watch would go on from before what was forgotten, and end with 410.
    server.put(ROUTES, route('one'));
    await until(() => names().includes('one'));
    server.breakWatches();
    await server.until(() => server.count(isWatch(ROUTES)) === 2);
    expect(server.count(isList(ROUTES))).toBe(1);
  });

  test('lists anew when what it would go on from is forgotten (410), and tells only of differences', async () => {
    server.put(ROUTES, route('kept'));
    server.put(ROUTES, route('lost'));
    await start();
    await server.until(() => server.count(isWatch(ROUTES)) === 1);
    server.fault = (url) => (isWatch(ROUTES)(url) ? { status: 500 } : undefined);
    server.breakWatches();
    await until(() => source.notes.length === 1);
    server.remove(ROUTES, 'lost', 'shop');
    server.put(ROUTES, route('new'));
    server.compact();
    server.fault = () => undefined;
    await until(() => names().includes('new'));
    expect(names()).toEqual(['kept', 'new']);
    expect(changedNames()).toEqual(['new', '-lost']);
    expect(server.count(isList(ROUTES))).toBe(2);
    await until(() => source.notes.length === 0);
  });

  test('lists all at once when a page is forgotten while the next is asked for', async () => {
    for (const name of ['a', 'b', 'c']) server.put(ROUTES, route(name));
    server.fault = (url) => (url.searchParams.has('continue') ? { status: 410 } : undefined);
    await start();
    expect(names()).toEqual(['a', 'b', 'c']);
  });

  test('waits for a server that is away, says so, and loses nothing', async () => {
    await server.stop();
    const started = start();
    await until(() => source.notes.some((note) => note.includes('does not tell which kinds it serves')));
    server.put(ROUTES, route('one'));
    await server.start();
    await started;
    expect(names()).toEqual(['one']);
    await server.stop();
    await until(() => source.notes.some((note) => note.includes(`${ROUTES} does not answer`)));
    expect(names()).toEqual(['one']);
    server.put(ROUTES, route('two'));
    server.remove(ROUTES, 'one', 'shop');
    await server.start();
    await until(() => names().join() === 'two' && source.notes.length === 0);
    expect(changedNames()).toEqual(['two', '-one']);
  });

  test('names the rule that is missing, goes on with the rest, and takes the kind up once it may', async () => {
    server.put(ROUTES, route('one'));
    server.put(SERVICES, { metadata: { name: 'juice', namespace: 'shop' }, spec: { ports: [{ port: 80 }] } });
    server.fault = ({ pathname }) =>
      pathname === ROUTES ? { status: 403, message: 'forbidden' } : undefined;
    await start();
    expect(names()).toEqual(['juice']);
    expect(source.notes).toEqual([
      'no right to list virtualservices.networking.istio.io, so they are not followed; a ClusterRole with the rule ' +
        '{apiGroups: ["networking.istio.io"], resources: ["virtualservices"], verbs: ["get", "list", "watch"]} gives it',
    ]);
    server.fault = () => undefined;
    await until(() => names().includes('one') && source.notes.length === 0);
  });

  test('lists again and again where it may not watch', async () => {
    server.fault = (url) => (isWatch(ROUTES)(url) ? { status: 403 } : undefined);
    await start();
    await until(() => source.notes.some((note) => note.startsWith('no right to watch virtualservices')));
    server.put(ROUTES, route('one'));
    await until(() => names().includes('one'));
  });

  test('takes a kind up when it is defined, and drops its objects when it goes', async () => {
    await start();
    expect(source.notes).toEqual([]);
    server.put(DEFINITIONS, { metadata: { name: 'destinationrules.networking.istio.io' } });
    // Defined, and served only later.
    await until(() =>
      source.notes.some((note) => note.includes('destinationrules.networking.istio.io is defined')),
    );
    server.serve('networking.istio.io', 'v1', 'destinationrules');
    server.put(RULES, { metadata: { name: 'rule', namespace: 'shop' }, spec: { host: 'juice' } });
    await until(() => names().includes('rule') && source.notes.length === 0);
    server.remove(DEFINITIONS, 'destinationrules.networking.istio.io');
    server.unserve('networking.istio.io', 'v1', 'destinationrules');
    await until(() => !names().includes('rule'));
    expect(changedNames()).toEqual(['rule', '-rule']);
  });

  test('keeps the objects of a kind that is defined while a server that starts does not serve it yet', async () => {
    server.put(DEFINITIONS, { metadata: { name: 'virtualservices.networking.istio.io' } });
    server.put(ROUTES, route('one'));
    await start();
    server.unserve('networking.istio.io', 'v1', 'virtualservices');
    await until(() => source.notes.some((note) => note.includes('is defined, but not served')));
    expect(names()).toEqual(['one']);
  });

  test('asks now and then for new kinds where it may not see definitions', async () => {
    server.fault = ({ pathname }) => (pathname === DEFINITIONS ? { status: 403 } : undefined);
    await start();
    expect(source.notes).toEqual([expect.stringContaining('no right to list customresourcedefinitions')]);
    server.serve('networking.istio.io', 'v1', 'destinationrules');
    server.put(RULES, { metadata: { name: 'rule', namespace: 'shop' }, spec: { host: 'juice' } });
    await until(() => names().includes('rule'));
  });

  test('reads a kind in another version when only that is served', async () => {
    server.unserve('networking.istio.io', 'v1', 'virtualservices');
    server.serve('networking.istio.io', 'v1beta1', 'virtualservices');
    server.put(pathOf('networking.istio.io', 'v1beta1', 'virtualservices'), route('one'));
    await start();
    expect(source.objects.map(({ apiVersion }) => apiVersion)).toEqual(['networking.istio.io/v1beta1']);
  });

  test.each([
    ['no JSON', '{"type":\n'],
    ['an error of the server', '{"type":"ERROR","object":{"code":500,"message":"etcd is away"}}\n'],
    ['no event', '7\nnull\n{"type":"ADDED","object":3}\n{"type":"LATER","object":{}}\n'],
  ])('goes on after a watch has sent %s', async (_what, text) => {
    await start();
    await server.until(() => server.count(isWatch(ROUTES)) === 1);
    server.say(ROUTES, text);
    server.put(ROUTES, route('one'));
    await until(() => names().includes('one'));
  });

  test('one kind that always fails does not keep the others from being served', async () => {
    server.put(SERVICES, { metadata: { name: 'juice', namespace: 'shop' }, spec: { ports: [{ port: 80 }] } });
    server.fault = ({ pathname }) =>
      pathname === ROUTES ? { status: 500, message: 'conversion failed' } : undefined;
    await start();
    expect(names()).toEqual(['juice']);
    expect(source.notes).toEqual([expect.stringContaining('(list, 500): conversion failed')]);
  });
});
