import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningServer, runServer } from '../run-server.ts';

const CLUSTER = {
  name: 'one',
  type: 'STATIC',
  connect_timeout: '1s',
  load_assignment: {
    cluster_name: 'one',
    endpoints: [
      {
        locality: { region: 'r' },
        lb_endpoints: [
          { endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: 81 } } } },
          {
            endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: 82 } } },
            health_status: 'UNHEALTHY',
          },
        ],
      },
    ],
  },
};

let proxy: RunningServer;

beforeAll(async () => {
  proxy = runServer({
    static_resources: { clusters: [CLUSTER, { ...CLUSTER, name: 'two' }] },
    layered_runtime: {
      layers: [
        { name: 'base', static_layer: { a: { b: 1 } } },
        { name: 'admin', admin_layer: {} },
      ],
    },
  });
  await proxy.started;
});
afterAll(() => proxy.stop());

async function json(path: string): Promise<never> {
  return JSON.parse((await proxy.admin(path)).body) as never;
}

describe('pages', () => {
  test('that change something want POST', async () => {
    expect(await proxy.admin('/quitquitquit')).toEqual({
      status: 405,
      body: 'Method GET not allowed, POST required.',
    });
    expect(proxy.log.join('')).not.toMatch(/^quit$/m);
  });

  test('that are not there are told with those that are', async () => {
    const { status, body } = await proxy.admin('/nosuch');
    expect(status).toBe(404);
    expect(body).toMatch(/^invalid path\. admin commands are:\n {2}\/: Admin home page\n/);
    expect(body).toContain('  /quitquitquit (POST): exit the server\n');
  });

  test('answer any method that HTTP has without harm', async () => {
    expect((await proxy.admin('/ready', 'HEAD')).status).toBe(200);
    expect((await proxy.admin('/ready/', 'POST')).body).toBe('LIVE\n');
  });
});

describe('/config_dump', () => {
  test('has all sections in the order of Envoy', async () => {
    const { configs } = (await json('/config_dump?include_eds')) as { configs: { '@type': string }[] };
    expect(configs.map((one) => one['@type'].split('.').at(-1))).toEqual([
      'BootstrapConfigDump',
      'ClustersConfigDump',
      'EndpointsConfigDump',
      'ListenersConfigDump',
      'ScopedRoutesConfigDump',
      'RoutesConfigDump',
      'SecretsConfigDump',
    ]);
  });

  test('shows one list, with masks and by name', async () => {
    expect(await json('/config_dump?resource=static_clusters&name_regex=t.*&mask=cluster.name')).toEqual({
      configs: [
        {
          '@type': 'type.googleapis.com/envoy.admin.v3.ClustersConfigDump.StaticCluster',
          cluster: { '@type': 'type.googleapis.com/envoy.config.cluster.v3.Cluster', name: 'two' },
        },
      ],
    });
    expect(await json('/config_dump?resource=dynamic_listeners')).toEqual({});
    expect(await proxy.admin('/config_dump?resource=nothing')).toEqual({
      status: 404,
      body: 'nothing not found in config dump',
    });
    expect((await proxy.admin('/config_dump?name_regex=((')).status).toBe(400);
    // Names that objects have of their own.
    for (const name of ['constructor', '__proto__']) {
      expect((await proxy.admin(`/config_dump?resource=${name}`)).status).toBe(404);
      expect((await proxy.admin(`/stats?type=${name}`)).status).toBe(400);
    }
  });
});

describe('/clusters', () => {
  test('tells the health of each endpoint', async () => {
    const { body } = await proxy.admin('/clusters?filter=one');
    expect(body).toContain('one::127.0.0.1:81::health_flags::healthy\n');
    expect(body).toContain('one::127.0.0.1:82::health_flags::/failed_eds_health\n');
    expect(body).toContain('one::127.0.0.1:81::region::r\n');
    expect(body).not.toContain('two::');
  });

  test('as JSON', async () => {
    const { cluster_statuses: statuses } = (await json('/clusters?format=json')) as {
      cluster_statuses: object[];
    };
    expect(statuses[0]).toMatchObject({
      name: 'one',
      host_statuses: [
        { address: { socket_address: { address: '127.0.0.1', port_value: 81 } }, weight: 1 },
        { health_status: { eds_health_status: 'UNHEALTHY' }, locality: { region: 'r' } },
      ],
    });
  });
});

describe('/stats', () => {
  test('are chosen by a regular expression, by use, and by kind', async () => {
    const { body } = await proxy.admin('/stats?filter=^cluster_manager%5C.cluster_&usedonly');
    expect(body).toBe('cluster_manager.cluster_added: 2\n');
    const gauges = (await proxy.admin('/stats?type=Gauges&filter=cluster_manager')).body;
    expect(gauges).toBe('cluster_manager.active_clusters: 2\ncluster_manager.warming_clusters: 0\n');
    expect((await proxy.admin('/stats?filter=((')).body).toMatch(/^Invalid re2 regex: missing /);
    expect((await proxy.admin('/stats?type=odd')).status).toBe(400);
    expect((await proxy.admin('/stats?format=odd')).status).toBe(400);
  });

  test('in the form of Prometheus, from either path', async () => {
    for (const path of [
      '/stats/prometheus?filter=active_clusters',
      '/stats?format=prometheus&filter=active_clusters',
    ]) {
      expect((await proxy.admin(path)).body).toBe(
        '# TYPE envoy_cluster_manager_active_clusters gauge\nenvoy_cluster_manager_active_clusters{} 2\n',
      );
    }
  });
});

describe('what can be changed', () => {
  test('levels of the log, each or all', async () => {
    expect((await proxy.admin('/logging?upstream=trace', 'POST')).body).toContain('  upstream: trace\n');
    expect((await proxy.admin('/logging?paths=config:error,main:off', 'POST')).body).toContain(
      '  main: off\n',
    );
    const all = (await proxy.admin('/logging?level=debug', 'POST')).body;
    expect(all).toContain('  main: debug\n');
    for (const bad of ['level=loud', 'nobody=info', 'paths=main']) {
      expect((await proxy.admin(`/logging?${bad}`, 'POST')).status).toBe(400);
    }
  });

  test('health checks that fail, until they pass again', async () => {
    await proxy.admin('/healthcheck/fail', 'POST');
    expect(await proxy.admin('/ready')).toEqual({ status: 503, body: 'DRAINING\n' });
    expect(await proxy.stat('server.live')).toBe(0);
    await proxy.admin('/healthcheck/ok', 'POST');
    expect(await proxy.stat('server.state')).toBe(0);
  });

  test('counters, to 0', async () => {
    await proxy.admin('/reset_counters', 'POST');
    expect(await proxy.stat('cluster_manager.cluster_added')).toBe(0);
    expect(await proxy.stat('cluster_manager.active_clusters')).toBe(2);
  });

  test('the end of the process is asked for', async () => {
    await proxy.admin('/quitquitquit', 'POST');
    expect(proxy.log.at(-1)).toBe('quit');
  });
});

test('/runtime shows each layer', async () => {
  expect(await json('/runtime')).toEqual({
    layers: ['base', 'admin'],
    entries: { 'a.b': { final_value: '1', layer_values: ['1', ''] } },
  });
});

test('/server_info tells version, state and node', async () => {
  expect(await json('/server_info')).toMatchObject({
    version: 'lateen/0.0.0/Clean/RELEASE/OpenSSL',
    state: 'LIVE',
    command_line_options: { mode: 'Serve', drain_time: '600s', concurrency: 1 },
    node: { cluster: 'a.b' },
  });
});
