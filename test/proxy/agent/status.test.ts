import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { afterEach, describe, expect, test } from 'vitest';
import { Log } from '../../../src/base/log.ts';
import { askConnections, askReadiness } from '../../../src/proxy/agent/admin.ts';
import { readProbers, type Prober } from '../../../src/proxy/agent/app-probes.ts';
import type { Readiness } from '../../../src/proxy/agent/engine.ts';
import { MergedMetrics, readScrapeTargets } from '../../../src/proxy/agent/merged-metrics.ts';
import { StatusServer } from '../../../src/proxy/agent/status-server.ts';
import { freePort } from '../../peers/free-ports.ts';

const HOST = '127.0.0.1';
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function serve(answer: RequestListener): Promise<number> {
  const server: Server = createServer(answer);
  server.listen(0, HOST);
  await once(server, 'listening');
  closing.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** An administration that has these statistics. */
function admin(stats: string): Promise<number> {
  return serve((request, response) => {
    const url = new URL(request.url ?? '/', 'http://admin');
    const filter = new RegExp(url.searchParams.get('filter') ?? '');
    if (url.pathname === '/stats/prometheus') return response.end('envoy_up 1\n');
    return response.end(
      stats
        .split('\n')
        .filter((line) => filter.test(line.split(': ')[0] ?? ''))
        .join('\n'),
    );
  });
}

interface Agent {
  readonly probers?: ReadonlyMap<string, Prober>;
  readonly targets?: { port: number; path: string }[];
  readonly adminPort?: number;
}

let readiness: Readiness = { isReady: true };
const orders: string[] = [];

async function agent({ probers = new Map(), targets = [], adminPort = 1 }: Agent): Promise<string> {
  const log = new Log('off', () => undefined);
  const server = await StatusServer.start({
    host: HOST,
    port: 0,
    appHost: HOST,
    readiness: async () => readiness,
    metrics: new MergedMetrics({
      admin: { host: HOST, port: adminPort },
      targets,
      localhost: HOST,
      restarts: () => 3,
      log,
    }),
    probers,
    drain: async () => void orders.push('drain'),
    quit: () => void orders.push('quit'),
    log,
  });
  closing.push(() => server.stop());
  return `http://${HOST}:${server.port}`;
}

describe('readiness', () => {
  const TAKEN = 'cluster_manager.cds.update_success: 1\nlistener_manager.lds.update_success: 1\n';

  test.each([
    ['', 'the proxy has no clusters yet'],
    ['cluster_manager.cds.update_rejected: 2', 'the proxy refused its clusters, 2 times'],
    ['cluster_manager.cds.update_success: 1', 'the proxy has no listeners yet'],
    [TAKEN, 'does not handle connections yet'],
    [`${TAKEN}listener_manager.workers_started: 1\nserver.state: 2`, 'in state 2, not live'],
    [`${TAKEN}listener_manager.workers_started: 1\nserver.state: 0`, undefined],
  ])('is judged by the statistics: %j', async (stats, reason) => {
    const state = await askReadiness({ host: HOST, port: await admin(stats) });
    if (reason === undefined) expect(state).toEqual({ isReady: true });
    else expect(state).toMatchObject({ isReady: false, reason: expect.stringContaining(reason) });
  });

  test('is no where nobody answers', async () => {
    expect(await askReadiness({ host: HOST, port: 1 })).toMatchObject({ isReady: false });
  });

  test('is what the agent answers', async () => {
    const at = await agent({});
    expect((await fetch(`${at}/healthz/ready`)).status).toBe(200);
    readiness = { isReady: false, reason: 'no clusters' };
    const answer = await fetch(`${at}/healthz/ready`);
    expect([answer.status, await answer.text()]).toEqual([503, 'no clusters\n']);
  });
});

test('connections are counted without those of the proxy itself', async () => {
  const port = await admin(`listener.0.0.0.0_80.downstream_cx_active: 2
listener.10.0.0.1_8080.downstream_cx_active: 3
listener.10.0.0.1_8080.worker_0.downstream_cx_active: 3
listener.0.0.0.0_15021.downstream_cx_active: 7
listener.admin.downstream_cx_active: 1
http.ingress.downstream_cx_active: 5`);
  expect(await askConnections({ host: HOST, port }, [15_021])).toBe(5);
  expect(await askConnections({ host: HOST, port: await admin('') }, [])).toBeUndefined();
});

describe('the page of metrics', () => {
  test("holds the agent's, the proxy's and the application's", async () => {
    let asked: string | undefined;
    const app = await serve((request, response) => {
      asked = request.headers.accept;
      response.end('app_total{a="1"} 5\n# EOF\n');
    });
    const at = await agent({ adminPort: await admin(''), targets: [{ port: app, path: '/metrics' }] });
    const answer = await fetch(`${at}/stats/prometheus`, {
      headers: { accept: 'application/openmetrics-text' },
    });
    const page = await answer.text();
    expect(answer.headers.get('content-type')).toContain('version=0.0.4');
    expect(page).toContain('istio_agent_scrapes_total 1\n');
    expect(page).toContain('istio_agent_proxy_restarts_total 3\n');
    expect(page).toMatch(/envoy_up 1\napp_total\{a="1"\} 5\n$/);
    expect(asked).not.toContain('openmetrics');
  });

  test('lacks what cannot be had, and counts that', async () => {
    const broken = await serve((_request, response) => void response.writeHead(500).end('app_total 1'));
    const at = await agent({ adminPort: await admin(''), targets: [{ port: broken, path: '/' }] });
    await fetch(`${at}/stats/prometheus`).then((answer) => answer.text());
    const page = await (await fetch(`${at}/stats/prometheus`)).text();
    expect(page).toContain('istio_agent_scrape_failures_total{type="application"} 2\n');
    expect(page).toContain('istio_agent_scrape_failures_total{type="envoy"} 0\n');
    expect(page).not.toContain('app_total');
  });

  test.each([
    [undefined, []],
    ['{"scrape":"false","port":"80"}', []],
    ['{"scrape":"true"}', [{ port: 80, path: '/metrics' }]],
    ['{"path":"m","port":"8080"}', [{ port: 8080, path: '/m' }]],
    [
      '{"targets":[{"port":"1","path":"/a"},{"port":"2","path":"/b"}]}',
      [
        { port: 1, path: '/a' },
        { port: 2, path: '/b' },
      ],
    ],
  ])('asks where the annotations say: %s', (text, targets) => {
    expect(readScrapeTargets(text)).toEqual(targets);
  });

  test.each(['{', '[]', '{"port":"none"}', '{"port":70000}'].map((text) => [text]))(
    'refuses annotations that say nothing: %s',
    (text) => {
      if (text === '[]') expect(readScrapeTargets(text)).toEqual([{ port: 80, path: '/metrics' }]);
      else expect(() => readScrapeTargets(text)).toThrow('ISTIO_PROMETHEUS_ANNOTATIONS');
    },
  );
});

describe('orders', () => {
  test('to drain and to quit are taken as POST alone', async () => {
    const at = await agent({});
    expect((await fetch(`${at}/drain`)).status).toBe(405);
    expect((await fetch(`${at}/quitquitquit`)).status).toBe(405);
    const ofPage = { method: 'POST', headers: { origin: 'https://boats.example' } };
    expect((await fetch(`${at}/quitquitquit`, ofPage)).status).toBe(403);
    expect(orders).toEqual([]);
    await fetch(`${at}/drain`, { method: 'POST' });
    await fetch(`${at}/quitquitquit`, { method: 'POST' });
    expect(orders.splice(0)).toEqual(['drain', 'quit']);
    expect((await fetch(`${at}/other`)).status).toBe(404);
  });
});

describe("the application's probes", () => {
  test('are asked over HTTP, with the headers that the probe names', async () => {
    let host: string | undefined;
    const app = await serve((request, response) => {
      host = request.headers.host;
      response.writeHead(request.url === '/live' ? 200 : 503).end();
    });
    const probers = readProbers(
      JSON.stringify({
        '/app-health/web/livez': {
          httpGet: { path: '/live', port: app, httpHeaders: [{ name: 'Host', value: 'web.example' }] },
        },
        '/app-health/web/readyz': { httpGet: { path: 'ready', port: app } },
        '/app-health/web/startupz': { httpGet: { port: 1 } },
      }),
    );
    const at = await agent({ probers });
    expect((await fetch(`${at}/app-health/web/livez`)).status).toBe(200);
    expect(host).toBe('web.example');
    expect((await fetch(`${at}/app-health/web/readyz`)).status).toBe(503);
    expect((await fetch(`${at}/app-health/web/startupz`)).status).toBe(500);
    expect((await fetch(`${at}/app-health/other/livez`)).status).toBe(404);
  });

  test('are a connection over TCP', async () => {
    const server = createTcpServer((socket) => socket.end());
    // Nobody else gets it once it is closed.
    const port = await freePort();
    server.listen(port, HOST);
    await once(server, 'listening');
    const at = await agent({ probers: readProbers(JSON.stringify({ '/p': { tcpSocket: { port } } })) });
    expect((await fetch(`${at}/p`)).status).toBe(200);
    await new Promise((resolve) => server.close(resolve));
    expect((await fetch(`${at}/p`)).status).toBe(500);
  });

  test('are the health check of gRPC', async () => {
    const server = new GrpcServer();
    const names: string[] = [];
    server.register(
      '/grpc.health.v1.Health/Check',
      (call: { request: Buffer }, done: (error: null, value: Buffer) => void) => {
        const name = call.request.subarray(2).toString();
        names.push(name);
        done(null, Buffer.from([0x08, name === 'down' ? 2 : 1]));
      },
      (value: Buffer) => value,
      (bytes: Buffer) => bytes,
      'unary',
    );
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync(`${HOST}:0`, ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      ),
    );
    closing.push(() => server.forceShutdown());
    const probers = readProbers(
      JSON.stringify({
        '/up': { grpc: { port, service: 'fruits' } },
        '/down': { grpc: { port, service: 'down' }, timeoutSeconds: 2 },
      }),
    );
    const at = await agent({ probers });
    expect((await fetch(`${at}/up`)).status).toBe(200);
    const down = await fetch(`${at}/down`);
    expect([down.status, await down.text()]).toEqual([500, 'the probe fails: the service is NOT_SERVING']);
    expect(names).toEqual(['fruits', 'down']);
  });

  test.each([
    ['{', 'holds no JSON'],
    ['[]', 'must hold a JSON object'],
    ['{"/p":{}}', 'has at /p no probe'],
    ['{"/p":{"tcpSocket":{"port":"http"}}}', 'has at /p the port "http"'],
  ])('are refused when they are none: %s', (text, message) => {
    expect(() => readProbers(text)).toThrow(message);
  });
});
