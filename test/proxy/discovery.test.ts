/** The whole proxy under a controller that says what a test wants. */

import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type JsonValue, create } from '@bufbuild/protobuf';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { messageOf } from '../../src/proxy/bootstrap/read-message.ts';
import {
  CLUSTER_TYPE,
  ENDPOINT_TYPE,
  EXTENSION_TYPE,
  LISTENER_TYPE,
} from '../../src/proxy/xds-client/resource-types.ts';
import { ClusterSchema } from '../../src/xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { TypedExtensionConfigSchema } from '../../src/xds/proto/generated/envoy/config/core/v3/extension_pb.js';
import { ClusterLoadAssignmentSchema } from '../../src/xds/proto/generated/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from '../../src/xds/proto/generated/envoy/config/listener/v3/listener_pb.js';
import {
  type Resource,
  ResourceSchema,
} from '../../src/xds/proto/generated/envoy/service/discovery/v3/discovery_pb.js';
import { pack } from '../../src/xds/proto/registry.ts';
import { freePort } from '../peers/free-ports.ts';
import { type RunningServer, runServer } from './run-server.ts';
import { ADS, FROM_ADS, ControlPlane } from './xds-client/control-plane.ts';

function dynamicBootstrap(port: number): object {
  return {
    dynamic_resources: FROM_ADS,
    static_resources: { clusters: [staticCluster('xds', port)] },
  };
}

function staticCluster(name: string, port: number): object {
  return { name, type: 'STATIC', connect_timeout: '1s', load_assignment: endpoints(name, port) };
}

function endpoints(name: string, port: number): { readonly [key: string]: JsonValue } {
  const address = { socket_address: { address: '127.0.0.1', port_value: port } };
  return { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] };
}

/** A listener that says a text to who connects. */
function speaker(name: string, text: string, port = 0): { readonly [key: string]: JsonValue } {
  const settings = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.direct_response.v3.Config',
    response: { inline_string: text },
  };
  return {
    name,
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [{ filters: [{ name: 'direct', typed_config: settings }] }],
  };
}

function resource(
  schema: typeof ClusterSchema | typeof ListenerSchema | typeof ClusterLoadAssignmentSchema,
  json: object,
  version = '1',
): Resource {
  const message = messageOf(schema, json as JsonValue, 'test');
  const { name, clusterName } = message as { name?: string; clusterName?: string };
  return create(ResourceSchema, {
    name: name ?? clusterName ?? '',
    version,
    resource: pack(schema, message),
  });
}

const edsCluster = (name: string, more: object = {}): Resource =>
  resource(ClusterSchema, { name, type: 'EDS', eds_cluster_config: { eds_config: ADS }, ...more });

function said(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1');
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });
}

async function portOf(proxy: RunningServer, listener: string): Promise<number> {
  const { body } = await proxy.admin('/listeners');
  const line = body.split('\n').find((one) => one.startsWith(`${listener}::`));
  return Number(line?.slice(line.lastIndexOf(':') + 1));
}

let plane: ControlPlane;
let folder: string;
const running: RunningServer[] = [];

function start(bootstrap: object, ...argv: string[]): RunningServer {
  const proxy = runServer(bootstrap, argv);
  running.push(proxy);
  return proxy;
}

beforeEach(async () => {
  plane = await ControlPlane.start();
  folder = mkdtempSync(join(tmpdir(), 'lateen-proxy-'));
});
afterEach(async () => {
  for (const proxy of running.splice(0)) await proxy.stop();
  plane.kill();
  rmSync(folder, { recursive: true });
});

describe('a proxy that starts', () => {
  test('asks for clusters, their endpoints, and then for listeners, and is ready when all are there', async () => {
    const proxy = start(dynamicBootstrap(plane.port));
    const stream = await plane.nextDelta();
    expect((await stream.next()).typeUrl).toBe(CLUSTER_TYPE);
    expect(await proxy.admin('/ready')).toEqual({ status: 503, body: 'PRE_INITIALIZING\n' });
    stream.send({ typeUrl: CLUSTER_TYPE, nonce: '1', resources: [edsCluster('one')] });
    expect(await stream.next()).toMatchObject({ typeUrl: CLUSTER_TYPE, responseNonce: '1' });
    expect(await stream.next()).toMatchObject({ typeUrl: ENDPOINT_TYPE, resourceNamesSubscribe: ['one'] });
    // Nobody may use a cluster whose endpoints are not known yet.
    expect(stream.requests).toHaveLength(0);
    const json = (await proxy.admin('/config_dump?resource=dynamic_warming_clusters')).body;
    expect(JSON.parse(json)).toMatchObject({ configs: [{ cluster: { name: 'one' } }] });
    stream.send({
      typeUrl: ENDPOINT_TYPE,
      nonce: '2',
      resources: [resource(ClusterLoadAssignmentSchema, endpoints('one', 80))],
    });
    expect(await stream.next()).toMatchObject({ typeUrl: ENDPOINT_TYPE, responseNonce: '2' });
    expect(await stream.next()).toMatchObject({ typeUrl: LISTENER_TYPE });
    expect((await proxy.admin('/ready')).body).toBe('INITIALIZING\n');
    stream.send({
      typeUrl: LISTENER_TYPE,
      nonce: '3',
      resources: [resource(ListenerSchema, speaker('l', 'hello'))],
    });
    await proxy.started;
    expect(await proxy.admin('/ready')).toEqual({ status: 200, body: 'LIVE\n' });
    expect(await said(await portOf(proxy, 'l'))).toBe('hello');
    expect(await proxy.stat('control_plane.connected_state')).toBe(1);
    expect(await proxy.stat('cluster_manager.cds.update_success')).toBe(1);
  });

  test('is told what endpoints there are not, and does not wait for them', async () => {
    const proxy = start(dynamicBootstrap(plane.port));
    const stream = await plane.nextDelta();
    await stream.next();
    stream.send({ typeUrl: CLUSTER_TYPE, nonce: '1', resources: [edsCluster('one')] });
    await expect.poll(() => stream.requests).toHaveLength(2);
    stream.send({ typeUrl: ENDPOINT_TYPE, nonce: '2', removedResources: ['one'] });
    await expect.poll(() => stream.requests.at(-1)?.typeUrl).toBe(LISTENER_TYPE);
    stream.send({ typeUrl: LISTENER_TYPE, nonce: '3' });
    await proxy.started;
  });

  test('gives up waiting after the time that its source has for that', async () => {
    const hurried = { ...ADS, initial_fetch_timeout: '0.05s' };
    const { dynamic_resources, ...rest } = dynamicBootstrap(plane.port) as { dynamic_resources: object };
    const proxy = start({
      ...rest,
      dynamic_resources: { ...dynamic_resources, cds_config: hurried, lds_config: hurried },
    });
    await proxy.started;
    expect(await proxy.stat('cluster_manager.cds.init_fetch_timeout')).toBe(1);
    expect(await proxy.stat('listener_manager.lds.init_fetch_timeout')).toBe(1);
  });
});

describe('what the controller sends', () => {
  async function ready(...argv: string[]) {
    const proxy = start(dynamicBootstrap(plane.port), ...argv);
    const stream = await plane.nextDelta();
    await stream.next();
    stream.send({ typeUrl: CLUSTER_TYPE, nonce: 'c', resources: [] });
    await stream.next();
    await stream.next();
    stream.send({
      typeUrl: LISTENER_TYPE,
      nonce: 'l',
      resources: [resource(ListenerSchema, speaker('l', 'one'))],
    });
    await stream.next();
    await proxy.started;
    return { proxy, stream };
  }

  test('is refused by name where it is not supported, and the rest is in force', async () => {
    const { proxy, stream } = await ready();
    stream.send({
      typeUrl: CLUSTER_TYPE,
      nonce: '2',
      resources: [
        resource(ClusterSchema, { name: 'bad', type: 'STATIC', preconnect_policy: {} }),
        resource(ClusterSchema, staticCluster('good', 80)),
      ],
    });
    const answer = await stream.next();
    expect(answer.errorDetail?.message).toBe(
      'Error adding/updating cluster(s) bad: cluster bad.preconnect_policy is not supported',
    );
    expect(await proxy.stat('cluster_manager.cds.update_rejected')).toBe(1);
    const { body } = await proxy.admin('/clusters');
    expect(body).toContain('good::');
    expect(body).not.toContain('bad::');
  });

  test('a listener that is refused leaves the one before it at work, and the dump says why', async () => {
    const { proxy, stream } = await ready();
    const port = await portOf(proxy, 'l');
    const bad = { ...speaker('l', 'two', port), udp_listener_config: {} };
    stream.send({ typeUrl: LISTENER_TYPE, nonce: '2', resources: [resource(ListenerSchema, bad, '2')] });
    expect((await stream.next()).errorDetail?.message).toContain('udp_listener_config is not supported');
    expect(await said(port)).toBe('one');
    const dump = JSON.parse((await proxy.admin('/config_dump?resource=dynamic_listeners')).body);
    expect(dump.configs[0]).toMatchObject({
      name: 'l',
      active_state: { version_info: '1' },
      error_state: { version_info: '2' },
    });
  });

  test('a removed listener closes, and one that comes may have its address', async () => {
    const { proxy, stream } = await ready();
    const port = await portOf(proxy, 'l');
    stream.send({
      typeUrl: LISTENER_TYPE,
      nonce: '2',
      removedResources: ['l'],
      resources: [resource(ListenerSchema, speaker('m', 'two', port))],
    });
    await stream.next();
    await expect.poll(() => said(port)).toBe('two');
    expect(await proxy.stat('listener_manager.total_listeners_active')).toBe(1);
  });

  test('stays in force while the controller is away, and in the next process', async () => {
    // Nobody else gets its port while it is away.
    plane.kill();
    plane = await ControlPlane.start(await freePort());
    const state = join(folder, 'state');
    const { proxy, stream } = await ready('--state-dir', state);
    stream.send({ typeUrl: CLUSTER_TYPE, nonce: '2', resources: [edsCluster('one')] });
    await expect.poll(() => stream.requests.at(-1)?.typeUrl).toBe(ENDPOINT_TYPE);
    stream.send({
      typeUrl: ENDPOINT_TYPE,
      nonce: '3',
      resources: [resource(ClusterLoadAssignmentSchema, endpoints('one', 80))],
    });
    await expect.poll(() => stream.requests.at(-1)?.responseNonce).toBe('3');
    plane.kill();
    await expect.poll(() => proxy.log.join('')).toContain('closed');
    expect(await said(await portOf(proxy, 'l'))).toBe('one');
    await proxy.stop();
    const file = join(state, 'configuration.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const next = start(dynamicBootstrap(plane.port), '--state-dir', state);
    await next.started;
    expect(await said(await portOf(next, 'l'))).toBe('one');
    expect((await next.admin('/clusters')).body).toContain('one::127.0.0.1:80::health_flags::healthy');
    plane = await ControlPlane.start(plane.port);
    const again = await plane.nextDelta();
    expect((await again.next()).initialResourceVersions).toEqual({ one: '1' });
  });

  test('no secret is written to disk, nor shown', async () => {
    const state = join(folder, 'state');
    const { proxy, stream } = await ready('--state-dir', state);
    const key = `-----BEGIN ${'PRIVATE'} KEY-----not for others`;
    const tls = {
      name: 'tls',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
        common_tls_context: { tls_certificates: [{ private_key: { inline_string: key } }] },
      },
    };
    const { filter_chains: chains, ...rest } = speaker('secret', 'x') as { filter_chains: object[] };
    const listener = { ...rest, filter_chains: [{ ...chains[0], transport_socket: tls }] };
    stream.send({ typeUrl: LISTENER_TYPE, nonce: '2', resources: [resource(ListenerSchema, listener)] });
    await stream.next();
    const { body } = await proxy.admin('/config_dump');
    expect(body).toContain('"inline_string": "[redacted]"');
    expect(body).not.toContain('not for others');
    await proxy.stop();
    const saved = readFileSync(join(state, 'configuration.json'), 'latin1');
    expect(saved).not.toContain(Buffer.from(key).toString('base64').slice(4, 40));
    expect(saved).toContain('"name":"l"');
    expect(saved).not.toContain('"name":"secret"');
  });

  test('a saved configuration of another proxy, or a broken one, is passed over', async () => {
    const path = join(folder, 'configuration.json');
    for (const text of [
      '{"form":1,"node":"other","types":{}}',
      '{"form":',
      '[]',
      '{"form":1,"types":{"a":[1]}}',
    ]) {
      writeFileSync(path, text);
      const proxy = start(dynamicBootstrap(1), '--state-dir', folder);
      await expect.poll(() => proxy.log.join('')).toContain('closed');
      expect((await proxy.admin('/ready')).status).toBe(503);
      await proxy.stop();
    }
  });
});

test('clusters may come over a stream of their own', async () => {
  const source = {
    resource_api_version: 'V3',
    api_config_source: {
      api_type: 'DELTA_GRPC',
      transport_api_version: 'V3',
      grpc_services: [
        { envoy_grpc: { cluster_name: 'xds' }, initial_metadata: [{ key: 'X-Who', value: 'me' }] },
      ],
    },
  };
  const { static_resources } = dynamicBootstrap(plane.port) as { static_resources: object };
  const proxy = start({ static_resources, dynamic_resources: { cds_config: source } });
  await expect.poll(() => plane.clusters).toHaveLength(1);
  const [stream] = plane.clusters;
  expect(await stream?.next()).toMatchObject({ typeUrl: CLUSTER_TYPE, node: { cluster: 'a.b' } });
  stream?.send({
    typeUrl: CLUSTER_TYPE,
    nonce: '1',
    resources: [resource(ClusterSchema, staticCluster('one', 80))],
  });
  await proxy.started;
  expect((await proxy.admin('/clusters')).body).toContain('one::127.0.0.1:80::');
});

test('a way to the controller that is not there is refused by name', () => {
  const ads = (more: object): object => ({
    dynamic_resources: { ads_config: { transport_api_version: 'V3', ...more } },
  });
  const google = { google_grpc: { target_uri: 'a:1', stat_prefix: 'a' } };
  expect(() => start(ads({ api_type: 'DELTA_GRPC', grpc_services: [google] }))).toThrow(
    'grpc_services.google_grpc is not supported',
  );
  expect(() => start(ads({ api_type: 'REST', cluster_names: ['a'] }))).toThrow(
    'api_type REST is not supported',
  );
});

describe('settings of filters by name', () => {
  const HTTP = 'type.googleapis.com/envoy.extensions.filters';
  const FAULT = `${HTTP}.http.fault.v3.HTTPFault`;

  function managed(discovery: object): object {
    const manager = {
      '@type': `${HTTP}.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: 'in',
      route_config: {
        name: 'r',
        virtual_hosts: [
          {
            name: 'v',
            domains: ['*'],
            routes: [{ match: { prefix: '/' }, direct_response: { status: 200 } }],
          },
        ],
      },
      http_filters: [
        { name: 'faults', config_discovery: { config_source: ADS, type_urls: [FAULT], ...discovery } },
        { name: 'router', typed_config: { '@type': `${HTTP}.http.router.v3.Router` } },
      ],
    };
    const { filter_chains: _, ...rest } = speaker('l', '');
    return { ...rest, filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }] };
  }
  const abort = (status: number): object => ({
    '@type': FAULT,
    abort: { http_status: status, percentage: { numerator: 100 } },
  });
  const extension = (settings: object): Resource => {
    const config = { name: 'faults', typed_config: settings } as JsonValue;
    const message = messageOf(TypedExtensionConfigSchema, config, 'test');
    return create(ResourceSchema, {
      name: 'faults',
      version: '1',
      resource: pack(TypedExtensionConfigSchema, message),
    });
  };

  async function begun(discovery: object) {
    const proxy = start(dynamicBootstrap(plane.port));
    const stream = await plane.nextDelta();
    await stream.next();
    stream.send({ typeUrl: CLUSTER_TYPE, nonce: 'c', resources: [] });
    await stream.next();
    await stream.next();
    stream.send({
      typeUrl: LISTENER_TYPE,
      nonce: 'l',
      resources: [resource(ListenerSchema, managed(discovery))],
    });
    await stream.next();
    expect(await stream.next()).toMatchObject({
      typeUrl: EXTENSION_TYPE,
      resourceNamesSubscribe: ['faults'],
    });
    const status = async (): Promise<number> =>
      (await fetch(`http://127.0.0.1:${await portOf(proxy, 'l')}/`, { headers: { connection: 'close' } }))
        .status;
    return { proxy, stream, status };
  }

  test('are waited for, replaced, and refused where they are not supported', async () => {
    const { proxy, stream, status } = await begun({});
    expect((await proxy.admin('/ready')).status).toBe(503);
    stream.send({ typeUrl: EXTENSION_TYPE, nonce: '1', resources: [extension(abort(418))] });
    await stream.next();
    await proxy.started;
    expect(await status()).toBe(418);
    stream.send({ typeUrl: EXTENSION_TYPE, nonce: '2', resources: [extension(abort(429))] });
    await stream.next();
    expect(await status()).toBe(429);
    const cors = { '@type': `${HTTP}.http.cors.v3.Cors` };
    stream.send({ typeUrl: EXTENSION_TYPE, nonce: '3', resources: [extension(cors)] });
    expect((await stream.next()).errorDetail?.message).toContain('Cors is not among its type_urls');
    expect(await status()).toBe(429);
  });

  test('that never come: the default holds, and without one no request passes', async () => {
    const withDefault = await begun({
      default_config: abort(418),
      apply_default_config_without_warming: true,
    });
    await withDefault.proxy.started;
    expect(await withDefault.status()).toBe(418);
    const hurried = { ...ADS, initial_fetch_timeout: '0.05s' };
    const without = await begun({ config_source: hurried });
    await without.proxy.started;
    expect(await without.status()).toBe(500);
  });
});

describe('resources in files', () => {
  function write(name: string, resources: readonly object[], version = '1'): string {
    const path = join(folder, name);
    writeFileSync(`${path}.new`, JSON.stringify({ version_info: version, resources }));
    renameSync(`${path}.new`, path);
    return path;
  }
  const typed = (typeUrl: string, json: object): object => ({ '@type': typeUrl, ...json });

  test('are read, and read again when they change; a bad file changes nothing', async () => {
    const lds = write('lds.yaml', [typed(LISTENER_TYPE, speaker('l', 'one'))]);
    const cds = write('cds.yaml', [typed(CLUSTER_TYPE, staticCluster('a', 80))]);
    const proxy = start({
      dynamic_resources: {
        cds_config: { path_config_source: { path: cds } },
        lds_config: { path_config_source: { path: lds } },
      },
    });
    await proxy.started;
    const port = await portOf(proxy, 'l');
    expect(await said(port)).toBe('one');
    write('lds.yaml', [typed(LISTENER_TYPE, speaker('l', 'two'))], '2');
    await expect.poll(async () => said(await portOf(proxy, 'l'))).toBe('two');
    writeFileSync(lds, 'resources: [{');
    await expect.poll(() => proxy.log.join('')).toContain('Filesystem config update failure');
    expect(await said(await portOf(proxy, 'l'))).toBe('two');
    write('lds.yaml', []);
    await expect.poll(() => proxy.stat('listener_manager.total_listeners_active')).toBe(0);
    expect((await proxy.admin('/clusters')).body).toContain('a::127.0.0.1:80');
  });

  test('a file that is not there ends the start', async () => {
    const proxy = start({
      dynamic_resources: { cds_config: { path_config_source: { path: join(folder, 'none.yaml') } } },
    });
    await expect(proxy.started).rejects.toThrow('cannot read the resources');
  });
});

test('a static secret that is not there is named', async () => {
  const tls = {
    name: 'tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
      common_tls_context: { tls_certificate_sds_secret_configs: [{ name: 'mine' }] },
    },
  };
  const { filter_chains: chains, ...rest } = speaker('secret', 'x') as { filter_chains: object[] };
  const listener = { ...rest, filter_chains: [{ ...chains[0], transport_socket: tls }] };
  const proxy = start({ static_resources: { listeners: [listener] } });
  await expect(proxy.started).rejects.toThrow('a secret mine that static_resources.secrets lacks');
});
