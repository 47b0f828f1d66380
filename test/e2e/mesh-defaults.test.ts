/** What MeshConfig says for all of the mesh where nothing else is said, asked with requests. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../peers/run-envoy.ts';
import { makeCertificate } from '../peers/world/certificate.ts';
import { findIptables } from '../peers/world/network.ts';
import { ADDRESSES, CLIENT, INGRESS, SERVICES, clientSidecar, shopManifests } from '../peers/world/shop.ts';
import { World } from '../peers/world/world.ts';
import { seenOf } from './features/case.ts';
import { describeOnEachEngine } from './on-each-engine.ts';

const MESH = `
accessLogFile: /dev/stdout
pathNormalization: {normalization: MERGE_SLASHES}
h2UpgradePolicy: UPGRADE
connectTimeout: 200ms
tcpKeepalive: {time: 1s, interval: 1s, probes: 2}
tlsDefaults: {minProtocolVersion: TLSV1_3, cipherSuites: [ECDHE-ECDSA-CHACHA20-POLY1305], ecdhCurves: [P-384, P-256]}
defaultHttpRetryPolicy: {attempts: 1, retryOn: 5xx}
defaultTrafficPolicy: {connectionPool: {http: {maxRequestsPerConnection: 1}}}
defaultVirtualServiceExportTo: ["."]
`;

const entry = (name: string, spec: string): string => `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ${name}, namespace: shop}
spec: {hosts: [${name}.test], location: MESH_INTERNAL, resolution: STATIC, ${spec}}
`;

/** Where HTTP is upgraded, and where a rule keeps it as it is. */
const SERVERS = [
  entry(
    'upgraded',
    'ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8082}], endpoints: [{address: 10.40.0.1}]',
  ),
  entry(
    'plain',
    'ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}], endpoints: [{address: 10.40.0.1}]',
  ),
  entry(
    'nobody',
    'ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}], endpoints: [{address: 10.99.0.1}]',
  ),
  entry(
    'older',
    'ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8444}], endpoints: [{address: 10.40.0.1}]',
  ),
  `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: older, namespace: shop}
spec: {host: older.test, trafficPolicy: {connectionPool: {http: {h2UpgradePolicy: DO_NOT_UPGRADE}}, tls: {mode: SIMPLE, sni: shop.example, insecureSkipVerify: true}}}
`,
  `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: plain, namespace: shop}
spec: {host: plain.test, trafficPolicy: {connectionPool: {http: {h2UpgradePolicy: DO_NOT_UPGRADE}}}}
`,
].join('---\n');

const gateways = (folder: string): string => `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: front, namespace: shop}
spec:
  selector: {istio: ingressgateway}
  servers:
  - {port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}
  - {port: {number: 9443, name: https, protocol: HTTPS}, hosts: ["*"], tls: {mode: SIMPLE, serverCertificate: ${folder}/server.crt, privateKey: ${folder}/server.key}}
  - {port: {number: 9444, name: older, protocol: HTTPS}, hosts: ["*"], tls: {mode: SIMPLE, minProtocolVersion: TLSV1_2, serverCertificate: ${folder}/server.crt, privateKey: ${folder}/server.key}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: front, namespace: shop}
spec: {hosts: ["*"], gateways: [front], exportTo: ["*"], http: [{route: [{destination: {host: plain.test}}]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: private, namespace: other}
spec: {hosts: [plain.test], http: [{directResponse: {status: 418}}]}
`;

describeOnEachEngine('defaults of the mesh', (engine) => {
  let world: World;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lateen-defaults-'));
    const tls = makeCertificate(folder, 'server', 'shop.example');
    world = await World.open({
      engine,
      addresses: ADDRESSES,
      workload: CLIENT.ip,
      meshConfig: MESH,
      tls,
      manifests: { 'shop.json': shopManifests(), 'servers.yaml': SERVERS, 'front.yaml': gateways(folder) },
    });
    // The mesh's defaultConfig comes to proxies as their own, when they are injected.
    const proxyHeaders = { preserveHttp1HeaderCase: true };
    await Promise.all([
      world.startProxy({ ...CLIENT, config: { proxyHeaders } }),
      world.startProxy({ ...INGRESS, config: { proxyHeaders, gatewayTopology: { numTrustedProxies: 1 } } }),
    ]);
  }, 120_000);
  afterAll(async () => {
    await world?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const to = (name: string, path = '/') => ({
    to: `${SERVICES.web}:80`,
    path,
    headers: { host: `${name}.test` },
  });
  const front = { to: '127.0.0.1:80', headers: { host: 'shop.example' } };

  /** The newest line of a proxy's log that has a text in it. */
  async function logged(proxy: string, text: string): Promise<string> {
    const lines = await eventually(
      async () =>
        world
          .log(proxy)
          .split('\n')
          .filter((line) => line.includes(text)),
      ({ length }) => length > 0,
    );
    return lines.at(-1) ?? '';
  }

  test('the access log has a line of text for each request and each connection', async () => {
    await world.send({
      ...front,
      path: '/logged',
      headers: { ...front.headers, 'user-agent': 'me', 'x-forwarded-for': '1.2.3.4' },
    });
    expect(await logged(INGRESS.name, '/logged')).toMatch(
      /^\[\d{4}-\d\d-\d\dT[\d:.]+Z\] "GET \/logged HTTP\/1\.1" 200 - via_upstream - "-" 0 \d+ \d+ \d+ "1\.2\.3\.4,[\d.]+" "me" "[0-9a-f-]{36}" "shop\.example" "10\.40\.0\.1:8080" outbound\|80\|\|plain\.test \S+:\d+ 127\.0\.0\.1:80 \S+ - -$/,
    );
    await world.send({ to: `${SERVICES.bytes}:9000`, protocol: 'tcp', body: 'twelve bytes' });
    expect(await logged(CLIENT.name, 'bytes.shop')).toMatch(
      /^\[\S+\] "- - -" 0 - - - "-" 12 \d+ \d+ - "-" "-" "-" "-" "10\.40\.0\.[67]:9000" outbound\|9000\|\|bytes\.shop\.svc\.cluster\.local \S+ 10\.96\.0\.4:9000 \S+ - -$/,
    );
  });

  test('pathNormalization: slashes are merged before a route is looked for', async () => {
    expect(seenOf(await world.send({ ...front, path: '//a///b/../c' })).path).toBe('/a/c');
  });

  test('h2UpgradePolicy: HTTP goes on as HTTP/2, unless a rule says otherwise', async () => {
    expect(seenOf(await world.send(to('upgraded')))).toMatchObject({ status: 200, version: '2.0' });
    expect(seenOf(await world.send(to('plain')))).toMatchObject({ status: 200, version: '1.1' });
  });

  test('connectTimeout: of every cluster', async () => {
    const { status, took } = await world.send(to('nobody'));
    expect(status).toBe(503);
    expect(took).toBeLessThan(8_000);
  });

  test('defaultHttpRetryPolicy: the tries of a route that says nothing', async () => {
    expect((await world.send(to('plain', '/?fails=1&key=once'))).status).toBe(200);
    expect((await world.send(to('plain', '/?fails=2&key=twice'))).status).toBe(503);
  });

  test('tcpKeepalive: of every connection to an endpoint, which is given up when probes are not answered', async () => {
    let isOver = false;
    const held = world
      .send({ to: `${SERVICES.bytes}:9000`, protocol: 'tcp', holds: true })
      .finally(() => (isOver = true));
    // To port 9000 of an endpoint, with the timer that sends probes.
    const probed = / \w+:(\w{4}) 0[67]00280A:2328 01 \S+ 02:/;
    const sockets = await eventually(
      () => world.sockets(),
      (text) => probed.test(text),
    );
    const from = Number.parseInt(probed.exec(sockets)?.[1] ?? '', 16);
    // Nothing that the endpoint sends arrives any longer, not even that it is there.
    const rule = `INPUT -p tcp --sport 9000 --dport ${from} -j DROP`.split(' ');
    await world.run([findIptables() ?? '', '-w', '-A', ...rule]);
    const start = performance.now();
    await eventually(
      () => isOver,
      (is) => is,
    );
    // After one second and twice one more. By the system's own 75 seconds or 9 probes it would stay longer.
    expect(performance.now() - start).toBeLessThan(8_000);
    await held;
    await world.run([findIptables() ?? '', '-w', '-D', ...rule]);
  });

  test('tlsDefaults: cipher suites and curves towards endpoints, whose versions are always 1.2 and 1.3', async () => {
    const { status, cipher } = seenOf(await world.send(to('older')));
    expect({ status, cipher }).toEqual({ status: 200, cipher: 'ECDHE-ECDSA-CHACHA20-POLY1305' });
  });

  test('tlsDefaults: of gateways that say nothing', async () => {
    const https = { to: '127.0.0.1:9443', protocol: 'https', headers: { host: 'shop.example' } } as const;
    expect((await world.send(https)).status).toBe(200);
    expect((await world.send({ ...https, newestTls: 'TLSv1.2' })).status).toBe(0);
    expect((await world.send({ ...https, to: '127.0.0.1:9444', newestTls: 'TLSv1.2' })).status).toBe(200);
  });

  test('defaultTrafficPolicy: connections of clusters without a rule of their own', async () => {
    const seen = await world.sendAll({ errand: to('upgraded'), times: 3 });
    expect(new Set(seen.map((one) => seenOf(one).connection)).size).toBe(3);
  });

  test('defaultTrafficPolicy and tcpKeepalive: of connections to the workload, too', async () => {
    const own = { to: `${CLIENT.ip}:8080`, headers: { host: 'client' } };
    const seen = await world.sendAll({ errand: own, times: 3 });
    expect(new Set(seen.map((one) => seenOf(one).connection)).size).toBe(3);
    let isOver = false;
    const slow = world.send({ ...own, path: '/?held=yes' }).finally(() => (isOver = true));
    // From 127.0.0.6, which is the sidecar, with the timer that sends probes.
    await eventually(
      () => world.sockets(),
      (text) => isOver || / 0600007F:\w{4} 0B00280A:1F90 01 \S+ 02:/.test(text),
    );
    expect(isOver).toBe(false);
    await world.release();
    expect((await slow).status).toBe(200);
  });

  test('defaultVirtualServiceExportTo: rules that say nothing are for their own namespace', async () => {
    expect((await world.send(to('plain'))).status).toBe(200);
  });

  test('gatewayTopology.numTrustedProxies: who called is what the proxy in front says', async () => {
    const { received } = seenOf(
      await world.send({ ...front, headers: { ...front.headers, 'x-forwarded-for': '9.9.9.9, 1.2.3.4' } }),
    );
    expect(received).toMatchObject({
      // Behind them the gateway, which speaks for callers on its own machine.
      'x-forwarded-for': expect.stringMatching(/^9\.9\.9\.9, 1\.2\.3\.4,/),
      'x-envoy-external-address': '1.2.3.4',
    });
  });

  test('proxyHeaders.preserveHttp1HeaderCase: names of headers stay as either side wrote them', async () => {
    const question =
      'GET /?header=X-CASE:1 HTTP/1.1\r\nHOST: plain.test\r\nX-Own-NAME: 1\r\nConnection: close\r\n\r\n';
    for (const to of ['127.0.0.1:80', `${SERVICES.web}:80`, `${CLIENT.ip}:8080`]) {
      const { text } = await world.send({ to, protocol: 'tcp', body: question });
      expect(text).toContain('\r\nX-CASE: 1\r\n');
      expect(text).toMatch(/"names":\["HOST",.*"X-Own-NAME"/);
    }
    const { status, headers } = await world.send({ ...front, protocol: 'http2' });
    expect([status, headers['content-type']]).toEqual([200, 'application/json']);
  });

  test('outboundTrafficPolicy.egressProxy of a Sidecar: calls to unknown servers go through a gateway', async () => {
    const unknown = { to: '10.50.0.1:80', headers: { host: 'unknown.example' } };
    world.write(
      'sidecar.yaml',
      clientSidecar(
        'outboundTrafficPolicy: {mode: ALLOW_ANY, egressProxy: {host: plain.test, port: {number: 80}}}',
      ),
    );
    await world.until(
      unknown,
      ({ echo }) => echo?.ip === '10.40.0.1' && echo.headers.host === 'unknown.example',
    );
    world.remove('sidecar.yaml');
  });

  test('accessLogFormat: the line as it is written there, and at once', async () => {
    world.writeMeshConfig(
      `${MESH}accessLogFormat: "%REQ(:METHOD)% of %REQ(:PATH)% became %RESPONSE_CODE%\\n"\n`,
    );
    const call = { ...front, path: '/formatted' };
    await eventually(
      async () => {
        await world.send(call);
        return world.log(INGRESS.name);
      },
      (log) => log.includes('\nGET of /formatted became 200\n'),
    );
  });
});
