import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import type { KindKey } from '../../src/api/kind-info.ts';
import { parseText } from '../../src/config/parse/parse.ts';
import { loadPaths } from '../../src/config/sources/files.ts';
import { Snapshot } from '../../src/model/snapshot.ts';
import { Memo } from '../../src/xds/memo.ts';
import { NodeSchema } from '../../src/xds/proto/generated/envoy/config/core/v3/base_pb.js';
import { typedJson } from '../../src/xds/proto/registry.ts';
import { type ProxyIdentity, proxyIdentity } from '../../src/xds/proxy-identity.ts';
import { type Translated, translate, TranslationMemo } from '../../src/xds/translate.ts';

function identity(
  name: string,
  { namespace = 'shop', ip = '10.1.2.3', type = 'sidecar', labels = {} as Record<string, string> } = {},
): ProxyIdentity {
  const id = `${type}~${ip}~${name}.${namespace}~${namespace}.svc.cluster.local`;
  return proxyIdentity(create(NodeSchema, { id, metadata: { LABELS: labels } }));
}

describe('a memo', () => {
  /** How often a builder runs for these proxies, one after another. */
  function builds(proxies: readonly ProxyIdentity[], build: (proxy: ProxyIdentity) => unknown): number {
    const memo = new Memo<unknown>();
    let count = 0;
    for (const proxy of proxies) {
      const result = memo.get(proxy, (watched) => {
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

  test('forgets what was made of objects that changed, and only that', () => {
    const memo = new Memo<number>();
    let count = 0;
    const ask = (proxy: ProxyIdentity, kind: KindKey): number =>
      memo.get(proxy, ({ namespace }, onRead) => {
        onRead([kind, 'core/Namespace']);
        count += namespace === '' ? 100 : 1;
        return count;
      });
    expect([ask(one, 'core/Service'), ask(away, 'core/Pod'), ask(two, 'core/Service')]).toEqual([1, 2, 1]);
    memo.forget(new Set(['core/Service']));
    expect([ask(away, 'core/Pod'), ask(one, 'core/Service')]).toEqual([2, 3]);
    memo.forget(new Set(['core/Secret']));
    expect([ask(away, 'core/Pod'), ask(one, 'core/Service')]).toEqual([2, 3]);
    memo.clear();
    expect(ask(away, 'core/Pod')).toBe(4);
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

function documents(): string[] {
  return MESH.split('---\n');
}

function snapshotOf(texts: readonly string[]): Snapshot {
  return Snapshot.build(parseText(texts.join('---\n'), 'mesh.yaml').objects);
}

describe('a remembered translation', () => {
  test('is the same as a fresh one for every proxy, whatever object goes and comes back', () => {
    const memo = new TranslationMemo();
    const all = documents();
    const check = (texts: readonly string[]): void => {
      const snapshot = snapshotOf(texts);
      for (const proxy of PROXIES) {
        expect(shown(translate(snapshot, proxy, memo))).toEqual(shown(translate(snapshot, proxy)));
      }
    };
    check(all);
    for (const [index, text] of all.entries()) {
      const kinds = new Set(parseText(text, 'mesh.yaml').objects.map(({ key }) => key));
      memo.changed(kinds);
      check(all.toSpliced(index, 1));
      memo.changed(kinds);
      check(all);
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

  test('gives the very lists to proxies that get the same, and keeps those that a change does not touch', () => {
    const memo = new TranslationMemo();
    const [, two, three] = PROXIES;
    if (two === undefined || three === undefined) throw new Error('no proxies');
    const before = translate(snapshotOf(documents()), two, memo);
    const beside = translate(snapshotOf(documents()), three, memo);
    expect(beside.endpoints).toBe(before.endpoints);
    memo.changed(new Set(['networking.istio.io/Gateway']));
    expect(translate(snapshotOf(documents()), two, memo).endpoints).toBe(before.endpoints);
    memo.changed(new Set(['discovery.k8s.io/EndpointSlice']));
    expect(translate(snapshotOf(documents()), two, memo).endpoints).not.toBe(before.endpoints);
    const again = translate(snapshotOf(documents()), two, memo);
    memo.changed(undefined);
    expect(translate(snapshotOf(documents()), two, memo).endpoints).not.toBe(again.endpoints);
  });
});
