/** Hosts that the proxy looks up when a request names them: those of a ServiceEntry's wildcard, and any at all. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeCertificate } from '../peers/world/certificate.ts';
import type { Errand } from '../peers/world/courier-messages.ts';
import { ADDRESSES, CLIENT, shopManifests } from '../peers/world/shop.ts';
import { World } from '../peers/world/world.ts';
import { type Seen, seenOf } from './features/case.ts';
import { describeOnEachEngine } from './on-each-engine.ts';

/** What the machine's hosts file says. */
const NAMES = {
  'one.dynamic.test': '10.50.0.1',
  'two.dynamic.test': '10.50.0.2',
  'one.secure.test': '10.50.0.1',
  'two.secure.test': '10.50.0.2',
  'nobody.declared.test': '10.50.0.2',
};

/** Where nobody is: a request that goes there by itself is lost. */
const NOWHERE = '10.99.0.1';

const servers = (folder: string): string => `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: dynamic, namespace: shop}
spec:
  hosts: ["*.dynamic.test"]
  location: MESH_EXTERNAL
  resolution: DYNAMIC_DNS
  ports: [{number: 8080, name: http, protocol: HTTP}, {number: 8082, name: grpc, protocol: GRPC}, {number: 8443, name: tls, protocol: TLS}]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: secure, namespace: shop}
spec:
  hosts: ["*.secure.test"]
  location: MESH_EXTERNAL
  resolution: DYNAMIC_DNS
  ports: [{number: 8443, name: http, protocol: HTTP}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: secure, namespace: shop}
spec: {host: "*.secure.test", trafficPolicy: {tls: {mode: SIMPLE, caCertificates: ${folder}/server.crt}}}
`;

describeOnEachEngine('names that are looked up', (engine) => {
  let world: World;
  let folder = '';
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lateen-dynamic-'));
    const tls = makeCertificate(folder, 'server', 'one.secure.test');
    world = await World.open({
      engine,
      addresses: ADDRESSES,
      workload: CLIENT.ip,
      names: NAMES,
      tls,
      manifests: { 'shop.json': shopManifests(), 'servers.yaml': servers(folder) },
    });
    await world.startProxy(CLIENT);
  }, 120_000);
  afterAll(async () => {
    await world?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const ask = async (host: string, port: number, more: Partial<Errand> = {}): Promise<Seen> =>
    seenOf(await world.send({ to: `${NOWHERE}:${port}`, headers: { host: `${host}:${port}` }, ...more }));

  test('DYNAMIC_DNS of HTTP: by the host of each request', async () => {
    expect(await ask('one.dynamic.test', 8080)).toMatchObject({ status: 200, who: 'outside 1' });
    expect(await ask('two.dynamic.test', 8080)).toMatchObject({ status: 200, who: 'outside 2' });
    expect(await ask('one.dynamic.test', 8080)).toMatchObject({ status: 200, who: 'outside 1' });
  });

  test('DYNAMIC_DNS: a request for a host that nobody knows is answered by the proxy', async () => {
    const lost = await ask('three.dynamic.test', 8080, { timeout: 8_000 });
    expect(lost).toMatchObject({ status: 503, text: 'DNS resolution failure' });
    // The next one does not wait for another answer.
    expect((await ask('three.dynamic.test', 8080)).status).toBe(503);
    // What has no name at all needs no answer either.
    expect(await ask('10.50.0.2', 8080, { headers: { host: 'two.dynamic.test:8080' } })).toMatchObject({
      who: 'outside 2',
    });
  });

  test('DYNAMIC_DNS of gRPC', async () => {
    const grpc = {
      protocol: 'http2',
      method: 'POST',
      headers: { host: 'two.dynamic.test:8082', 'content-type': 'application/grpc', te: 'trailers' },
    } as const;
    expect(await ask('two.dynamic.test', 8082, grpc)).toMatchObject({
      status: 200,
      who: 'outside 2',
      version: '2.0',
      trailers: { 'grpc-status': '0' },
    });
  });

  test('DYNAMIC_DNS of TLS: by the server name of each connection', async () => {
    for (const [name, who] of [
      ['one.dynamic.test', 'outside 1'],
      ['two.dynamic.test', 'outside 2'],
    ] as const) {
      const seen = await ask(name, 8443, { protocol: 'https', serverName: name });
      expect(seen).toMatchObject({ status: 200, who, serverName: name });
    }
  });

  test('DYNAMIC_DNS with TLS of the proxy: certificates have to be for the host', async () => {
    expect(await ask('one.secure.test', 8443)).toMatchObject({
      status: 200,
      who: 'outside 1',
      serverName: 'one.secure.test',
    });
    expect((await ask('two.secure.test', 8443)).status).toBe(503);
  });

  test('ALLOW_ANY_DYNAMIC_DNS: requests to unknown hosts go where their names say, bytes where they were going', async () => {
    const unknown = { to: `${NOWHERE}:8080`, headers: { host: 'nobody.declared.test:8080' }, timeout: 3_000 };
    // By ALLOW_ANY it goes to where nobody is.
    expect((await world.send(unknown)).status).not.toBe(200);
    world.writeMeshConfig('outboundTrafficPolicy: {mode: ALLOW_ANY_DYNAMIC_DNS}\n');
    const found = await world.until(unknown, ({ status }) => status === 200);
    expect(seenOf(found)).toMatchObject({ who: 'outside 2', authority: 'nobody.declared.test:8080' });
    // On a port that nobody has declared, too.
    const undeclared = { ...unknown, to: `${NOWHERE}:8079` };
    expect(seenOf(await world.until(undeclared, ({ status }) => status === 200)).who).toBe('outside 2');
    expect(seenOf(await world.send({ to: '10.50.0.1:9000', protocol: 'tcp', body: 'a line\r\n' })).who).toBe(
      'outside 1',
    );
    const tls = { to: '10.50.0.1:8443', protocol: 'https', serverName: 'any.test' } as const;
    expect(seenOf(await world.send(tls))).toMatchObject({ who: 'outside 1', serverName: 'any.test' });
    // What is declared is found as before.
    expect(await ask('one.dynamic.test', 8080)).toMatchObject({ status: 200, who: 'outside 1' });
  });
});
