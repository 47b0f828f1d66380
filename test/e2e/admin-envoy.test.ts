/** The administration interface of the builtin proxy beside that of a real Envoy with the same bootstrap. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type RunningServer, runServer } from '../proxy/run-server.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';

const TYPE = 'type.googleapis.com/envoy';
const address = (port: number): object => ({ socket_address: { address: '127.0.0.1', port_value: port } });

const BOOTSTRAP = {
  node: { id: 'a', cluster: 'b' },
  admin: { address: address(0) },
  static_resources: {
    listeners: [
      {
        name: 'in',
        address: address(0),
        filter_chains: [
          {
            filters: [
              {
                name: 'http',
                typed_config: {
                  '@type': `${TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
                  stat_prefix: 'in',
                  route_config: {
                    name: 'inline',
                    virtual_hosts: [
                      {
                        name: 'all',
                        domains: ['*'],
                        routes: [
                          { match: { prefix: '/direct' }, direct_response: { status: 200 } },
                          { match: { prefix: '/' }, route: { cluster: 'nowhere' } },
                        ],
                      },
                    ],
                  },
                  http_filters: [
                    {
                      name: 'router',
                      typed_config: { '@type': `${TYPE}.extensions.filters.http.router.v3.Router` },
                    },
                  ],
                },
              },
            ],
          },
        ],
      },
      {
        name: 'tcp',
        address: address(0),
        filter_chains: [
          {
            filters: [
              {
                name: 'tcp',
                typed_config: {
                  '@type': `${TYPE}.extensions.filters.network.tcp_proxy.v3.TcpProxy`,
                  stat_prefix: 'through',
                  cluster: 'nowhere',
                },
              },
            ],
          },
        ],
      },
    ],
    clusters: [
      {
        name: 'nowhere',
        type: 'STATIC',
        connect_timeout: '1s',
        circuit_breakers: { thresholds: [{ max_connections: 7, max_retries: 2 }] },
        load_assignment: {
          cluster_name: 'nowhere',
          endpoints: [
            {
              locality: { region: 'r', zone: 'z' },
              lb_endpoints: [
                { endpoint: { address: address(1), hostname: 'h' }, load_balancing_weight: 3 },
                { endpoint: { address: address(2) }, health_status: 'DEGRADED' },
              ],
            },
          ],
        },
      },
    ],
  },
};

describeOnRealEnvoy('the administration interface', (program) => {
  let folder: string;
  let envoy: ChildProcess;
  let proxy: RunningServer;
  let envoyAdmin: string;

  const askEnvoy = async (path: string, method = 'GET'): Promise<{ status: number; body: string }> => {
    const response = await fetch(`http://${envoyAdmin}${path}`, { method });
    return { status: response.status, body: await response.text() };
  };
  const both = async (path: string, method = 'GET') => ({
    envoy: await askEnvoy(path, method),
    builtin: await proxy.admin(path, method),
  });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lateen-admin-'));
    const config = join(folder, 'bootstrap.json');
    const addressFile = join(folder, 'admin');
    writeFileSync(config, JSON.stringify(BOOTSTRAP));
    envoy = spawn(
      program,
      [
        '-c',
        config,
        '--admin-address-path',
        addressFile,
        '--use-dynamic-base-id',
        '-l',
        'off',
        '--concurrency',
        '1',
      ],
      { stdio: 'ignore' },
    );
    proxy = runServer(BOOTSTRAP);
    await proxy.started;
    await vi.waitFor(
      async () => {
        envoyAdmin = existsSync(addressFile) ? readFileSync(addressFile, 'utf8') : '';
        expect((await askEnvoy('/ready')).body).toBe('LIVE\n');
      },
      { timeout: 60_000, interval: 50 },
    );
    for (const admin of [envoyAdmin, proxy.server.adminAddress]) await useProxy(admin);
  });
  afterAll(async () => {
    envoy.kill('SIGKILL');
    await once(envoy, 'close');
    await proxy.stop();
    rmSync(folder, { recursive: true });
  });

  /** Some requests, so that statistics with response codes are there. */
  async function useProxy(admin: string): Promise<void> {
    const text = await (await fetch(`http://${admin}/listeners`)).text();
    const where = /^in::(.*)$/m.exec(text)?.[1];
    for (const path of ['/direct', '/', '/']) {
      const response = await fetch(`http://${where}${path}`, { headers: { connection: 'close' } });
      await response.text();
    }
  }

  /** Without times, which differ, and ports that the system chose. */
  function comparable(body: string): unknown {
    return JSON.parse(body, (key, value: unknown) => (key === 'last_updated' ? undefined : value));
  }

  test.each([
    '/config_dump?resource=static_clusters',
    '/config_dump?resource=static_listeners',
    '/config_dump?resource=static_route_configs',
    '/config_dump?resource=static_clusters&mask=cluster.name,cluster.type',
    '/config_dump?resource=dynamic_active_clusters',
    '/config_dump?resource=static_endpoint_configs',
    '/config_dump?resource=static_endpoint_configs&include_eds&name_regex=none',
    '/config_dump?mask=static_listeners',
    '/runtime',
    '/certs',
    '/init_dump',
  ])('%s is the same', async (path) => {
    const { envoy, builtin } = await both(path);
    expect(builtin.status).toBe(envoy.status);
    if (envoy.status === 200) expect(comparable(builtin.body)).toEqual(comparable(envoy.body));
    else expect(builtin.body).toBe(envoy.body);
  });

  test.each([
    ['/nosuch', 'GET'],
    ['/quitquitquit', 'GET'],
    ['/logging', 'GET'],
    ['/logging?level=loud', 'POST'],
    ['/config_dump?resource=nosuch', 'GET'],
    ['/stats?filter=((', 'GET'],
    ['/stats?format=odd', 'GET'],
    ['/ready', 'GET'],
    ['/healthcheck/fail', 'POST'],
    ['/ready', 'GET'],
    ['/healthcheck/ok', 'POST'],
    ['/ready', 'GET'],
  ])('%s by %s has the same status', async (path, method) => {
    const { envoy, builtin } = await both(path, method);
    expect(builtin.status).toBe(envoy.status);
  });

  test('/clusters names the same limits and endpoints with the same facts', async () => {
    const { envoy, builtin } = await both('/clusters');
    const facts = (body: string): readonly string[] =>
      body
        .split('\n')
        .filter((line) => !/::(cx|rq)_\w+::\d+$/.test(line))
        .sort();
    expect(facts(builtin.body)).toEqual(facts(envoy.body));
  });

  test('/listeners has the same form', async () => {
    const { envoy, builtin } = await both('/listeners');
    const form = (body: string): string => body.replaceAll(/:\d+$/gm, ':PORT');
    expect(form(builtin.body)).toBe(form(envoy.body));
    const json = await both('/listeners?format=json');
    const withoutPorts = (body: string): unknown =>
      JSON.parse(body, (key, value: unknown) => (key === 'port_value' ? 0 : value));
    expect(withoutPorts(json.builtin.body)).toEqual(withoutPorts(json.envoy.body));
  });

  test('metrics for Prometheus have the names, types and labels that Envoy gives them', async () => {
    const { envoy, builtin } = await both('/stats/prometheus');
    const names = (body: string): ReadonlySet<string> =>
      new Set(
        body
          .split('\n')
          .map((line) => line.replace(/(?<=[}]) \S+$/, '').replaceAll(/127\.0\.0\.1_\d+/g, 'ADDRESS'))
          .filter((line) => line !== ''),
      );
    const known = names(envoy.body);
    // Envoy makes this histogram with the first answer of an endpoint, of which there is none here.
    const isLate = (line: string): boolean => line.includes('envoy_cluster_upstream_rq_time');
    const unknown = [...names(builtin.body)].filter((line) => !known.has(line) && !isLate(line));
    expect(unknown).toEqual([]);
    for (const wanted of [
      'envoy_http_downstream_rq_xx{envoy_response_code_class="2",envoy_http_conn_manager_prefix="in"}',
      'envoy_cluster_upstream_cx_connect_fail{envoy_cluster_name="nowhere"}',
      'envoy_listener_downstream_cx_total{envoy_listener_address="ADDRESS"}',
    ]) {
      expect(names(builtin.body)).toContain(wanted);
    }
  });

  test('counters that both have are equal after the same requests', async () => {
    const { envoy, builtin } = await both('/stats?format=json&type=Counters&filter=^(cluster|http.in|tcp)');
    const values = (body: string): ReadonlyMap<string, number> =>
      new Map(
        (JSON.parse(body) as { stats: { name: string; value: number }[] }).stats.map(({ name, value }) => [
          name,
          value,
        ]),
      );
    const expected = values(envoy.body);
    // Answers have headers of other lengths, and of two sides that both close either may be first.
    const differs = /bytes|destroy_(local|remote)$/;
    const shared = [...values(builtin.body)].filter(([name]) => expected.has(name) && !differs.test(name));
    expect(shared.length).toBeGreaterThan(50);
    expect(Object.fromEntries(shared)).toEqual(
      Object.fromEntries(shared.map(([name]) => [name, expected.get(name)])),
    );
  });
});
