import { create } from '@bufbuild/protobuf';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Controller, type MeshTranslate } from '../../src/controller/controller.ts';
import { DEBUG_PAGES } from '../../src/controller/http.ts';
import { Log } from '../../src/base/log.ts';
import { readSettings } from '../../src/controller/settings.ts';
import { ClusterSchema } from '../../src/xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { CLUSTER_TYPE, LISTENER_TYPE } from '../../src/xds/resource.ts';
import { type DeltaStream, deltaStream, namesIn, node } from './discovery/client.ts';

/** A cluster for each service, named after it, with the connect timeout of the mesh. */
const translate: MeshTranslate = (snapshot, proxy) => ({
  clusters: snapshot.services.all.map(({ hostname: name }) => ({
    typeUrl: CLUSTER_TYPE,
    name,
    message: create(ClusterSchema, { name, altStatName: snapshot.mesh.config.connectTimeout ?? '' }),
  })),
  endpoints: [],
  listeners: [],
  routes: [],
  extensions: [],
  problems: snapshot.list('networking.istio.io/Sidecar').map(({ meta }) => ({
    object: { kind: 'Sidecar', namespace: meta.namespace ?? '', name: meta.name },
    message: `does not hold for ${proxy.id}`,
  })),
});

let folder = '';
let controller: Controller | undefined;
let lines: string[];
let stream: DeltaStream | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lateen-controller-'));
  lines = [];
  stream = undefined;
});
afterEach(async () => {
  stream?.close();
  await controller?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function service(name: string, port: number | string = 80): string {
  return `apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: shop}
spec: {ports: [{name: http, port: ${port}}]}
---
`;
}

function write(file: string, text: string): void {
  writeFileSync(join(folder, file), text);
}

async function start(...flags: string[]): Promise<Controller> {
  const argv = ['--config', folder, '--grpc-addr', '127.0.0.1:0', '--http-addr', '127.0.0.1:0'];
  const settings = readSettings([...argv, '--debounce-after', '10ms', '--drain-time', '100ms', ...flags], {});
  if (settings === 'help') throw new Error('no settings');
  controller = new Controller(settings, new Log(settings.logLevel, (line) => lines.push(line)), translate);
  await controller.start();
  return controller;
}

async function connect(to: Controller): Promise<DeltaStream> {
  stream = deltaStream(to.grpcPort);
  stream.send({ node: node(), typeUrl: CLUSTER_TYPE });
  return stream;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

function fetchPage(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: controller?.httpPort, path, headers, method };
    const call = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    call.on('error', reject);
    call.end();
  });
}

async function page(name: string): Promise<unknown> {
  const { status, text } = await fetchPage(`/debug/${name}`);
  expect(status).toBe(200);
  return JSON.parse(text) as unknown;
}

describe('the controller', () => {
  test('serves what a folder holds, and what it holds later', async () => {
    write('a.yaml', service('juice'));
    const proxy = await connect(await start());
    const first = await proxy.next();
    expect(namesIn(first)).toEqual(['juice.shop.svc.cluster.local']);
    proxy.send({ typeUrl: CLUSTER_TYPE, responseNonce: first.nonce });
    write('b.yaml', service('fruits'));
    expect(namesIn(await proxy.next())).toEqual(['fruits.shop.svc.cluster.local']);
  });

  test('counts what it holds, what changes and what it sends, as dashboards ask for it', async () => {
    write('a.yaml', service('apple'));
    const { text } = await metricsAfter(await connect(await start()));
    expect(text).toMatch(/^pilot_info\{version="[^"]+"\} 1$/m);
    expect(text).toMatch(/^istio_build\{component="pilot",tag="[^"]+"\} 1$/m);
    for (const line of [
      'pilot_xds 1',
      'pilot_services 2',
      'pilot_virt_services 0',
      'pilot_push_triggers{type="global"} 1',
      'pilot_push_triggers{type="svc"} 1',
      'pilot_inbound_updates{type="svc"} 1',
      'pilot_pushcontext_init_seconds_count 2',
      '# TYPE process_cpu_seconds_total counter',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
  });

  /** The metrics once a second service has reached the proxy. */
  async function metricsAfter(proxy: DeltaStream): Promise<{ readonly text: string }> {
    const { nonce } = await proxy.next();
    proxy.send({ typeUrl: CLUSTER_TYPE, responseNonce: nonce });
    write('b.yaml', service('pear'));
    await proxy.next();
    return fetchPage('/metrics');
  }

  test('is ready once it serves', async () => {
    await start();
    expect(await fetchPage('/ready')).toEqual({ status: 200, text: 'ready\n' });
    expect(await fetchPage('/healthz')).toEqual({ status: 200, text: 'ok\n' });
    expect((await fetchPage('/nothing')).status).toBe(404);
  });

  test('sets a bad object aside, keeps its last good version, and tells of it', async () => {
    write('a.yaml', service('juice') + service('fruits', 99_999));
    const proxy = await connect(await start());
    const first = await proxy.next();
    expect(namesIn(first)).toEqual(['juice.shop.svc.cluster.local']);
    expect(await page('configz')).toMatchObject({
      rejected: [{ object: 'Service shop/fruits', errors: [expect.stringContaining('99999')] }],
      configs: [{ kind: 'Service', metadata: { name: 'juice' }, source: `${join(folder, 'a.yaml')}:1` }],
    });
    expect(lines.join('')).toContain('an object is set aside');
    expect((await fetchPage('/metrics')).text).toContain('pilot_total_rejected_configs 1');
  });

  test('follows the file of the MeshConfig, and keeps the last good one', async () => {
    write('a.yaml', service('juice'));
    const file = join(folder, 'mesh.conf');
    writeFileSync(file, 'connectTimeout: 1s\n');
    const running = await start('--mesh-config', file);
    const proxy = await connect(running);
    const versions = new Set<string>();
    for (const text of ['connectTimeout: 2s\n', 'connectTimeout: 3s\n']) {
      const response = await proxy.next();
      versions.add(response.resources[0]?.version ?? '');
      proxy.send({ typeUrl: CLUSTER_TYPE, responseNonce: response.nonce });
      writeFileSync(file, text);
    }
    versions.add((await proxy.next()).resources[0]?.version ?? '');
    expect(versions.size).toBe(3);
  });

  test('does not start with a MeshConfig that is wrong', async () => {
    const file = join(folder, 'mesh.conf');
    writeFileSync(file, 'connectTimeout: soon\n');
    await expect(start('--mesh-config', file)).rejects.toThrow(
      expect.objectContaining({ code: 'BadMeshConfig' }),
    );
  });

  test('does not start where another program listens', async () => {
    const { httpPort } = await start();
    const first = controller;
    await expect(start('--http-addr', `127.0.0.1:${httpPort}`)).rejects.toThrow(/cannot listen on 127.0.0.1/);
    await first?.stop();
  });
});

describe('debug pages', () => {
  test('show services, endpoints and streams', async () => {
    write('a.yaml', service('juice'));
    const proxy = await connect(await start());
    await proxy.next();
    expect(await page('registryz')).toMatchObject([
      { hostname: 'juice.shop.svc.cluster.local', ports: [{ number: 80, name: 'http', target_port: 80 }] },
    ]);
    expect(await page('endpointz')).toEqual([
      { service: 'juice.shop.svc.cluster.local:http', port: 80, endpoints: [] },
    ]);
    expect(await page('adsz')).toMatchObject({
      total_clients: 1,
      clients: [{ protocol: 'delta', watches: [{ type: 'cds', wildcard: true, names: [] }] }],
    });
  });

  test('show what a proxy has taken and what it has refused, in its own words', async () => {
    write('a.yaml', service('juice'));
    const proxy = await connect(await start());
    const first = await proxy.next();
    expect(await page('syncz')).toMatchObject([
      {
        proxy: 'juice-0.shop',
        in_sync: false,
        types: { cds: { status: 'STALE' }, lds: { status: 'IGNORED' } },
      },
    ]);
    proxy.send({ typeUrl: CLUSTER_TYPE, responseNonce: first.nonce });
    proxy.send({ typeUrl: LISTENER_TYPE });
    const second = await proxy.next();
    const errorDetail = { code: 3, message: 'no such filter' };
    proxy.send({ typeUrl: LISTENER_TYPE, responseNonce: second.nonce, errorDetail });
    // The answer to another type tells that the refusal has arrived.
    proxy.send({ typeUrl: 'type.googleapis.com/envoy.Other' });
    await proxy.next();
    expect(await page('syncz')).toMatchObject([
      {
        types: {
          cds: { status: 'SYNCED' },
          lds: { status: 'ERROR', refused: { message: 'no such filter' } },
        },
      },
    ]);
    expect(await page('push_status')).toMatchObject({
      refused: [{ proxy: 'juice-0.shop', type_url: LISTENER_TYPE, message: 'no such filter' }],
    });
    expect((await fetchPage('/metrics')).text).toContain('pilot_total_xds_rejects{type="lds"} 1');
  });

  test.each([
    [{ ISTIO_VERSION: '1.27.0', LATEEN_VERSION: '0.1.0' }, '1.27.0'],
    [{ LATEEN_VERSION: '0.1.0' }, '0.1.0'],
    [{}, ''],
  ])('show the version of a proxy with the metadata %j', async (metadata, version) => {
    stream = deltaStream((await start()).grpcPort);
    stream.send({ node: node('juice-0.shop', metadata), typeUrl: CLUSTER_TYPE });
    await stream.next();
    expect(await page('syncz')).toMatchObject([{ version }]);
  });

  test('dump what a proxy is served as Envoy does', async () => {
    write('a.yaml', service('juice'));
    const proxy = await connect(await start());
    await proxy.next();
    expect(await page('config_dump?proxyID=juice-0.shop')).toMatchObject({
      configs: [
        {
          '@type': 'type.googleapis.com/envoy.admin.v3.ClustersConfigDump',
          dynamic_active_clusters: [
            {
              cluster: {
                '@type': 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
                name: 'juice.shop.svc.cluster.local',
              },
            },
          ],
        },
        { dynamic_listeners: [] },
        { dynamic_route_configs: [] },
        { dynamic_endpoint_configs: [] },
        { dynamic_active_secrets: [] },
      ],
    });
    expect((await fetchPage('/debug/config_dump?proxyID=nobody.shop')).status).toBe(404);
    expect((await fetchPage('/debug/config_dump')).status).toBe(400);
  });

  test('say which configuration is not in force', async () => {
    write(
      'a.yaml',
      'apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: all, namespace: shop}\nspec: {egress: [{hosts: ["*/*"]}]}\n',
    );
    const proxy = await connect(await start());
    await proxy.next();
    expect(await page('push_status')).toMatchObject({
      not_enforced: [{ object: { kind: 'Sidecar', name: 'all' }, message: 'does not hold for juice-0.shop' }],
    });
    expect(lines.join('')).toContain('configuration is not in force');
  });

  test('keep the data of Secrets to themselves', async () => {
    const applied = `annotations: {kubectl.kubernetes.io/last-applied-configuration: '{"stringData":{"key":"hidden"}}'}`;
    write(
      'a.yaml',
      `apiVersion: v1\nkind: Secret\nmetadata: {name: tls, ${applied}}\nstringData: {key: hidden}\n`,
    );
    await start();
    expect(JSON.stringify(await page('configz'))).not.toContain('hidden');
  });

  test('are listed, and all can be seen before any proxy has come', async () => {
    await start();
    const listed = (await page('')) as { path: string }[];
    expect(listed.map(({ path }) => path)).toEqual(DEBUG_PAGES.map(({ name }) => `/debug/${name}`));
    for (const { name, method } of DEBUG_PAGES) {
      if (method === undefined && name !== 'config_dump') await page(name);
    }
    expect((await fetchPage('/debug/boats')).status).toBe(404);
  });

  test('are not shown to a name of the web that leads here', async () => {
    await start();
    expect((await fetchPage('/debug/configz', { host: 'boats.example' })).status).toBe(403);
  });

  test('take no orders from pages of the web', async () => {
    await start();
    const answer = await fetchPage('/debug/logging?level=off', { origin: 'https://boats.example' }, 'POST');
    expect(answer.status).toBe(403);
  });

  test('forget what is not in force for a proxy that has left', async () => {
    const spec = 'spec: {egress: [{hosts: ["*/*"]}]}';
    write(
      'a.yaml',
      `apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: all, namespace: shop}\n${spec}\n`,
    );
    const running = await start();
    const proxy = await connect(running);
    await proxy.next();
    expect(await page('push_status')).toMatchObject({ not_enforced: [{ object: { name: 'all' } }] });
    proxy.close();
    await vi.waitFor(() => expect(running.discovery.streams.size).toBe(0), { timeout: 10_000 });
    expect(await page('push_status')).toMatchObject({ not_enforced: [] });
  });

  test('change the level of the log while it runs', async () => {
    await start();
    expect((await fetchPage('/debug/logging?level=off')).status).toBe(405);
    expect((await fetchPage('/debug/logging?level=loud', {}, 'POST')).status).toBe(400);
    expect((await fetchPage('/debug/logging?level=off', {}, 'POST')).status).toBe(200);
    const before = lines.length;
    await controller?.stop();
    expect(lines.length).toBe(before);
  });
});
