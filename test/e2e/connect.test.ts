/** CONNECT and extended CONNECT, sent on or ended at the proxy: the same on a real Envoy and on the builtin engine. */

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../peers/run-envoy.ts';
import { CONNECT_CASES } from './differential/connect-cases.ts';
import { openConnect } from './differential/connect-clients.ts';
import { COMPARED, Engine } from './differential/engines.ts';
import { freePorts } from '../peers/free-ports.ts';
import { FarServer } from './differential/far-ends.ts';
import { ROUTER, type JsonMap, NETWORK_FILTER, socketAddress, typed } from './differential/json.ts';
import { cluster } from './differential/setup.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';

const HTTP2 = {
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': typed(
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      { explicit_http_config: { http2_protocol_options: { allow_connect: true } } },
    ),
  },
};

const LOGGED =
  'code=%RESPONSE_CODE% flags=%RESPONSE_FLAGS% %PROTOCOL% up=%UPSTREAM_PROTOCOL% %UPSTREAM_CLUSTER%';

const COUNTED = /^cluster\.c\d+\.upstream_(rq_(total|\d\d\d|completed)|cx_(total|http[12]_total))$/;

interface Side {
  readonly engine: Engine;
  readonly servers: readonly FarServer[];
  readonly ports: readonly number[];
  readonly log: string;
}

describeOnRealEnvoy('CONNECT', (program) => {
  const sides: Side[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'lateen-connect-'));
  const outcomes = new Map<number, Promise<readonly unknown[]>>();

  beforeAll(async () => {
    for (const kind of ['envoy', COMPARED] as const) {
      const servers = await Promise.all(CONNECT_CASES.map(({ to }) => FarServer.start(to)));
      const ports = await freePorts(CONNECT_CASES.length);
      const log = join(folder, `${sides.length}.log`);
      sides.push({
        engine: await Engine.start(kind, program, bootstrap(ports, servers, log)),
        servers,
        ports,
        log,
      });
    }
    // All at once: each has a listener and a server of its own.
    for (const index of CONNECT_CASES.keys()) {
      const outcome = Promise.all(sides.map((side) => run(side, index)));
      outcome.catch(() => undefined);
      outcomes.set(index, outcome);
    }
  }, 90_000);

  afterAll(async () => {
    for (const { engine, servers } of sides) {
      await engine.stop();
      for (const server of servers) server.stop();
    }
    rmSync(folder, { recursive: true, force: true });
  });

  async function run({ engine, servers, ports, log }: Side, index: number) {
    const [one, server] = [CONNECT_CASES[index], servers[index]];
    if (one === undefined || server === undefined) throw new Error('there is no such case');
    const client = openConnect(one.from, ports[index] ?? 0, one.opening);
    let told: readonly unknown[];
    try {
      told = await one.run(client, server);
    } finally {
      client.destroy();
    }
    const line = await eventually(
      () =>
        (existsSync(log) ? readFileSync(log, 'utf8') : '')
          .split('\n')
          .find((text) => text.startsWith(`${index} `)) ?? '',
      (text) => text !== '',
    );
    const counters = [...(await engine.stats())].filter(
      ([name, value]) => name.startsWith(`cluster.c${index}.`) && COUNTED.test(name) && value !== 0,
    );
    return { told, line, counters: Object.fromEntries(counters) };
  }

  test.each(CONNECT_CASES.map(({ title }, index) => ({ title, index })))('$title', async ({ index }) => {
    const [envoy, other] = (await outcomes.get(index)) ?? [];
    expect(envoy).toBeDefined();
    expect(other).toEqual(envoy);
  });
});

function bootstrap(ports: readonly number[], servers: readonly FarServer[], log: string): JsonMap {
  return {
    static_resources: {
      listeners: CONNECT_CASES.map(({ match, upgrades }, index) => ({
        name: `l${index}`,
        address: socketAddress(ports[index] ?? 0),
        filter_chains: [
          {
            filters: [
              {
                name: 'envoy.filters.network.http_connection_manager',
                typed_config: typed(`${NETWORK_FILTER}.http_connection_manager.v3.HttpConnectionManager`, {
                  stat_prefix: `h${index}`,
                  generate_request_id: false,
                  http2_protocol_options: { allow_connect: true },
                  route_config: {
                    virtual_hosts: [
                      {
                        name: 'all',
                        domains: ['*'],
                        routes: [{ match, route: { cluster: `c${index}`, upgrade_configs: upgrades } }],
                      },
                    ],
                  },
                  http_filters: [ROUTER],
                  access_log: [
                    {
                      name: 'log',
                      typed_config: typed('envoy.extensions.access_loggers.file.v3.FileAccessLog', {
                        path: log,
                        log_format: { text_format_source: { inline_string: `${index} ${LOGGED}\n` } },
                      }),
                    },
                  ],
                }),
              },
            ],
          },
        ],
      })),
      clusters: CONNECT_CASES.map(({ to }, index) =>
        cluster(`c${index}`, [servers[index]?.port ?? 0], to === 'http2' ? HTTP2 : {}),
      ),
    },
  };
}
