import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import type { KindKey } from '../../src/api/kind-info.ts';
import type { MeshObject } from '../../src/config/object.ts';
import { parseText } from '../../src/config/parse/parse.ts';
import { loadPaths } from '../../src/config/sources/files.ts';
import { meshSettings } from '../../src/model/mesh-settings.ts';
import { Snapshot } from '../../src/model/snapshot.ts';
import { Memo, type World } from '../../src/xds/memo.ts';
import { NodeSchema } from '../../src/xds/proto/generated/envoy/config/core/v3/base_pb.js';
import { typedJson } from '../../src/xds/proto/registry.ts';
import { originOf } from '../../src/xds/resource.ts';
import { type ProxyIdentity, proxyIdentity } from '../../src/xds/proxy-identity.ts';
import { translate } from '../../src/xds/translate.ts';
import { type Translated, TranslationMemo } from '../../src/xds/translation-memo.ts';

function identity(
  name: string,
  { namespace = 'shop', ip = '10.1.2.3', type = 'sidecar', labels = {} as Record<string, string> } = {},
): ProxyIdentity {
  const id = `${type}~${ip}~${name}.${namespace}~${namespace}.svc.cluster.local`;
  return proxyIdentity(create(NodeSchema, { id, metadata: { LABELS: labels } }));
}

const NOWHERE = Snapshot.build([]);

/** A state in which objects of these kinds have changed since the one before. */
function world(generation: number, changed: readonly KindKey[] = []): World {
  return {
    snapshot: NOWHERE,
    generation,
    hasChanged: (kinds, since) => since < generation && changed.some((kind) => kinds.has(kind)),
  };
}

describe('a memo', () => {
  /** How often a builder runs for these proxies, one after another. */
  function builds(proxies: readonly ProxyIdentity[], build: (proxy: ProxyIdentity) => unknown): number {
    const memo = new Memo<unknown>();
    let count = 0;
    for (const proxy of proxies) {
      const result = memo.get(proxy, world(1), (watched) => {
        count += 1;
        return build(watched);
      });
      expect(result).toEqual(build(proxy));
    }
    return count;
  }

  const one = identity('one', { labels: { app: 'a', version: 'v1' } });
  const two = identity('two', { labels: { app: 'a', version: 'v2' }, ip: '10.1.2.4' });
  const away = identity('three', { namespace: 'bakery', labels: { app: 'a' } });

  test.each<[string, number, (proxy: ProxyIdentity) => unknown]>([
    ['nothing', 1, () => 'all'],
    ['the namespace', 2, ({ namespace }) => namespace],
    ['one label', 1, ({ labels }) => labels.app],
    ['a label that some lack', 3, ({ labels }) => Object.hasOwn(labels, 'version') && labels.version],
    ['whether there is a label', 3, ({ labels }) => 'version' in labels],
    ['all labels', 3, ({ labels }) => Object.entries(labels)],
    ['a copy of the labels', 3, ({ labels }) => ({ ...labels })],
    ['the addresses', 2, ({ ips }) => ips],
    [
      'a label only in one namespace',
      3,
      ({ namespace, labels }) => (namespace === 'shop' ? labels.version : namespace),
    ],
  ])('is shared by proxies that are the same in what is read: %s', (_what, count, build) => {
    expect(builds([one, two, away, one, two, away], build)).toBe(count);
  });

  test('makes anew what was made of objects that changed, and only that', () => {
    const memo = new Memo<string>();
    let now = world(1);
    const ask = (proxy: ProxyIdentity, kind: KindKey): string =>
      memo.get(proxy, now, ({ namespace }, { kinds }, earlier) => {
        kinds([kind, 'core/Namespace']);
        return `${namespace}${now.generation}<${earlier ?? ''}`;
      });
    const both = (): string[] => [ask(one, 'core/Service'), ask(away, 'core/Pod'), ask(two, 'core/Service')];
    expect(both()).toEqual(['shop1<', 'bakery1<', 'shop1<']);
    now = world(2, ['core/Service']);
    expect(both()).toEqual(['shop2<shop1<', 'bakery1<', 'shop2<shop1<']);
    now = world(3, ['core/Secret']);
    expect(both()).toEqual(['shop2<shop1<', 'bakery1<', 'shop2<shop1<']);
    memo.forgetUnused(3);
    now = world(4);
    expect(both()).toEqual(['shop2<shop1<', 'bakery1<', 'shop2<shop1<']);
    memo.forgetUnused(5);
    expect(memo.isEmpty).toBe(true);
  });

  test('gives who comes back what the others have got meanwhile', () => {
    const memo = new Memo<object>();
    const ask = (proxy: ProxyIdentity, now: World): object =>
      memo.get(proxy, now, ({ namespace }) => ({ namespace }));
    const first = ask(one, world(1));
    expect(ask(two, world(1))).toBe(first);
    memo.forgetUnused(2);
    const second = ask(two, world(3));
    expect(second).not.toBe(first);
    expect(ask(one, world(3))).toBe(second);
  });

  test('makes anew what depends on something in particular when that differs', () => {
    const memo = new Memo<number>();
    let value = 'a';
    let now = world(1);
    const ask = (): number =>
      memo.get(one, now, (_proxy, { fact }) => {
        fact({ kinds: ['core/Pod'], read: () => value, value });
        return now.generation;
      });
    expect(ask()).toBe(1);
    now = world(2, ['core/Pod']);
    expect(ask()).toBe(1);
    value = 'b';
    expect(ask()).toBe(1);
    now = world(3, ['core/Pod']);
    expect(ask()).toBe(3);
  });

  test('keeps what an earlier result depended on for what is made of it', () => {
    const memo = new Memo<string>();
    const ask = (proxy: ProxyIdentity, now: World): string =>
      memo.get(proxy, now, (watched, { kinds }, earlier) => {
        kinds(['core/Pod']);
        return earlier ?? watched.name;
      });
    expect([ask(one, world(1)), ask(two, world(1))]).toEqual(['one', 'two']);
    const now = world(2, ['core/Pod']);
    expect([ask(one, now), ask(two, now), ask(one, now)]).toEqual(['one', 'two', 'one']);
  });
});

/** Endpoints, locality, subsets, sidecar scopes, source labels: what may differ between proxies. */
const MESH = `
apiVersion: v1
kind: Service
metadata: {name: juice, namespace: shop}
spec: {clusterIP: 10.96.0.1, selector: {app: juice}, ports: [{name: http, port: 80, targetPort: 8080}, {name: tcp-x, port: 90}]}
---
apiVersion: v1
kind: Service
metadata: {name: fruits, namespace: bakery}
spec: {clusterIP: None, selector: {app: fruits}, ports: [{name: tcp, port: 7000}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: juice-1, namespace: shop, labels: {kubernetes.io/service-name: juice}}
addressType: IPv4
ports: [{name: http, port: 8080}, {name: tcp-x, port: 90}]
endpoints: [{addresses: [10.1.2.3]}, {addresses: [10.1.2.4]}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: fruits-1, namespace: bakery, labels: {kubernetes.io/service-name: fruits}}
addressType: IPv4
ports: [{name: tcp, port: 7000}]
endpoints: [{addresses: [10.1.3.1]}, {addresses: [10.1.3.2]}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: juice, namespace: shop}
spec:
  host: juice
  subsets: [{name: v1, labels: {version: v1}}]
  trafficPolicy: {outlierDetection: {consecutive5xxErrors: 3}, loadBalancer: {localityLbSetting: {enabled: true}}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: juice-of-baker, namespace: bakery}
spec:
  host: juice.shop.svc.cluster.local
  workloadSelector: {matchLabels: {app: baker}}
  trafficPolicy: {connectionPool: {http: {http1MaxPendingRequests: 7}}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: juice, namespace: shop}
spec:
  hosts: [juice]
  http:
  - match: [{sourceLabels: {version: v2}}]
    route: [{destination: {host: juice, subset: v1}}]
  - route: [{destination: {host: juice}}]
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: narrow, namespace: bakery}
spec: {workloadSelector: {labels: {app: narrow}}, egress: [{hosts: ['./*']}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: front, namespace: shop}
spec: {selector: {istio: gateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: deny, namespace: shop}
spec: {selector: {matchLabels: {version: v1}}, action: DENY, rules: [{}]}
`;

const PROXIES = [
  identity('juice-1', { ip: '10.1.2.3', labels: { app: 'juice', version: 'v1' } }),
  identity('juice-2', { ip: '10.1.2.4', labels: { app: 'juice', version: 'v2' } }),
  identity('juice-3', { ip: '10.1.2.5', labels: { app: 'juice', version: 'v2' } }),
  identity('fruits-1', { ip: '10.1.3.1', namespace: 'bakery', labels: { app: 'fruits' } }),
  identity('fruits-2', { ip: '10.1.3.2', namespace: 'bakery', labels: { app: 'fruits' } }),
  identity('baker', { ip: '10.1.3.3', namespace: 'bakery', labels: { app: 'baker' } }),
  identity('narrow', { ip: '10.1.3.4', namespace: 'bakery', labels: { app: 'narrow' } }),
  identity('gateway', { ip: '10.1.4.1', type: 'router', labels: { istio: 'gateway' } }),
  identity('other-gateway', { ip: '10.1.4.2', type: 'router', namespace: 'bakery' }),
];

/** All that a proxy gets, as JSON. */
function shown({ clusters, endpoints, listeners, routes, problems }: Translated): unknown {
  const list = [clusters, endpoints, listeners, routes];
  return [...list.map((one) => one.map(({ message }) => typedJson(message))), problems];
}

const OBJECTS = parseText(MESH, 'mesh.yaml').objects;
const SETTINGS = meshSettings();

function snapshotOf(objects: readonly MeshObject[], before?: Snapshot): Snapshot {
  return Snapshot.build(objects, { mesh: SETTINGS, before });
}

describe('a remembered translation', () => {
  test('is the same as a fresh one for every proxy, whatever object goes and comes back', () => {
    const memo = new TranslationMemo();
    let before: Snapshot | undefined;
    const check = (objects: readonly MeshObject[], changed: MeshObject | undefined): void => {
      const snapshot = snapshotOf(objects, before);
      memo.moveTo(snapshot, changed === undefined ? undefined : new Set([changed.key]));
      before = snapshot;
      const fresh = snapshotOf(objects);
      for (const proxy of PROXIES) {
        expect(shown(translate(snapshot, proxy, memo))).toEqual(shown(translate(fresh, proxy)));
      }
    };
    check(OBJECTS, undefined);
    for (const [index, object] of OBJECTS.entries()) {
      check(OBJECTS.toSpliced(index, 1), object);
      check(OBJECTS, object);
      // The same object as another value, as a source gives it when it reads it again.
      check(OBJECTS.with(index, { ...object }), object);
    }
  });

  test('is the same as a fresh one while endpoints come and go', () => {
    const memo = new TranslationMemo();
    let before: Snapshot | undefined;
    for (let round = 0; round < 12; round += 1) {
      const objects = OBJECTS.map((object) =>
        object.key === 'discovery.k8s.io/EndpointSlice' ? withEndpoint(object, round) : object,
      );
      const snapshot = snapshotOf(objects, before);
      memo.moveTo(snapshot, new Set(['discovery.k8s.io/EndpointSlice']));
      before = snapshot;
      for (const proxy of PROXIES) {
        expect(shown(translate(snapshot, proxy, memo))).toEqual(shown(translate(snapshotOf(objects), proxy)));
      }
    }
  });

  test('is the same as a fresh one for Micro Shake Factory', () => {
    const { objects } = loadPaths(['fixtures/micro-shake-factory/manifests']);
    const snapshot = Snapshot.build(objects);
    const memo = new TranslationMemo();
    for (const proxy of [...PROXIES, ...PROXIES.map((one) => ({ ...one, namespace: 'default' }))]) {
      expect(shown(translate(snapshot, proxy, memo))).toEqual(shown(translate(snapshot, proxy)));
    }
  });

  test('gives the very value to proxies that get the same, and keeps what a change does not touch', () => {
    const memo = new TranslationMemo();
    const [, two, three] = PROXIES;
    if (two === undefined || three === undefined) throw new Error('no proxies');
    const first = snapshotOf(OBJECTS);
    memo.moveTo(first, undefined);
    const before = translate(first, two, memo);
    expect(translate(first, three, memo).endpoints).toBe(before.endpoints);
    const slice = OBJECTS.findIndex(({ meta }) => meta.name === 'juice-1');
    const objects = OBJECTS.map((object, index) => (index === slice ? withEndpoint(object, 1) : object));
    const second = snapshotOf(objects, first);
    memo.moveTo(second, new Set(['discovery.k8s.io/EndpointSlice']));
    const after = translate(second, two, memo);
    expect(after.clusters).toBe(before.clusters);
    expect(after.routes).toBe(before.routes);
    memo.moveTo(second, new Set(['networking.istio.io/Gateway']));
    expect(translate(second, two, memo)).toBe(after);
    memo.moveTo(second, undefined);
    expect(translate(second, two, memo).clusters).not.toBe(after.clusters);
  });

  test('makes only the assignments anew whose endpoints have changed', () => {
    const memo = new TranslationMemo();
    const [, two] = PROXIES;
    if (two === undefined) throw new Error('no proxy');
    const first = snapshotOf(OBJECTS);
    memo.moveTo(first, undefined);
    const before = translate(first, two, memo).endpoints;
    const slice = OBJECTS.findIndex(({ meta }) => meta.name === 'juice-1');
    const objects = OBJECTS.map((object, index) => (index === slice ? withEndpoint(object, 1) : object));
    const second = snapshotOf(objects, first);
    memo.moveTo(second, new Set(['discovery.k8s.io/EndpointSlice']));
    const after = translate(second, two, memo).endpoints;
    const changed = after.filter((resource, at) => resource !== before[at]).map(({ name }) => name);
    expect(changed).toEqual([
      'outbound|80||juice.shop.svc.cluster.local',
      'outbound|80|v1|juice.shop.svc.cluster.local',
      'outbound|90||juice.shop.svc.cluster.local',
      'outbound|90|v1|juice.shop.svc.cluster.local',
    ]);
    expect(originOf(after)?.from).toBe(before);
  });
});

/** The same EndpointSlice with one more endpoint, which differs by round. */
function withEndpoint(slice: MeshObject, round: number): MeshObject {
  const { endpoints } = slice.value as { endpoints: readonly unknown[] };
  const more = { addresses: [`10.1.${round % 4}.3`] };
  return { ...slice, value: { ...slice.value, endpoints: [...endpoints, more] } };
}
