/** What holds for a whole mesh or a whole proxy: outbound policy, logs, traces, statistics, Sidecars, and the agent itself. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../peers/run-envoy.ts';
import { makeCertificate } from '../peers/world/certificate.ts';
import {
  ADDRESSES,
  CLIENT,
  INGRESS,
  SERVICES,
  clientSidecar,
  service,
  shopManifests,
} from '../peers/world/shop.ts';
import { World } from '../peers/world/world.ts';
import { seenOf } from './features/case.ts';
import { describeOnEachEngine } from './on-each-engine.ts';

const MESH = `
accessLogFile: /dev/stdout
accessLogEncoding: JSON
outboundTrafficPolicy: {mode: REGISTRY_ONLY}
defaultConfig:
  tracing:
    zipkin: {address: "zipkin.istio-system:9411"}
    # Less than one request in ten thousand comes out as none; 0 would stand for the default.
    sampling: 0.001
    customTags: {shelf: {literal: {value: fruit}}, who: {header: {name: user, defaultValue: nobody}}}
`;

/** The collector of spans is one of the backends, which takes anything. */
const ZIPKIN = service({
  namespace: 'istio-system',
  name: 'zipkin',
  address: '10.96.9.9',
  pods: { '10.40.0.4': 'v1' },
  port: 9411,
  portName: 'http',
  targetPort: 8080,
});

const FRONT = `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: front, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: front, namespace: shop}
spec: {hosts: ["*"], gateways: [front], http: [{name: to-web, route: [{destination: {host: web}}]}]}
`;

interface Span {
  readonly traceId: string;
  readonly kind: string;
  readonly localEndpoint: { readonly serviceName: string };
  readonly tags: Readonly<Record<string, string>>;
}

describeOnEachEngine('settings of the mesh', (engine) => {
  let world: World;
  let client: Awaited<ReturnType<World['startProxy']>>;
  let folder = '';
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lateen-settings-'));
    for (const name of ['client', 'server']) makeCertificate(folder, name, `${name}.example`);
    world = await World.open({
      engine,
      addresses: ADDRESSES,
      workload: CLIENT.ip,
      backends: [`unix://${folder}/backend`],
      meshConfig: MESH,
      manifests: {
        'shop.json': shopManifests(),
        'zipkin.json': JSON.stringify({ apiVersion: 'v1', kind: 'List', items: ZIPKIN }),
        'front.yaml': FRONT,
      },
    });
    [client] = await Promise.all([
      world.startProxy({
        ...CLIENT,
        config: {
          proxyStatsMatcher: { inclusionPrefixes: ['cluster.outbound', 'http.'] },
        },
        env: { ISTIO_PROMETHEUS_ANNOTATIONS: '{"scrape":"true","path":"/app-metrics","port":"8080"}' },
      }),
      world.startProxy({ ...INGRESS, config: { tracing: { sampling: 100 } } }),
    ]);
  }, 60_000);
  afterAll(async () => {
    await world?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const outside = { to: '10.50.0.1:8080', headers: { host: 'fruits.example' } };

  test('REGISTRY_ONLY keeps calls to what nobody declared in, and a ServiceEntry lets them out (W4.1, W4.2)', async () => {
    expect((await world.send({ to: `${SERVICES.web}:80`, headers: { host: 'web' } })).status).toBe(200);
    expect((await world.send({ ...outside, to: '10.50.0.1:80' })).status).toBe(502);
    // On a port that nobody has it is no more than bytes.
    expect((await world.send(outside)).status).toBe(0);
    expect((await world.send({ to: '10.50.0.1:9000', protocol: 'tcp' })).status).toBe(0);
    expect(
      (await world.send({ to: '10.50.0.1:8443', protocol: 'https', serverName: 'fruits.example' })).status,
    ).toBe(0);
    world.write(
      'fruits.yaml',
      `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: fruits, namespace: shop}
spec: {hosts: [fruits.example], location: MESH_EXTERNAL, resolution: STATIC, ports: [{number: 8080, name: http, protocol: HTTP}], endpoints: [{address: 10.50.0.1}]}
`,
    );
    await world.until(outside, ({ status }) => status === 200);
    // Others at the same address stay unknown.
    expect((await world.send({ ...outside, headers: { host: 'other.example' } })).status).toBe(502);
    world.remove('fruits.yaml');
    await world.until(outside, ({ status }) => status === 0);
  });

  test('the access log has a line of JSON for each request', async () => {
    await world.send({
      to: '127.0.0.1:80',
      path: '/logged?id=17',
      headers: { host: 'a.test', 'user-agent': 'me' },
    });
    const [line = ''] = await eventually(
      async () =>
        world
          .log(INGRESS.name)
          .split('\n')
          .filter((one) => one.includes('/logged?id=17')),
      (lines) => lines.length > 0,
    );
    expect(JSON.parse(line)).toMatchObject({
      method: 'GET',
      path: '/logged?id=17',
      protocol: 'HTTP/1.1',
      response_code: 200,
      response_flags: '-',
      authority: 'a.test',
      user_agent: 'me',
      upstream_cluster: 'outbound|80||web.shop.svc.cluster.local',
      route_name: 'to-web',
      request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  test('a traced request tells its backend so, and its span reaches the collector with the tags of the mesh', async () => {
    await world.seen();
    const call = { to: '127.0.0.1:80', path: '/traced', headers: { host: 'a.test', user: 'ada' } };
    const received = seenOf(await world.send(call)).received ?? {};
    expect(received).toMatchObject({
      'x-b3-traceid': expect.stringMatching(/^[0-9a-f]{32}$/),
      'x-b3-spanid': expect.stringMatching(/^[0-9a-f]{16}$/),
      'x-b3-sampled': '1',
    });
    const spans: Span[] = [];
    await eventually(
      async () => {
        for (const { path, body } of await world.seen()) {
          if (path === '/api/v2/spans') spans.push(...(JSON.parse(body) as Span[]));
        }
        return spans.find(({ traceId }) => traceId === received['x-b3-traceid']);
      },
      (span) => span !== undefined,
    );
    expect(spans.find(({ traceId }) => traceId === received['x-b3-traceid'])).toMatchObject({
      kind: 'CLIENT',
      localEndpoint: { serviceName: 'istio-ingressgateway.istio-system' },
      tags: {
        shelf: 'fruit',
        who: 'ada',
        'istio.namespace': 'istio-system',
        'istio.canonical_service': 'istio-ingressgateway',
        'http.status_code': '200',
        upstream_cluster: expect.stringContaining('outbound|80||web.shop.svc.cluster.local'),
      },
    });
  });

  test('a trace that has begun goes on, and sampling says which requests begin one', async () => {
    const traced = {
      'x-b3-traceid': '463ac35c9f6413ad48485a3953bb6124',
      'x-b3-spanid': 'a2fb4a1d1a96d312',
      'x-b3-sampled': '1',
    };
    const on = seenOf(await world.send({ to: `${SERVICES.web}:80`, headers: { host: 'web', ...traced } }));
    expect(on.received).toMatchObject({
      'x-b3-traceid': traced['x-b3-traceid'],
      'x-b3-parentspanid': traced['x-b3-spanid'],
    });
    // The client has the mesh's share, which is none; the gateway one of its own, which is all.
    const none = await world.send({ to: `${SERVICES.web}:80`, headers: { host: 'web' } });
    expect(seenOf(none).received).toMatchObject({ 'x-b3-sampled': '0' });
    const all = await world.send({ to: '127.0.0.1:80', headers: { host: 'a.test' } });
    expect(seenOf(all).received).toMatchObject({ 'x-b3-sampled': '1' });
  });

  test('statistics have the names and tags that dashboards ask for, with those of the application', async () => {
    await world.send({ to: `${SERVICES.web}:80`, headers: { host: 'web' } });
    const { text } = await world.send({ to: '127.0.0.1:15020', path: '/stats/prometheus' });
    expect(text).toMatch(/^istio_agent_scrapes_total 1$/m);
    expect(text).toMatch(
      /^envoy_cluster_upstream_rq\{cluster_name="outbound\|80\|\|web\.shop\.svc\.cluster\.local",response_code="200"\} \d+$/m,
    );
    expect(text).toMatch(/^envoy_cluster_manager_cds_update_success\{?\}? \d+$/m);
    expect(text).toMatch(
      /^envoy_http_downstream_rq_total\{http_conn_manager_prefix="outbound_0\.0\.0\.0_80"\}/m,
    );
    // The backend stands for the application and repeats what it was asked.
    expect(text).toContain('"path":"/app-metrics"');
    const own = await world.send({ to: '127.0.0.1:15090', path: '/stats/prometheus' });
    expect(own.text).toContain('envoy_cluster_upstream_rq');
    expect(own.text).not.toContain('istio_agent');
  });

  test('a Sidecar says what a workload reaches, where it listens, and where requests for it go', async () => {
    const nuts = { to: `${SERVICES.nuts}:80`, headers: { host: 'nuts.other' } };
    expect((await world.send(nuts)).status).toBe(200);
    world.write(
      'sidecar.yaml',
      clientSidecar(`outboundTrafficPolicy: {mode: ALLOW_ANY}
ingress:
- {port: {number: 8080, name: http, protocol: HTTP}, defaultEndpoint: "127.0.0.1:8080"}
egress:
- {port: {number: 7070, name: http, protocol: HTTP}, bind: 127.0.0.1, captureMode: NONE, hosts: ["./guess.shop.svc.cluster.local"]}
- {hosts: ["./web.shop.svc.cluster.local", "istio-system/*"]}`),
    );
    // What it does not name is unknown: by ALLOW_ANY it goes to where nobody is.
    await world.until(nuts, ({ status }) => status === 503);
    expect((await world.send({ to: `${SERVICES.web}:80`, headers: { host: 'web' } })).status).toBe(200);
    // Routes and listeners come one after the other.
    await world.until(outside, ({ status }) => status === 200);
    const own = { to: '127.0.0.1:7070', headers: { host: 'guess:7070' } };
    const bound = await world.until(own, ({ status }) => status === 200);
    expect(seenOf(bound).who).toBe('api v1');
    await world.until(
      { to: '10.40.0.11:8080', headers: { host: 'client' } },
      ({ echo }) => echo?.ip === '127.0.0.1',
    );
    world.remove('sidecar.yaml');
    await world.until(nuts, ({ status }) => status === 200);
  });

  test('a Sidecar has ports of its own, a forward proxy among them, and bounds for what comes in', async () => {
    world.write(
      'sidecar.yaml',
      clientSidecar(`inboundConnectionPool: {http: {http2MaxRequests: 1, http1MaxPendingRequests: 1}, tcp: {maxConnections: 1}}
ingress:
- {port: {number: 9090, name: http, protocol: HTTP}, bind: 127.0.0.1, captureMode: NONE, defaultEndpoint: "127.0.0.1:8080"}
- {port: {number: 8080, name: http, protocol: HTTP}, defaultEndpoint: "127.0.0.1:8080"}
- {port: {number: 8079, name: wider, protocol: HTTP}, captureMode: IPTABLES, defaultEndpoint: "127.0.0.1:8080", connectionPool: {http: {http2MaxRequests: 6}}}
egress:
- {port: {number: 15080, name: proxy, protocol: HTTP_PROXY}, bind: 127.0.0.1, captureMode: NONE, hosts: ["./web.shop.svc.cluster.local"]}
- {hosts: ["./*"]}`),
    );
    // What clients ask a proxy for has the whole URL in its first line.
    const forward = { to: '127.0.0.1:15080', path: 'http://web.shop.svc.cluster.local/asked' };
    const asked = await world.until(
      { ...forward, headers: { host: 'web.shop.svc.cluster.local' } },
      ({ status }) => status === 200,
    );
    expect(seenOf(asked)).toMatchObject({ path: '/asked', who: expect.stringMatching(/^web v[12]$/) });
    const own = await world.until({ to: '127.0.0.1:9090' }, ({ status }) => status === 200);
    expect(own.echo?.ip).toBe('127.0.0.1');
    const slow = { to: `${CLIENT.ip}:8080`, path: '/?delay=400', headers: { host: 'client' } };
    const all = await world.sendAll({ errand: slow, atOnce: 8 });
    expect(all.filter(({ status }) => status === 503).length).toBeGreaterThan(0);
    expect(all.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
    // A port may have bounds of its own.
    const held = { ...slow, to: `${CLIENT.ip}:8079`, path: '/?held=yes' };
    const wider = await world.sendAll({ errand: held, atOnce: 8, releaseAfter: 2 });
    expect(wider.filter(({ status }) => status === 200)).toHaveLength(6);
    world.remove('sidecar.yaml');
    await world.until({ to: '127.0.0.1:15080', path: '/' }, ({ status }) => status === 0);
  });

  test('a Sidecar takes away what it imports otherwise', async () => {
    const own = { to: `${SERVICES.web}:80`, headers: { host: 'web' } };
    const other = { to: `${SERVICES.nuts}:80`, headers: { host: 'nuts.other' } };
    const importing = (...hosts: readonly string[]): string =>
      clientSidecar(`egress: [{hosts: ${JSON.stringify(hosts)}}]`);
    world.write('sidecar.yaml', importing('*/*', '~other/*'));
    await world.until(other, ({ status }) => status === 502);
    expect((await world.send(own)).status).toBe(200);
    world.write('sidecar.yaml', importing('*/*', '~./web.shop.svc.cluster.local'));
    await world.until(own, ({ status }) => status === 502);
    expect((await world.send(other)).status).toBe(200);
    world.remove('sidecar.yaml');
    await world.until(own, ({ status }) => status === 200);
  });

  test('a Sidecar leads to the address of its workload and to sockets, listens at sockets, and hides what is outside', async () => {
    world.write(
      'sidecar.yaml',
      clientSidecar(`ingress:
- {port: {number: 8077, name: own, protocol: HTTP}, defaultEndpoint: "0.0.0.0:8080"}
- {port: {number: 8078, name: socket, protocol: HTTP}, defaultEndpoint: "unix://${folder}/backend"}
egress:
- {port: {number: 0, name: socket, protocol: HTTP}, bind: "unix://${folder}/egress", captureMode: NONE, hosts: ["./web.shop.svc.cluster.local"]}
- {hosts: ["~/*"]}`),
    );
    const own = { to: `${CLIENT.ip}:8077`, headers: { host: 'client' } };
    await world.until(own, ({ echo }) => echo?.ip === CLIENT.ip && echo.port === 8080);
    const socket = await world.until({ ...own, to: `${CLIENT.ip}:8078` }, ({ status }) => status === 200);
    expect(seenOf(socket).who).toBe(`${folder}/backend`);
    const out = { to: `unix://${folder}/egress`, headers: { host: 'web.shop.svc.cluster.local' } };
    // It comes once its routes have come.
    expect(seenOf(await world.until(out, ({ status }) => status === 200))).toMatchObject({
      who: expect.stringMatching(/^web v/),
    });
    // No other host is known to it.
    await world.until({ to: `${SERVICES.web}:80`, headers: { host: 'web' } }, ({ status }) => status !== 200);
    world.remove('sidecar.yaml');
    await world.until({ to: `${SERVICES.web}:80`, headers: { host: 'web' } }, ({ status }) => status === 200);
  });

  test('a Sidecar ends TLS for its workload, on ports where the TLS of the mesh is off', async () => {
    const files = `serverCertificate: ${folder}/server.crt, privateKey: ${folder}/server.key`;
    const port = (number: number, tls: string, more = ''): string =>
      `- {port: {number: ${number}, name: p${number}, protocol: HTTPS}, defaultEndpoint: "127.0.0.1:8080", tls: {${tls}, ${files}}${more}}`;
    world.write(
      'sidecar.yaml',
      clientSidecar(`ingress:
${port(9443, 'mode: SIMPLE')}
${port(9444, `mode: MUTUAL, caCertificates: ${folder}/client.crt`)}
${port(9445, 'mode: SIMPLE', ', captureMode: NONE, bind: 127.0.0.1')}`),
    );
    const off = (selector: string): string => `apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: client, namespace: shop}
spec: {${selector}}
`;
    const https = {
      to: `${CLIENT.ip}:9443`,
      protocol: 'https',
      serverName: 'any.example',
      headers: { host: 'client' },
    } as const;
    const problems = async (): Promise<string> => JSON.stringify((await world.debug('configz')) as object);
    // TLS passes through as it is, to a port that speaks HTTP.
    await eventually(problems, (text) => text.includes('ingress[].tls of port 9443 is not in force'));
    expect((await world.send(https)).status).toBe(0);
    world.write(
      'peers.yaml',
      off(
        'selector: {matchLabels: {app: client}}, portLevelMtls: {9443: {mode: DISABLE}, 9444: {mode: DISABLE}, 9445: {mode: DISABLE}}',
      ),
    );
    const simple = await world.until(https, ({ status }) => status === 200);
    expect(seenOf(simple)).toMatchObject({
      who: '127.0.0.1',
      certificate: 'server.example',
      received: { 'x-forwarded-proto': 'https' },
    });
    // In the clear nothing is taken.
    expect((await world.send({ ...https, protocol: 'http' })).status).toBe(0);
    const mutual = { ...https, to: `${CLIENT.ip}:9444` };
    expect((await world.send(mutual)).status).toBe(0);
    const shown = await world.send({
      ...mutual,
      certificate: { cert: `${folder}/client.crt`, key: `${folder}/client.key` },
    });
    expect(seenOf(shown)).toMatchObject({
      status: 200,
      received: { 'x-forwarded-client-cert': expect.stringContaining('client.example') },
    });
    await world.until({ ...https, to: '127.0.0.1:9445' }, ({ status }) => status === 200);
    expect((await world.send({ ...https, to: '127.0.0.1:9445', protocol: 'http' })).status).toBe(0);
    expect(await problems()).not.toContain('ingress[].tls');
    for (const file of ['sidecar.yaml', 'peers.yaml']) world.remove(file);
    await world.until(https, ({ status }) => status === 0);
  });

  test('a proxy that is killed is started again, and ends with its agent', async () => {
    const ready = { to: '127.0.0.1:15021', path: '/healthz/ready' };
    const children = (): readonly number[] =>
      readFileSync(`/proc/${client.pid}/task/${client.pid}/children`, 'utf8').trim().split(' ').map(Number);
    const [before = 0] = children();
    process.kill(before, 'SIGKILL');
    await eventually(
      async () => children().some((pid) => pid !== 0 && pid !== before) && (await world.send(ready)).status,
      (status) => status === 200,
    );
    const { text } = await world.send({ to: '127.0.0.1:15020', path: '/stats/prometheus' });
    expect(text).toMatch(/^istio_agent_proxy_restarts_total 1$/m);
    expect((await world.send({ to: `${SERVICES.web}:80`, headers: { host: 'web' } })).status).toBe(200);

    const ended = new Promise<number | null>((resolve) => client.once('exit', (code) => resolve(code)));
    client.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect((await world.send(ready)).status).toBe(0);
    await expect.poll(() => world.log(CLIENT.name)).toContain('the agent ends');
  });
});
