/** Features of the API, field by field, asked with requests of a proxy that `mesh-controller` configures. */

import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCertificate, makeRevocations, makeRsaCertificate } from '../peers/world/certificate.ts';
import { eventually } from '../peers/run-envoy.ts';
import { ADDRESSES, CLIENT, EAST, INGRESS, shopManifests } from '../peers/world/shop.ts';
import { type ProxyOptions, World } from '../peers/world/world.ts';
import { BASE } from './features/base.ts';
import { BYTE_ROUTES } from './features/byte-routes.ts';
import { type FeatureCase, testCases } from './features/case.ts';
import { CLIENT_TLS, certificateCases } from './features/client-tls.ts';
import { CONNECTIONS } from './features/connections.ts';
import { DESTINATION_RULES } from './features/destination-rules.ts';
import { ENVOY_FILTERS } from './features/envoy-filters.ts';
import { gatewayTls } from './features/gateway-tls.ts';
import { meshGateways } from './features/mesh-gateways.ts';
import { gatewayCases } from './features/gateways.ts';
import { TUNNELS } from './features/tunnels.ts';
import { WARM_UP } from './features/warm-up.ts';
import { LOAD_BALANCING } from './features/load-balancing.ts';
import { LOCALITIES } from './features/localities.ts';
import { OUTLIERS } from './features/outliers.ts';
import { PATCHED_LISTENERS } from './features/patched-listeners.ts';
import { PATCHED_ROUTES } from './features/patched-routes.ts';
import { PROTOCOLS } from './features/protocols.ts';
import { ROUTE_ACTIONS } from './features/route-actions.ts';
import { ROUTE_HEADERS } from './features/route-headers.ts';
import { ROUTE_FAILURES } from './features/route-failures.ts';
import { ROUTE_MATCHES } from './features/route-matches.ts';
import { SERVICE_ENTRIES, socketCases } from './features/service-entries.ts';
import { describeOnEachEngine } from './on-each-engine.ts';

/** Where the world's files will be: a folder of the test's own, whose name cases need before there is a world. */
const folder = mkdtempSync(join(tmpdir(), 'lateen-features-'));

/** The client is somewhere, so that some endpoints are near. */
const IN_THE_NORTH = { ...CLIENT, labels: { ...CLIENT.labels, 'istio-locality': 'north.a' } };

/** Statistics that cases look at. */
const COUNTING = { proxyStatsMatcher: { inclusionPrefixes: ['cluster.outbound|', 'vhost.'] } };

/** Files stand for the certificate that a control plane would issue. */
function withCertificate(proxy: ProxyOptions): ProxyOptions {
  const env: Record<string, string> = {};
  for (const [side, peers] of [
    ['SERVER', 'client'],
    ['CLIENT', 'server'],
  ]) {
    env[`ISTIO_META_TLS_${side}_CERT_CHAIN`] = join(folder, 'east.crt');
    env[`ISTIO_META_TLS_${side}_KEY`] = join(folder, 'east.key');
    env[`ISTIO_META_TLS_${side}_ROOT_CERT`] = join(folder, `${peers}.crt`);
  }
  return { ...proxy, env };
}

const TABLES: Readonly<Record<string, readonly FeatureCase[]>> = {
  'matches of routes': ROUTE_MATCHES,
  'actions of routes': ROUTE_ACTIONS,
  'headers of routes': ROUTE_HEADERS,
  'failures on routes': ROUTE_FAILURES,
  'routes of TCP and TLS': BYTE_ROUTES,
  'load balancing': LOAD_BALANCING,
  localities: LOCALITIES,
  connections: CONNECTIONS,
  outliers: OUTLIERS,
  'DestinationRules for some': DESTINATION_RULES,
  'TLS to endpoints': [...CLIENT_TLS, ...certificateCases(folder)],
  tunnels: TUNNELS,
  Gateway: gatewayCases(folder),
  'TLS of gateways': gatewayTls(folder),
  'gateways of the mesh': meshGateways(folder),
  ServiceEntry: [...SERVICE_ENTRIES, ...socketCases(folder)],
  protocols: PROTOCOLS,
  EnvoyFilter: ENVOY_FILTERS,
  'patched listeners': PATCHED_LISTENERS,
  'patched routes': PATCHED_ROUTES,
  // Last: by then the first endpoints are warm.
  'warming up': WARM_UP,
};

describeOnEachEngine('features', (engine) => {
  let world: World;
  const tables = Object.entries(TABLES)
    .map(([name, cases]) => [name, cases.filter(({ only = engine.name }) => only === engine.name)] as const)
    .filter(([, cases]) => cases.length > 0);
  beforeAll(async () => {
    mkdirSync(folder, { recursive: true });
    makeCertificate(folder, 'client', 'client.example', 'URI:spiffe://cluster.local/ns/shop/sa/client');
    makeCertificate(folder, 'east', 'east.example');
    for (const name of ['one', 'two']) makeCertificate(folder, name, `${name}.certs.test`);
    makeCertificate(folder, 'both-ec', 'ec.example', 'DNS:tls-several.test');
    makeRsaCertificate(folder, 'both-rsa', 'rsa.example', 'DNS:tls-several.test');
    const tls = makeCertificate(folder, 'server', 'backend.example', 'IP:10.40.0.1');
    for (const name of ['client', 'server']) makeRevocations(folder, name);
    // In this network the system trusts the backends' certificate alone.
    const trusted = join(folder, 'trusted');
    mkdirSync(trusted);
    copyFileSync(tls.cert, join(trusted, 'ca-certificates.crt'));
    const commands = [`mount --bind '${trusted}' /etc/ssl/certs`];
    const manifests: Record<string, string> = {
      'shop.json': shopManifests(),
      'base.yaml': BASE,
    };
    // A file a case, so that a fault in one shows in it alone.
    for (const [index, { config }] of tables.flatMap(([, cases]) => cases).entries()) {
      if (config === undefined) continue;
      manifests[`case-${index}.yaml`] = typeof config === 'string' ? config : config();
    }
    const backends = [`unix://${folder}/backend`];
    world = await World.open({
      engine,
      addresses: ADDRESSES,
      workload: CLIENT.ip,
      manifests,
      tls,
      backends,
      commands,
    });
    await Promise.all(
      [{ ...INGRESS, config: COUNTING }, IN_THE_NORTH, withCertificate(EAST)].map((one) =>
        world.startProxy(one),
      ),
    );
  }, 120_000);
  afterAll(async () => {
    await world?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('every object is in force, and every proxy took everything', async () => {
    const { rejected, configs } = await world.debug<{
      rejected: readonly object[];
      configs: readonly { metadata: object; problems?: readonly object[] }[];
    }>('configz');
    expect(rejected).toEqual([]);
    expect(configs.length).toBeGreaterThan(100);
    // A gateway has a server too many, on purpose; of the three proxies one has the certificate that mutual TLS takes.
    const half = configs.filter(({ problems }) => problems !== undefined);
    expect(half).toMatchObject([
      {
        metadata: { name: 'gw-redirect-twice' },
        problems: [{ message: expect.stringContaining('Server 1 (port 8096) is not open') }],
      },
      { metadata: { name: 'mesh.to-mesh' }, problems: [{}] },
    ]);
    const proxies = await eventually(
      () => world.debug<readonly { proxy: string; types: object }[]>('syncz'),
      // They may be asked before they have answered for the last of it.
      (all) => !JSON.stringify(all).includes('"STALE"'),
    );
    expect(proxies.map(({ proxy }) => proxy).toSorted()).toEqual([
      'client-0.shop',
      'east-0.istio-system',
      'ingress-0.istio-system',
    ]);
    for (const { types } of proxies) expect(JSON.stringify(types)).not.toContain('"ERROR"');
  });

  for (const [name, cases] of tables) describe(name, () => testCases(() => world, cases));
});
