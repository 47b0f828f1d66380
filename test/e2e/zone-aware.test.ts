/** Requests that stay in their zone, asked of proxies that hear of the endpoints beside them. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADDRESSES, CLIENT, SERVICES, shopManifests } from '../peers/world/shop.ts';
import { World } from '../peers/world/world.ts';
import { type Seen, seenOf, shares } from './features/case.ts';
import { describeOnEachEngine } from './on-each-engine.ts';

/** For services without a word of their own. Two endpoints are enough. */
const MESH = 'zoneAwareLbSetting: {minClusterSize: 2}\n';

/** A service with these endpoints, by address and place, and what a rule says of it. */
function placed(name: string, endpoints: Readonly<Record<string, string>>, balancer?: string): string {
  const list = Object.entries(endpoints).map(([ip, place]) => `{address: ${ip}, locality: ${place}}`);
  const rule = `---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ${name}, namespace: shop}
spec: {host: ${name}.test, trafficPolicy: {loadBalancer: {${balancer ?? ''}}}}
`;
  return `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ${name}, namespace: shop}
spec:
  hosts: [${name}.test]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}]
  endpoints: [${list.join(', ')}]
${balancer === undefined ? '' : rule}`;
}

const NEAR = { '10.40.0.1': 'north/a', '10.40.0.2': 'north/b' };
const SPREAD = { ...NEAR, '10.50.0.1': 'south/c', '10.50.0.2': 'west/d' };
const FAR = { '10.50.0.1': 'south/c', '10.50.0.2': 'west/d' };
const ON = 'zoneAwareLbSetting: {minClusterSize: 2';

const SERVERS = [
  // The client and one like it in another zone; by its name it is the first service that the client serves.
  `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: callers, namespace: shop}
spec:
  hosts: [callers.test]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{number: 8070, name: http, protocol: HTTP}]
  endpoints: [{address: ${CLIENT.ip}, locality: north/a}, {address: 10.40.0.3, locality: north/b}, {address: 10.40.0.4, locality: south/c}]
`,
  placed('by-mesh', SPREAD),
  placed('by-rule', NEAR, `${ON}}`),
  placed('too-few', NEAR, 'zoneAwareLbSetting: {minClusterSize: 9}'),
  placed('not-zoned', SPREAD, 'zoneAwareLbSetting: {enabled: false}'),
  placed('next', FAR, `${ON}, failover: [{from: north, to: south}]}`),
  placed('by-place', SPREAD, 'localityLbSetting: {distribute: [{from: "north/*", to: {"west/*": 100}}]}'),
].join('---\n');

describeOnEachEngine('zones', (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await World.open({
      engine,
      addresses: ADDRESSES,
      workload: CLIENT.ip,
      meshConfig: MESH,
      manifests: { 'shop.json': shopManifests(), 'servers.yaml': SERVERS },
    });
    await world.startProxy({
      ...CLIENT,
      labels: { ...CLIENT.labels, 'istio-locality': 'north.a' },
      env: { ISTIO_META_ENABLE_SELF_DISCOVERY: 'true', ISTIO_META_WORKLOAD_NAME: 'callers' },
    });
  }, 120_000);
  afterAll(() => world?.close());

  const ask = async (name: string): Promise<readonly Seen[]> => {
    const errand = { to: `${SERVICES.web}:80`, headers: { host: `${name}.test` } };
    // Enough that each of four endpoints has its turn: that one has none is one case in a billion.
    const all = (await world.sendAll({ errand, times: 80 })).map(seenOf);
    for (const { status } of all) expect(status).toBe(200);
    return all;
  };

  test.each(['by-mesh', 'by-rule'])('requests stay in the zone of their client: %s', async (name) => {
    expect(shares(await ask(name))).toEqual({ 'web v1': 80 });
  });

  test('minClusterSize: with fewer endpoints they go to all zones of the region', async () => {
    expect(Object.keys(shares(await ask('too-few'))).toSorted()).toEqual(['web v1', 'web v2']);
  });

  test('enabled: false, for a service: its endpoints are used wherever they are', async () => {
    expect(Object.keys(shares(await ask('not-zoned')))).toHaveLength(4);
  });

  test('failover: the region that is named takes over where the own has nothing', async () => {
    expect(shares(await ask('next'))).toEqual({ 'outside 1': 80 });
  });

  test('a rule for localities counts before what the mesh says of zones', async () => {
    expect(shares(await ask('by-place'))).toEqual({ 'outside 2': 80 });
  });
});
