/** The manifests of the book and of the sample system, in force in Envoy and in the builtin engine: requests by chance get the same. */

import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { load, loadAll } from 'js-yaml';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeCertificate } from '../peers/world/certificate.ts';
import { BACKEND_PORTS, type Errand } from '../peers/world/courier-messages.ts';
import { INGRESS, pod } from '../peers/world/shop.ts';
import { randomFrom } from './differential/generated.ts';
import { MeshPair } from './differential/mesh-pair.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';
import { chapterMarker } from './chapter-marker.ts';
import { SHARED, hasShared } from '../conformance/cases.ts';

const BOOK = join(SHARED, 'book-policies');
const SAMPLE = fileURLToPath(new URL('../../fixtures/micro-shake-factory/manifests', import.meta.url));
const NAMESPACE = 'micro-shake-factory';
const CERTIFICATES = '/etc/istio/ingressgateway-certs';
/** Nobody of the mesh. */
const OUTSIDE = '10.50.0.1';
const CALLER = '10.41.0.21';
const PODS = Array.from({ length: 12 }, (_, index) => `10.41.0.${index + 31}`);
const REQUESTS = 60;
/** Of clusters without a subset: between subsets chance chooses. Clusters that come again begin anew, so that growth is compared. */
const COUNTED =
  / (?:http\.(?:in|out)bound_[^;]+;\.downstream_rq|cluster\.(?:in|out)bound\|\d+\|\|[^;]*;\.upstream_rq)_(?:total|completed|[1-5]xx)$/;

interface Named {
  readonly kind?: string;
  readonly metadata?: { readonly name?: string };
  readonly spec?: {
    readonly hosts?: readonly string[];
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly { readonly name?: string }[];
  };
}

const ofBook = (
  load(readFileSync(new URL('../route/book.yaml', import.meta.url), 'utf8')) as readonly {
    readonly files: readonly string[];
  }[]
).map(({ files }) => files.map((file) => join(BOOK, file)));
const ofSample = readdirSync(SAMPLE)
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => join(SAMPLE, file));

/** What is asked of one mesh: its manifests, and the hosts that they name. */
interface Chapter {
  readonly title: string;
  readonly texts: readonly string[];
  readonly hosts: readonly string[];
}

function chapterOf(files: readonly string[], title: string, folder: string): Chapter {
  const texts = files.map((file) => readFileSync(file, 'utf8').replaceAll(CERTIFICATES, folder));
  const objects = texts.flatMap((text) => loadAll(text) as (Named | null)[]).filter((one) => one !== null);
  const named = (kind: string) => objects.filter((one) => one.kind === kind);
  const services = named('Service').flatMap(({ metadata }) => metadata?.name ?? []);
  const hosts = named('VirtualService').flatMap(({ spec }) => spec?.hosts ?? []);
  const running = named('Service').flatMap(({ metadata, spec }, index) =>
    runningService(metadata?.name ?? '', spec, PODS.slice(index * 2, index * 2 + 2)),
  );
  return {
    title,
    texts: [...texts, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: running })],
    hosts: [...new Set([...hosts, ...services, `${services[0]}.${NAMESPACE}`, 'unknown.example'])].filter(
      (host) => !host.startsWith('*'),
    ),
  };
}

/** Two pods for a service, one of each version. */
function runningService(name: string, spec: Named['spec'], addresses: readonly string[]): readonly object[] {
  const port = (label = '') => (label.startsWith('https') ? BACKEND_PORTS.tls : BACKEND_PORTS.http);
  return [
    ...addresses.map((ip, index) =>
      pod({
        namespace: NAMESPACE,
        name: `${name}-${index}`,
        ip,
        labels: { ...spec?.selector, version: `v${index + 1}` },
        port: BACKEND_PORTS.http,
      }),
    ),
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name, namespace: NAMESPACE, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: (spec?.ports ?? []).map((one) => ({
        name: one.name ?? '',
        port: port(one.name),
        protocol: 'TCP',
      })),
      endpoints: addresses.map((ip, index) => ({
        addresses: [ip],
        conditions: { ready: true },
        targetRef: { kind: 'Pod', name: `${name}-${index}`, namespace: NAMESPACE },
      })),
    },
  ];
}

/** Which of the proxies' statistics grew by how much. */
function growth(
  before: Readonly<Record<string, readonly number[]>>,
  after: Readonly<Record<string, readonly number[]>>,
): readonly (readonly [name: string, grown: readonly number[]])[] {
  return Object.entries(after)
    .filter(([name]) => COUNTED.test(name))
    .map(([name, all]) => [name, all.map((value, index) => value - (before[name]?.[index] ?? 0))] as const)
    .filter(([, grown]) => grown.some((value) => value !== 0));
}

function errandOf(random: () => number, hosts: readonly string[]): Errand {
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  const host = pick(hosts);
  const version = pick([undefined, '1', '2', '2 2', 'v2']);
  const place = pick(['gateway', 'gateway', 'mesh', 'mesh', 'tls']);
  return {
    to: place === 'mesh' ? `${OUTSIDE}:80` : `127.0.0.1:${place === 'tls' ? 443 : 80}`,
    path: pick([
      '/',
      '/api/fruits',
      '/api/juice-shop/hello?a=b',
      '/api/fruits/special',
      '/a//b/../c',
      '/API',
    ]),
    method: pick(['GET', 'GET', 'POST', 'PUT', 'OPTIONS', 'HEAD']),
    headers: {
      host: pick([host, host, host.toUpperCase(), `${host}:80`]),
      ...(version === undefined ? {} : { version }),
      ...pick<Record<string, string>>([
        {},
        {},
        { origin: 'https://istio-succinctly.io' },
        { 'x-forwarded-proto': 'https' },
      ]),
    },
    ...(place === 'tls' ? { protocol: 'https', serverName: host } : {}),
  };
}

describeOnRealEnvoy(
  'the manifests of the book and the sample, of each engine behind one controller',
  (envoy) => {
    const folder = mkdtempSync(join(tmpdir(), 'lateen-two-books-'));
    const hasBook = hasShared('book-policies');
    const chapters = [...(hasBook ? ofBook : []), ofSample]
      .map((files, index, all) =>
        chapterOf(files, index === all.length - 1 ? 'the sample' : `chapter ${index}`, folder),
      )
      // A share of the requests would get a fault in one and none in the other.
      .filter(({ texts }) => !texts.some((text) => /^\s*fault:/m.test(text)));
    let pair: MeshPair | undefined;

    beforeAll(async () => {
      makeCertificate(folder, 'tls', 'juice-shop.istio-succinctly.io');
      pair = await MeshPair.open(
        {
          envoy,
          addresses: [...PODS, CALLER, OUTSIDE, INGRESS.ip],
          workload: CALLER,
          backends: [`${OUTSIDE}:80`],
          tls: { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') },
          manifests: {
            'gateway.json': JSON.stringify(pod({ ...INGRESS, port: 80 })),
            // With a listener at once, since a gateway without any is never ready.
            'marker.yaml': chapterMarker(-1),
          },
          proxies: [
            INGRESS,
            {
              role: 'sidecar',
              name: 'caller-0',
              namespace: NAMESPACE,
              ip: CALLER,
              labels: { app: 'caller' },
              ports: 15,
            },
          ],
        },
        (ip) => (PODS.includes(ip) ? `pod of service ${Math.floor(PODS.indexOf(ip) / 2)}` : ip),
      );
    }, 90_000);
    afterAll(async () => {
      await pair?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    test.skipIf(hasBook)('the book is absent: shared/book-policies', () => undefined);

    test.each(chapters.map((chapter, index) => [chapter.title, index, chapter] as const))(
      'requests by chance to %s',
      async (_, index, { texts, hosts }) => {
        for (let number = 0; number < 10; number++) {
          const text = texts[number];
          if (text === undefined) pair?.remove(`book-${number}.yaml`);
          else pair?.write(`book-${number}.yaml`, text);
        }
        pair?.write('marker.yaml', chapterMarker(index));
        for (const to of ['127.0.0.1:8999', `${OUTSIDE}:80`]) {
          const errand = { to, path: '/chapter', headers: { host: 'marker.test' } };
          await pair?.until(errand, ({ text }) => text === String(index));
        }
        const before = (await pair?.counters()) ?? {};
        const random = randomFrom(index + 1);
        for (let count = 0; count < REQUESTS; count++) {
          const errand = errandOf(random, hosts);
          const [first, second] = (await pair?.ask({ ...errand, anyEndpoint: true })) ?? [];
          expect(first).toBeDefined();
          expect(second, `request ${count}: ${JSON.stringify(errand)}`).toEqual(first);
        }
        const grown = async () => growth(before, (await pair?.counters()) ?? {});
        expect((await grown()).length).toBeGreaterThan(3);
        // What belongs to the last request may be counted after its answer.
        await expect
          .poll(async () => (await grown()).filter(([, [first, second]]) => first !== second))
          .toEqual([]);
      },
      60_000,
    );
  },
);
