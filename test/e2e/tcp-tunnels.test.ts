/** The TCP proxy's tunnels through HTTP: the same on a real Envoy and on the builtin engine. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { SocketEnd } from './differential/far-ends.ts';
import { FarSides } from './differential/far-sides.ts';
import { HTTP2, NETWORK_FILTER, typed } from './differential/json.ts';
import { TUNNEL_CASES } from './differential/tunnel-cases.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';

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

const start = (program: string) =>
  FarSides.start(program, {
    cases: TUNNEL_CASES,
    server: ({ protocol }) => protocol,
    filter: ({ tunnel, proxy }, { statPrefix, cluster }, log) => ({
      name: 'tcp',
      typed_config: typed(`${NETWORK_FILTER}.tcp_proxy.v3.TcpProxy`, {
        stat_prefix: statPrefix,
        cluster,
        ...(tunnel === undefined ? {} : { tunneling_config: tunnel }),
        access_log: [log],
        ...proxy,
      }),
    }),
    cluster: ({ protocol, cluster: over }) => ({ ...(protocol === 'http2' ? HTTP2 : {}), ...over }),
    format: LOGGED.map((name) => `${name}=%${name}%`).join(' '),
    counted:
      /^(tcp\.s\d+\.(downstream_cx_total|downstream_cx_no_route|idle_timeout|max_downstream_connection_duration|downstream_cx_[rt]x_bytes_total)|cluster\.c\d+\.(upstream_rq_(total|active|tx_reset|rx_reset|pending_total|pending_active|cancelled|\d\d\d)|upstream_cx_(total|connect_fail|connect_attempts_exceeded|none_healthy|http[12]_total)))$/,
    dial: (_, port) => SocketEnd.dial(port),
    run: (one, client, server) => one.run(client, server),
  });

describeOnRealEnvoy('TCP in HTTP', (program) => {
  const rows = TUNNEL_CASES.map(({ title, alone = false }, index) => ({ title, alone, index }));
  const rowsWith = (aloneOrNot: boolean) =>
    rows.filter(({ alone }) => alone === aloneOrNot).map(({ title, index }) => [title, index] as const);
  let sides: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    sides = await start(program);
    for (const [, index] of rowsWith(false)) void sides.outcomes(index);
  }, 90_000);
  afterAll(() => sides?.stop());

  test.each(rowsWith(false))('%s', async (_, index) => {
    const [envoy, other] = await sides.outcomes(index);
    expect(other).toEqual(envoy);
  });

  test.each(rowsWith(true))('%s', async (_, index) => {
    // Once there is nothing else to be done.
    await sides.areDone();
    const [envoy, other] = await sides.outcomes(index);
    expect(other).toEqual(envoy);
  });
});
