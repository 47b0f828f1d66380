/** CONNECT and extended CONNECT, sent on or ended at the proxy: the same on a real Envoy and on the builtin engine. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { CONNECT_CASES } from './differential/connect-cases.ts';
import { openConnect } from './differential/connect-clients.ts';
import { FarSides } from './differential/far-sides.ts';
import { httpOptions, managerTo } from './differential/json.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';

const HTTP2 = httpOptions({ http2_protocol_options: { allow_connect: true } });

const start = (program: string) =>
  FarSides.start(program, {
    cases: CONNECT_CASES,
    server: ({ to }) => to,
    filter: ({ match, upgrades }, { statPrefix, cluster }, log) =>
      managerTo(cluster, statPrefix, {
        generate_request_id: false,
        http2_protocol_options: { allow_connect: true },
        route_config: {
          virtual_hosts: [
            {
              name: 'all',
              domains: ['*'],
              routes: [{ match, route: { cluster, upgrade_configs: upgrades } }],
            },
          ],
        },
        access_log: [log],
      }),
    cluster: ({ to }) => (to === 'http2' ? HTTP2 : {}),
    format:
      'code=%RESPONSE_CODE% flags=%RESPONSE_FLAGS% %PROTOCOL% up=%UPSTREAM_PROTOCOL% %UPSTREAM_CLUSTER%',
    counted: /^cluster\.c\d+\.upstream_(rq_(total|\d\d\d|completed)|cx_(total|http[12]_total))$/,
    dial: ({ from, opening }, port) => openConnect(from, port, opening),
    run: (one, client, server) => one.run(client, server),
  });

describeOnRealEnvoy('CONNECT', (program) => {
  let sides: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    sides = await start(program);
    for (const index of CONNECT_CASES.keys()) void sides.outcomes(index);
  }, 90_000);
  afterAll(() => sides?.stop());

  test.each(CONNECT_CASES.map(({ title }, index) => [title, index] as const))('%s', async (_, index) => {
    const [envoy, other] = await sides.outcomes(index);
    expect(other).toEqual(envoy);
  });
});
