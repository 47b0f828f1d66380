/** The TCP proxy's tunnels through HTTP: the same on a real Envoy and on the builtin engine. */

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../peers/run-envoy.ts';
import { COMPARED, Engine } from './differential/engines.ts';
import { freePorts } from '../peers/free-ports.ts';
import { FarServer, SocketEnd } from './differential/far-ends.ts';
import { type JsonMap, NETWORK_FILTER, socketAddress, typed } from './differential/json.ts';
import { cluster } from './differential/setup.ts';
import { TUNNEL_CASES } from './differential/tunnel-cases.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';

const HTTP2 = {
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': typed(
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      { explicit_http_config: { http2_protocol_options: {} } },
    ),
  },
};

const LOGGED = [
  'RESPONSE_FLAGS',
  'RESPONSE_CODE',
  'RESPONSE_CODE_DETAILS',
  'BYTES_RECEIVED',
  'BYTES_SENT',
  'UPSTREAM_CLUSTER',
  'UPSTREAM_REQUEST_ATTEMPT_COUNT',
  'UPSTREAM_PROTOCOL',
  'CONNECTION_TERMINATION_DETAILS',
  'FILTER_STATE(envoy.tcp_proxy.propagate_response_headers:PLAIN)',
  'FILTER_STATE(envoy.tcp_proxy.propagate_response_trailers:PLAIN)',
];

const COUNTED =
  /^(tcp\.t\d+\.(downstream_cx_total|downstream_cx_no_route|idle_timeout|max_downstream_connection_duration|downstream_cx_[rt]x_bytes_total)|cluster\.c\d+\.(upstream_rq_(total|active|tx_reset|rx_reset|pending_total|pending_active|cancelled|\d\d\d)|upstream_cx_(total|connect_fail|connect_attempts_exceeded|none_healthy|http[12]_total)))$/;

interface Side {
  readonly engine: Engine;
  readonly servers: readonly FarServer[];
  readonly ports: readonly number[];
  logOf(index: number): string;
}

describeOnRealEnvoy('TCP in HTTP', (program) => {
  const sides: Side[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'lateen-tunnels-'));
  const outcomes = new Map<number, Promise<readonly unknown[]>>();

  beforeAll(async () => {
    for (const kind of ['envoy', COMPARED] as const) {
      const servers = await Promise.all(TUNNEL_CASES.map(({ protocol }) => FarServer.start(protocol)));
      const ports = await freePorts(TUNNEL_CASES.length);
      const log = join(folder, `${sides.length}.log`);
      const engine = await Engine.start(kind, program, bootstrap(ports, servers, log));
      // Each line begins with the case that it is of.
      const logOf = (index: number) =>
        (existsSync(log) ? readFileSync(log, 'utf8') : '')
          .split('\n')
          .filter((line) => line.startsWith(`${index} `))
          .join('\n');
      sides.push({ engine, servers, ports, logOf });
    }
    // All at once: each has a listener and a server of its own, so that waits go on at the same time.
    for (const [index, { alone }] of TUNNEL_CASES.entries()) if (alone !== true) begin(index);
  }, 90_000);

  afterAll(async () => {
    for (const { engine, servers } of sides) {
      await engine.stop();
      for (const server of servers) server.stop();
    }
    rmSync(folder, { recursive: true, force: true });
  });

  /** What Envoy and the other have done. */
  function begin(index: number): Promise<readonly unknown[]> {
    const outcome = Promise.all(sides.map((side) => run(side, index)));
    outcome.catch(() => undefined);
    outcomes.set(index, outcome);
    return outcome;
  }

  async function run(side: Side, index: number) {
    const { ports, servers, engine } = side;
    const [one, server] = [TUNNEL_CASES[index], servers[index]];
    if (one === undefined || server === undefined) throw new Error('there is no such case');
    const client = SocketEnd.dial(ports[index] ?? 0);
    let told: readonly unknown[];
    try {
      told = await one.run(client, server);
    } finally {
      client.destroy();
    }
    await eventually(
      () => side.logOf(index),
      (log) => log !== '',
    );
    const own = new RegExp(`^(tcp\\.t|cluster\\.c)${index}\\.`);
    const counters = async () =>
      Object.fromEntries(
        [...(await engine.stats())].filter(
          ([name, value]) => own.test(name) && COUNTED.test(name) && value !== 0,
        ),
      );
    await eventually(counters, (all) => all[`cluster.c${index}.upstream_rq_active`] === undefined);
    return { told, log: side.logOf(index), counters: await counters() };
  }

  const rows = TUNNEL_CASES.map(({ title, alone }, index) => ({ title, alone, index }));

  test.each(rows.filter(({ alone }) => alone !== true))('$title', async ({ index }) => {
    const [envoy, other] = await (outcomes.get(index) ?? begin(index));
    expect(envoy).toBeDefined();
    expect(other).toEqual(envoy);
  });

  test.each(rows.filter(({ alone }) => alone))('$title', async ({ index }) => {
    // Once there is nothing else to be done.
    await Promise.allSettled(outcomes.values());
    const [envoy, other] = await begin(index);
    expect(envoy).toBeDefined();
    expect(other).toEqual(envoy);
  });
});

function bootstrap(ports: readonly number[], servers: readonly FarServer[], log: string): JsonMap {
  return {
    static_resources: {
      listeners: TUNNEL_CASES.map(({ tunnel, proxy }, index) => ({
        name: `l${index}`,
        address: socketAddress(ports[index] ?? 0),
        filter_chains: [
          {
            filters: [
              {
                name: 'tcp',
                typed_config: typed(`${NETWORK_FILTER}.tcp_proxy.v3.TcpProxy`, {
                  stat_prefix: `t${index}`,
                  cluster: `c${index}`,
                  ...(tunnel === undefined ? {} : { tunneling_config: tunnel }),
                  access_log: [
                    {
                      name: 'log',
                      typed_config: typed('envoy.extensions.access_loggers.file.v3.FileAccessLog', {
                        path: log,
                        log_format: {
                          text_format_source: {
                            inline_string: `${index} ${LOGGED.map((name) => `${name}=%${name}%`).join(' ')}\n`,
                          },
                        },
                      }),
                    },
                  ],
                  ...proxy,
                }),
              },
            ],
          },
        ],
      })),
      clusters: TUNNEL_CASES.map(({ protocol, cluster: over }, index) =>
        cluster(`c${index}`, [servers[index]?.port ?? 0], {
          ...(protocol === 'http2' ? HTTP2 : {}),
          ...over,
        }),
      ),
    },
  };
}
