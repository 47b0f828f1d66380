/**
 * The traffic chapters of a book, with its own manifests, asked through a real proxy: programs of Micro Shake Factory at
 * the endpoints, one of them with a sidecar, and an ingress gateway.
 */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../peers/run-envoy.ts';
import { makeCertificate } from '../peers/world/certificate.ts';
import type { Errand, Outcome } from '../peers/world/courier-messages.ts';
import { INGRESS, pod } from '../peers/world/shop.ts';
import { World, type WorldEngine } from '../peers/world/world.ts';
import { expectShare } from '../proxy/expect-share.ts';
import { describeOnEachEngine } from './on-each-engine.ts';
import { SHARED, hasShared } from '../conformance/cases.ts';

const BOOK = join(SHARED, 'book-policies');
const APPS = fileURLToPath(new URL('../../fixtures/micro-shake-factory/apps', import.meta.url));
const NAMESPACE = 'micro-shake-factory';
const FRUITS = 'fruits.istio-succinctly.io';
const JUICE = 'juice-shop.istio-succinctly.io';
const INTERNET = '10.60.0.1';

const FRUIT_PODS = { '10.41.0.1': '1', '10.41.0.2': '1', '10.41.0.3': '2' } as const;
const SHOP_POD = '10.41.0.11';
/** Outside the mesh, and a service of Kubernetes that has no sidecar. */
const OTHERS = { '10.60.0.2': '1', '10.42.0.1': '2' } as const;

function slice(
  service: string,
  portName: string,
  port: number,
  pods: readonly (readonly [string, string])[],
): object {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${service}-1`,
      namespace: NAMESPACE,
      labels: { 'kubernetes.io/service-name': service },
    },
    addressType: 'IPv4',
    ports: [{ name: portName, port, protocol: 'TCP' }],
    endpoints: pods.map(([ip, name]) => ({
      addresses: [ip],
      conditions: { ready: true },
      targetRef: { kind: 'Pod', name, namespace: NAMESPACE },
    })),
  };
}

/** What a cluster would add to the book's Deployments and Services: pods with addresses. */
function running(): string {
  const fruits = Object.entries(FRUIT_PODS).map(([ip, version], index) => ({
    ip,
    name: `fruits-api-${index}`,
    labels: { app: 'fruits-api', version },
  }));
  const shop = { ip: SHOP_POD, name: 'juice-shop-api-0', labels: { app: 'juice-shop-api' } };
  const items = [
    ...fruits.map((one) => pod({ ...one, namespace: NAMESPACE, port: 3000 })),
    pod({ ...shop, namespace: NAMESPACE, port: 3001 }),
    pod({ ...INGRESS, port: 80 }),
    slice(
      'fruits-api-service',
      'http-fruits-api-service',
      3000,
      fruits.map(({ ip, name }) => [ip, name]),
    ),
    slice('juice-shop-api-service', 'http-js-api-service', 3001, [[shop.ip, shop.name]]),
  ];
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

/** What requests are answered that are tried again so often as long as they fail, if single tries are answered so. */
function withRetries(tries: readonly string[], success: string, retries: number): readonly string[] {
  const answers: string[] = [];
  for (let first = 0; first + retries < tries.length;) {
    const luck = tries.slice(first, first + retries + 1).indexOf(success);
    answers.push(luck < 0 ? (tries[first] ?? '') : success);
    first += luck < 0 ? retries + 1 : luck + 1;
  }
  return answers;
}

function suite(engine: WorldEngine): void {
  const chapter = (name: string): string => readFileSync(join(BOOK, name), 'utf8');
  const fours = (name: string): string => chapter(join('Chapter 4 and 5', name));
  const certificates = mkdtempSync(join(tmpdir(), 'lateen-walkthrough-'));
  let world: World;
  let startShop: () => unknown;

  beforeAll(async () => {
    const tls = makeCertificate(certificates, 'internet', 'raw.githubusercontent.com');
    world = await World.open({
      engine,
      addresses: [...Object.keys(FRUIT_PODS), ...Object.keys(OTHERS), SHOP_POD, INGRESS.ip, INTERNET],
      workload: SHOP_POD,
      names: {
        'fruits-api-service': '10.97.0.1',
        'raw.githubusercontent.com': INTERNET,
        'fruits.by.dns': '10.60.0.2',
      },
      manifests: {
        'running.json': running(),
        'fruits-api.yaml': fours('fruits-api-versioned.yml'),
        'juice-shop-api.yaml': fours('juice-shop-api.yml'),
        'fruits-routes.yaml': chapter('Chapter 3/fruits-api-vs-gw.yml'),
        'juice-routes.yaml': chapter('Chapter 3/juice-shop-api-vs-gw.yml'),
      },
    });
    const start = (
      name: string,
      program: string,
      env: Readonly<Record<string, string>>,
      group?: number,
    ): unknown =>
      world.start(name, [process.execPath, join(APPS, program)], {
        env,
        ...(group === undefined ? {} : { group }),
      });
    for (const [host, version] of Object.entries({ ...FRUIT_PODS, ...OTHERS })) {
      start(`fruits ${host}`, 'fruits-api.mjs', { HOST: host, app_version: version });
    }
    start('internet', 'exotic-fruits.mjs', { HOST: INTERNET, TLS_CERT: tls.cert, TLS_KEY: tls.key });
    startShop = () =>
      start('shop', 'juice-shop-api.mjs', {
        FRUITS_API: 'http://fruits-api-service',
        EXOTIC_FRUITS_API:
          'https://raw.githubusercontent.com/Istio-Succinctly/ExoticFruits/master/fruits.json',
        NODE_EXTRA_CA_CERTS: tls.cert,
        LUCK_SEED: '53',
      });
    startShop();
    await Promise.all([
      world.startProxy(INGRESS),
      world.startProxy({
        role: 'sidecar',
        name: 'juice-shop-api-0',
        namespace: NAMESPACE,
        ip: SHOP_POD,
        labels: { app: 'juice-shop-api' },
        ports: 15,
      }),
    ]);
    await world.until(juice('/hello'), ({ status }) => status === 200, 'shop');
    await world.until(special, ({ status }) => status === 200);
  }, 90_000);
  afterAll(async () => {
    await world?.close();
    rmSync(certificates, { recursive: true, force: true });
  });

  const special: Errand = { to: '127.0.0.1:80', path: '/api/fruits/special', headers: { host: FRUITS } };
  const juice = (path: string, more: Partial<Errand> = {}): Errand => ({
    to: '127.0.0.1:80',
    path: `/api/juice-shop${path}`,
    headers: { host: JUICE },
    ...more,
  });
  const blend = juice('/blender', {
    method: 'POST',
    body: '{"fruits":["kiwi","mandarin"]}',
    headers: { host: JUICE, country: 'au', 'content-type': 'application/json' },
  });
  const MANGO = '{"ver":"1","fruit":"Mango"}';
  const ORANGE = '{"ver":"2","fruit":"Orange"}';
  const count = (all: readonly Outcome[], text: string): number =>
    all.filter((one) => one.text === text).length;
  const withoutDestinations = chapter('Chapter 3/juice-shop-api-vs-gw.yml');

  test('W3.2 and W3.6: through the ingress gateway', async () => {
    const answer = await world.send(special);
    expect([MANGO, ORANGE]).toContain(answer.text);
    expect((await world.send(juice('/hello'))).text).toBe('Welcome to the Juice Shop!');
    expect((await world.send({ ...special, headers: { host: 'nobody.example' } })).status).toBe(404);
  });

  test('W4.1 and W4.2: calls out of the mesh, kept in by REGISTRY_ONLY and let out by a ServiceEntry', async () => {
    const exotic = juice('/exoticFruits');
    expect(await world.until(exotic, ({ status }) => status === 200, 'shop')).toMatchObject({
      text: expect.stringContaining('mangosteen'),
    });
    world.writeMeshConfig('outboundTrafficPolicy: {mode: REGISTRY_ONLY}\n');
    await world.until(exotic, ({ status, text }) => status === 500 && text.includes('cannot be reached'));
    world.write('exotic.yaml', fours('exotic-fruits-se.yml'));
    const known = await world.until(exotic, ({ status }) => status === 200);
    expect(known.text).toContain('mangosteen');
    world.writeMeshConfig('');
    world.remove('exotic.yaml');
  });

  test('W4.3: entries of a name for an address, of a name and an address for another name, of a service outside the mesh', async () => {
    const entry = (name: string, spec: string): string => `apiVersion: networking.istio.io/v1alpha3
kind: ServiceEntry
metadata: {name: ${name}, namespace: ${NAMESPACE}}
spec: {hosts: [${name}.example], location: MESH_EXTERNAL, ports: [{number: 80, name: http, protocol: HTTP}], ${spec}}
`;
    world.write(
      'entry-1.yaml',
      entry('static', 'resolution: STATIC, endpoints: [{address: 10.60.0.2, ports: {http: 3000}}]'),
    );
    world.write(
      'entry-2.yaml',
      entry(
        'dns',
        'addresses: [240.1.1.1], resolution: DNS, endpoints: [{address: fruits.by.dns, ports: {http: 3000}}]',
      ),
    );
    world.write(
      'entry-3.yaml',
      entry('outside', 'resolution: DNS, endpoints: [{address: 10.42.0.1, ports: {http: 3000}}]'),
    );
    const through = (to: string, host: string): Errand => ({
      to,
      path: '/api/fruits/special',
      headers: { host },
    });
    await world.until(through('10.97.7.7:80', 'static.example'), ({ text }) => text === MANGO);
    await world.until(through('240.1.1.1:80', 'dns.example'), ({ text }) => text === MANGO);
    await world.until(through('10.97.7.7:80', 'outside.example'), ({ text }) => text === ORANGE);
  });

  test('W4.4: a juice is blended with prices from fruits-api, over the shop’s sidecar', async () => {
    expect((await world.until(blend, ({ status }) => status === 200, 'shop')).text).toBe(
      '{"juice":"kiwi-mandarin juice","price":4.9}',
    );
  });

  test('W5.1: a header chooses version 2', async () => {
    world.write('fruits-routes.yaml', fours('fruits-api-dr-vs-gw.yml'));
    const tester = { ...special, headers: { host: FRUITS, version: '2' } };
    // Until then a third of all is an orange, whoever asks.
    await eventually(
      () => world.sendAll({ errand: tester, times: 20 }),
      (all) => count(all, ORANGE) === 20,
    );
    expect(count(await world.sendAll({ errand: special, times: 20 }), MANGO)).toBe(20);
    expect(count(await world.sendAll({ errand: tester, times: 20 }), ORANGE)).toBe(20);
  });

  test('W5.2: faults have the shares that are asked for, and what is only aborted comes at once', async () => {
    world.write('fruits-routes.yaml', fours('fruits-api-dr-vs-gw-test-fault.yml'));
    await world.until({ ...special, timeout: 15_000 }, ({ status }) => status === 500);
    const all = await world.sendAll({ errand: special, atOnce: 400 });
    const isLate = ({ took }: Outcome): boolean => took >= 4_990;
    expectShare(all.filter(({ status }) => status === 500).length, 400, 0.6);
    expectShare(all.filter(isLate).length, 400, 0.4);
    expectShare(all.filter((one) => one.status === 500 && !isLate(one)).length, 400, 0.6 * 0.6);
    expect(count(all, MANGO)).toBe(all.filter(({ status }) => status === 200).length);
    // Testers are spared.
    const tester = { ...special, headers: { host: FRUITS, version: '2' } };
    expect(count(await world.sendAll({ errand: tester, times: 10 }), MANGO)).toBe(10);
  });

  test('W5.3: a canary gets its share', async () => {
    world.write('fruits-routes.yaml', fours('fruits-api-dr-vs-gw-canary.yml'));
    await eventually(
      () => world.sendAll({ errand: special, times: 20 }),
      (all) => all.every(({ status }) => status === 200) && count(all, ORANGE) > 10,
    );
    const all = await world.sendAll({ errand: special, times: 800 });
    expectShare(count(all, ORANGE), 800, 0.9);
    expect(count(all, MANGO) + count(all, ORANGE)).toBe(800);
  });

  test('W5.4: retries make bad luck rare', async () => {
    const luck = juice('/testMyLuck');
    const textOf = ({ text }: Outcome): string => text;
    const tries = (): number => world.log('shop').split('/testMyLuck"').length - 1;
    const before = (await world.sendAll({ errand: luck, times: 120 })).map(textOf);
    const wanted = withRetries(before, 'Lucky', 10);
    // With this seed one is lucky at its eleventh try, and another at none of its eleven: other numbers of tries show.
    for (const retries of [9, 11]) {
      expect(withRetries(before, 'Lucky', retries).slice(0, wanted.length)).not.toEqual(wanted);
    }
    world.write('juice-routes.yaml', fours('juice-shop-api-dr-vs-gw-resilience.yml'));
    let sent = before.length;
    await eventually(
      async () => {
        sent += 1;
        await world.send(luck);
        return tries();
      },
      (all) => all > sent,
    );
    // That has used up luck: it begins again as it did before.
    await world.stop('shop');
    const log = world.log('shop').length;
    startShop();
    await eventually(
      () => world.log('shop').slice(log),
      (text) => text.includes('listening'),
    );
    const after = await world.sendAll({ errand: luck, times: wanted.length });
    expect(after.map(textOf)).toEqual(wanted);
    world.write('juice-routes.yaml', withoutDestinations);
  });

  test('W5.5: a copy of each request goes to version 2, whose failure changes nothing', async () => {
    world.write('fruits-routes.yaml', fours('fruits-api-dr-vs-gw.yml'));
    // The book has no manifest for it: this is its header routing with a copy, and another path to know the copies by.
    world.write(
      'mirror.yaml',
      `apiVersion: networking.istio.io/v1alpha3
kind: VirtualService
metadata: {name: mirrored, namespace: ${NAMESPACE}}
spec:
  hosts: [mirrored.istio-succinctly.io]
  gateways: [mirrored]
  http:
  - rewrite: {uri: /api/fruits/ind}
    route: [{destination: {host: fruits-api-service, subset: v1}}]
    mirror: {host: fruits-api-service, subset: v2}
---
apiVersion: networking.istio.io/v1alpha3
kind: Gateway
metadata: {name: mirrored, namespace: ${NAMESPACE}}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [mirrored.istio-succinctly.io]}]}
`,
    );
    const mirrored: Errand = {
      to: '127.0.0.1:80',
      path: '/',
      headers: { host: 'mirrored.istio-succinctly.io' },
    };
    const copies = (): number =>
      (world.log('fruits 10.41.0.3').match(/"url":"\/api\/fruits\/ind"/g) ?? []).length;
    await world.until(mirrored, ({ status }) => status === 200);
    await eventually(
      async () => copies(),
      (found) => found > 0,
    );
    const before = copies();
    const all = await world.sendAll({ errand: mirrored, times: 20 });
    expect(all.every(({ status }) => status === 200)).toBe(true);
    await eventually(
      async () => copies(),
      (found) => found === before + 20,
    );
  });
}

if (hasShared('book-policies')) {
  describeOnEachEngine('the walkthrough', suite);
} else {
  process.stderr.write('the walkthrough (left out: no ../shared/book-policies, the manifests of the book)\n');
  describe.skip('the walkthrough (left out: no ../shared/book-policies)', () =>
    test('needs it', () => undefined));
}
