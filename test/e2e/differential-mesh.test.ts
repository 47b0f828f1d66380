/** One controller, and its resources in force in Envoy and in the builtin engine, as gateway and as sidecar: both do the same. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCertificate, makeRevocations } from '../peers/world/certificate.ts';
import { ADDRESSES, CLIENT, INGRESS, WHO, shopManifests } from '../peers/world/shop.ts';
import { randomFrom } from './differential/generated.ts';
import { generateErrand, generateMesh } from './differential/generated-mesh.ts';
import { MeshPair, type MeshQuestion } from './differential/mesh-pair.ts';
import { BASE } from './features/base.ts';
import { BYTE_ROUTES } from './features/byte-routes.ts';
import type { Ask, FeatureCase } from './features/case.ts';
import { CLIENT_TLS } from './features/client-tls.ts';
import { CONNECTIONS } from './features/connections.ts';
import { DESTINATION_RULES } from './features/destination-rules.ts';
import { gatewayCases } from './features/gateways.ts';
import { LOAD_BALANCING } from './features/load-balancing.ts';
import { PROTOCOLS } from './features/protocols.ts';
import { ROUTE_ACTIONS } from './features/route-actions.ts';
import { ROUTE_FAILURES } from './features/route-failures.ts';
import { ROUTE_MATCHES } from './features/route-matches.ts';
import { SERVICE_ENTRIES } from './features/service-entries.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';

const folder = mkdtempSync(join(tmpdir(), 'lateen-mesh-'));
const PLACES = { gateway: '127.0.0.1:80', mesh: '10.96.0.1:80', workload: '10.40.0.11:8080' } as const;

const CASES: readonly FeatureCase[] = [
  ...ROUTE_MATCHES,
  ...ROUTE_ACTIONS,
  ...ROUTE_FAILURES,
  ...BYTE_ROUTES,
  ...LOAD_BALANCING,
  ...CONNECTIONS,
  ...DESTINATION_RULES,
  ...CLIENT_TLS,
  ...gatewayCases(folder),
  ...SERVICE_ENTRIES,
  ...PROTOCOLS,
];

const GENERATED = generateMesh(randomFrom(7), 16);
const SEEDS = [1, 2, 3, 4, 5, 6];
/** Requests of each seed. */
const EACH = 100;

const COPIED = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: copied, namespace: shop}
spec:
  hosts: [copied.test]
  gateways: [front, mesh]
  http:
  - route: [{destination: {host: web, subset: v1}}]
    mirrors:
    - {destination: {host: api, subset: v1}, percentage: {value: 100}}
    - {destination: {host: api, subset: v2}, percentage: {value: 100}}
`;

const COPIES: readonly MeshQuestion[] = [
  { to: PLACES.gateway, headers: { host: 'copied.test' }, seen: 3 },
  { to: PLACES.mesh, headers: { host: 'copied.test' }, method: 'POST', body: 'copied too', seen: 3 },
  { to: PLACES.gateway, headers: { host: 'copied.test' }, path: '/x?status=500', seen: 3 },
];

/** Statistics on which both have to agree; of the proxy's own listeners and clusters they need not. */
const COUNTED: readonly RegExp[] = [
  / http\.(outbound|inbound)_[^;]+;\.downstream_rq_(total|completed|[1-5]xx|http[12]_total|non_relative_path|timeout|too_large)$/,
  / http\.(outbound|inbound)_[^;]+;\.(no_route|no_cluster|rq_direct_response|rq_redirect|rq_total|fault\..*|cors\..*)$/,
  / cluster\.(?:in|out)bound\|[^;]+;\.upstream_rq_(\d\d\d|[1-5]xx|completed|total|retry|retry_success|retry_limit_exceeded|timeout|per_try_timeout)$/,
  / cluster\.(?:in|out)bound\|[^;]+;\.upstream_cx_(none_healthy|connect_fail)$/,
  / tcp\.[^;]+\.downstream_cx_(total|no_route)$/,
];

/** Where one request has one outcome. */
function isCertain({ check, times, atOnce }: Ask): boolean {
  return check === undefined && times === undefined && atOnce === undefined;
}

describeOnRealEnvoy('a mesh of each engine behind one controller', (envoy) => {
  let pair: MeshPair | undefined;

  beforeAll(async () => {
    const manifests: Record<string, string> = {
      'shop.json': shopManifests(),
      'base.yaml': BASE,
      'generated.json': GENERATED.manifests,
      'copied.yaml': COPIED,
    };
    for (const [index, { config }] of CASES.entries()) {
      if (config === undefined) continue;
      manifests[`case-${index}.yaml`] = typeof config === 'string' ? config : config();
    }
    makeCertificate(folder, 'client', 'client.example', 'URI:spiffe://cluster.local/ns/shop/sa/client');
    const tls = makeCertificate(folder, 'server', 'backend.example', 'IP:10.40.0.1');
    for (const name of ['client', 'server']) makeRevocations(folder, name);
    pair = await MeshPair.open(
      {
        envoy,
        addresses: ADDRESSES,
        workload: CLIENT.ip,
        manifests,
        tls,
        proxies: [INGRESS, CLIENT],
      },
      (ip) => (WHO[ip] ?? ip).split(' ')[0] ?? ip,
    );
  }, 90_000);
  afterAll(async () => {
    await pair?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const rows = CASES.flatMap(({ feature, asks }) =>
    asks.filter(isCertain).map((ask, index) => [`${feature} › ${index}`, ask] as const),
  );

  describe('the features of the API', () => {
    test.each(rows)('%s', async (_, { via, host, expect: expected, check: _check, ...errand }) => {
      const headers = { ...(host === undefined ? {} : { host }), ...errand.headers };
      const anyEndpoint = expected?.who === undefined;
      const [first, second] = (await pair?.ask({ to: PLACES[via], ...errand, headers, anyEndpoint })) ?? [];
      expect(first).toBeDefined();
      expect(second).toEqual(first);
    });
  });

  test('every object is in force, and no proxy refused anything', async () => {
    const { rejected } = (await pair?.debug<{ rejected: readonly object[] }>('configz')) ?? {};
    expect(rejected).toEqual([]);
    const proxies = await pair?.debug<readonly { types: object }[]>('syncz');
    expect(proxies).toHaveLength(4);
    for (const { types } of proxies ?? []) expect(JSON.stringify(types)).not.toMatch(/"(ERROR|STALE)"/);
  });

  test.each(COPIES)('copies of $to $path', async (question) => {
    const [first, second] = (await pair?.ask(question)) ?? [];
    expect(first?.seen).toHaveLength(3);
    expect(second).toEqual(first);
  });

  test.each(SEEDS)('requests by chance to a mesh by chance, seed %i', async (seed) => {
    const random = randomFrom(seed);
    for (let count = 0; count < EACH; count++) {
      const errand = generateErrand(random, GENERATED.hosts);
      const [first, second] = (await pair?.ask({ ...errand, anyEndpoint: true })) ?? [];
      try {
        expect(first).toBeDefined();
        expect(second).toEqual(first);
      } catch (error) {
        const { body = '', ...shown } = errand;
        const text = JSON.stringify({ ...shown, body: body.length });
        throw new Error(`request ${count}: ${text}`, { cause: error });
      }
    }
  });

  test('both have counted the same', async () => {
    const main = async () =>
      Object.entries((await pair?.counters()) ?? {}).filter(([name]) =>
        COUNTED.some((pattern) => pattern.test(name)),
      );
    expect((await main()).filter(([, [first = 0]]) => first > 0).length).toBeGreaterThan(100);
    // What belongs to the last request may be counted after its answer.
    await expect
      .poll(async () => (await main()).filter(([, [first, second]]) => first !== second))
      .toEqual([]);
  });
});
