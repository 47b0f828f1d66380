/** The requests of `mesh route test` over the book's manifests, sent through a real proxy: the same answers. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../peers/run-envoy.ts';
import { makeCertificate } from '../peers/world/certificate.ts';
import { BACKEND_PORTS, type Errand, type Outcome } from '../peers/world/courier-messages.ts';
import { INGRESS, pod } from '../peers/world/shop.ts';
import { World, type WorldEngine } from '../peers/world/world.ts';
import { expectShare } from '../proxy/expect-share.ts';
import { describeOnEachEngine } from './on-each-engine.ts';
import { chapterMarker } from './chapter-marker.ts';
import { SHARED, hasShared } from '../conformance/cases.ts';

const BOOK = join(SHARED, 'book-policies');
const NAMESPACE = 'micro-shake-factory';
const CERTIFICATES = '/etc/istio/ingressgateway-certs';

interface Destination {
  readonly host?: string;
  readonly subset?: string;
  readonly weight?: number;
}

interface Expectation {
  readonly destination?: string | Destination;
  readonly destinations?: readonly Destination[];
  readonly redirect?: string | { readonly status: number; readonly location: string };
  readonly status?: number;
  readonly routed?: boolean;
  readonly timeout?: string;
  readonly retries?: number | { readonly attempts: number };
  readonly faults?: {
    readonly delay: { percent: number };
    readonly abort: { status: number; percent: number };
  };
  /** What cannot be seen from outside: which object the rule is of. */
  readonly rule?: string;
}

interface Case {
  readonly name: string;
  readonly host: string;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly port?: number;
  readonly from?: string;
  readonly expect: Expectation;
}

interface Chapter {
  readonly files: readonly string[];
  readonly tests: readonly Case[];
}

const chapters = load(
  readFileSync(new URL('../route/book.yaml', import.meta.url), 'utf8'),
) as readonly Chapter[];

const PODS: Readonly<Record<string, { service: string; subset: string }>> = {
  '10.41.0.1': { service: 'fruits-api-service', subset: 'v1' },
  '10.41.0.3': { service: 'fruits-api-service', subset: 'v2' },
  '10.41.0.11': { service: 'juice-shop-api-service', subset: '' },
};
/** Nobody of the mesh. */
const OUTSIDE = '10.50.0.1';
const CALLER = '10.41.0.21';

function running(): string {
  const items = Object.entries(PODS).map(([ip, { service, subset }]) => {
    const app = service.replace('-service', '');
    const labels = { app, ...(subset === '' ? {} : { version: subset.slice(1) }) };
    return pod({ namespace: NAMESPACE, name: `${app}-${subset}`, ip, labels, port: BACKEND_PORTS.http });
  });
  const slices = [
    ['fruits-api-service', [['http-fruits-api-service', BACKEND_PORTS.http]]],
    [
      'juice-shop-api-service',
      [
        ['http-js-api-service', BACKEND_PORTS.http],
        ['https-js-api-service', BACKEND_PORTS.tls],
      ],
    ],
  ] as const;
  for (const [service, ports] of slices) {
    items.push({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: service, namespace: NAMESPACE, labels: { 'kubernetes.io/service-name': service } },
      addressType: 'IPv4',
      ports: ports.map(([name, port]) => ({ name, port, protocol: 'TCP' })),
      endpoints: Object.entries(PODS)
        .filter(([, one]) => one.service === service)
        .map(([ip, one]) => ({
          addresses: [ip],
          conditions: { ready: true },
          targetRef: {
            kind: 'Pod',
            name: `${service.replace('-service', '')}-${one.subset}`,
            namespace: NAMESPACE,
          },
        })),
    });
  }
  items.push(pod({ ...INGRESS, port: 80 }));
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

function suite(engine: WorldEngine): void {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-book-'));
  /** One with a gateway and a caller of the book's namespace, one with a caller of another. */
  const worlds: { near?: World; far?: World } = {};

  async function open(namespace: string): Promise<World> {
    const world = await World.open({
      engine,
      addresses: [...Object.keys(PODS), CALLER, OUTSIDE, INGRESS.ip],
      workload: CALLER,
      manifests: { 'running.json': running() },
      backends: [`${OUTSIDE}:80`, `${OUTSIDE}:9999`],
      tls: { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') },
    });
    await world.startProxy({
      role: 'sidecar',
      name: 'caller-0',
      namespace,
      ip: CALLER,
      labels: { app: 'caller' },
      ports: 15,
    });
    return world;
  }

  beforeAll(async () => {
    makeCertificate(folder, 'tls', 'juice-shop.istio-succinctly.io');
    const [near, far] = await Promise.all([open(NAMESPACE), open('default')]);
    Object.assign(worlds, { near, far });
    // With a listener at once, since a gateway without any is never ready.
    near.write('marker.yaml', chapterMarker(-1));
    await near.startProxy(INGRESS);
  }, 90_000);
  afterAll(async () => {
    await worlds.near?.close();
    await worlds.far?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function worldOf({ from }: Case): World {
    const world = from?.split('/')[0] === 'default' ? worlds.far : worlds.near;
    if (world === undefined) throw new Error('the world is not open');
    return world;
  }

  async function apply({ files }: Chapter, index: number): Promise<void> {
    for (const world of [worlds.near, worlds.far]) {
      if (world === undefined) continue;
      for (let number = 0; number < 5; number++) {
        const file = files[number];
        const text = file === undefined ? '' : readFileSync(join(BOOK, file), 'utf8');
        world.write(`book-${number}.yaml`, text.replaceAll(CERTIFICATES, folder));
      }
      world.write('marker.yaml', chapterMarker(index));
    }
    const here = (to: string): Errand => ({ to, path: '/chapter', headers: { host: 'marker.test' } });
    await worlds.near?.until(here('127.0.0.1:8999'), ({ text }) => text === String(index));
    await worlds.near?.until(here(`${OUTSIDE}:80`), ({ text }) => text === String(index));
    await worlds.far?.until(here(`${OUTSIDE}:80`), ({ text }) => text === String(index));
  }

  function errandOf({ host, path = '/', method = 'GET', headers = {}, port, from }: Case): Errand {
    // The backends have this port at every address; another that nobody has says the same.
    const number = port === BACKEND_PORTS.http ? 18_080 : (port ?? 80);
    const to = from === undefined ? `127.0.0.1:${number}` : `${OUTSIDE}:${number}`;
    return {
      to,
      path,
      method,
      headers: { host, ...headers },
      ...(number === 443 ? { protocol: 'https', serverName: host } : {}),
    };
  }

  function isAt(outcome: Outcome, wanted: string | Destination): boolean {
    const { host = '', subset } = typeof wanted === 'string' ? { host: wanted, subset: undefined } : wanted;
    if (host === 'PassthroughCluster') return outcome.echo?.ip === OUTSIDE;
    const at = PODS[outcome.echo?.ip ?? ''];
    if (at === undefined) return false;
    return host.split('.')[0] === at.service && (subset === undefined || subset === at.subset);
  }

  async function answers(one: Case): Promise<void> {
    const world = worldOf(one);
    const errand = errandOf(one);
    const { destination, destinations, redirect, status, routed, retries, faults } = one.expect;
    if (faults !== undefined) {
      const all = await world.sendAll({ errand, atOnce: 240 });
      expectShare(
        all.filter((each) => each.status === faults.abort.status).length,
        240,
        faults.abort.percent / 100,
      );
      expectShare(all.filter(({ took }) => took > 4_990).length, 240, faults.delay.percent / 100);
      for (const each of all.filter((answer) => answer.status === 200)) {
        if (destination !== undefined) expect(isAt(each, destination)).toBe(true);
      }
      return;
    }
    if (destinations !== undefined) {
      const all = await world.sendAll({ errand, times: 400 });
      expect(all.every((each) => each.echo !== undefined)).toBe(true);
      const subsets = ['v1', 'v2'];
      destinations.forEach(({ host = 'fruits-api-service', subset = subsets.shift() ?? '', weight = 0 }) => {
        expectShare(all.filter((each) => isAt(each, { host, subset })).length, 400, weight / 100);
      });
      return;
    }
    const isRight = (outcome: Outcome): boolean => {
      if (redirect !== undefined) {
        const wanted = typeof redirect === 'string' ? { status: 301, location: redirect } : redirect;
        return outcome.status === wanted.status && outcome.headers['location'] === wanted.location;
      }
      if (routed === false)
        return outcome.status === (status ?? outcome.status) && outcome.echo === undefined;
      // A HEAD has no body that tells who answered it.
      if (errand.method === 'HEAD') return outcome.status === 200;
      return outcome.echo !== undefined && (destination === undefined || isAt(outcome, destination));
    };
    const outcome = await eventually(() => world.send(errand), isRight);
    expect(isRight(outcome)).toBe(true);
    const attempts = typeof retries === 'number' ? retries : retries?.attempts;
    // Of the application's own failures only those are tried again that a route names; by default none is. And 500 is
    // none for which an endpoint is taken out.
    if (attempts !== undefined) {
      await world.seen();
      await world.send({ ...errand, path: '/fails?status=500', timeout: 60_000 });
      expect(await world.seen()).toHaveLength(attempts === 2 ? 1 : attempts + 1);
    }
  }

  describe.each(chapters.map((chapter, index) => ({ ...chapter, index })))('$files', (chapter) => {
    beforeAll(() => apply(chapter, chapter.index), 90_000);
    test.each(chapter.tests)('$name', answers);
  });
}

if (hasShared('book-policies')) {
  describeOnEachEngine('requests over the manifests of a book', suite);
} else {
  process.stderr.write('requests over the manifests of a book (left out: no ../shared/book-policies)\n');
  describe.skip('requests over the manifests of a book (left out: no ../shared/book-policies)', () =>
    test('needs them', () => undefined));
}
