/**
 * Frames of HTTP/2 as a client may send them, to Envoy and to the builtin engine: both answer, reset or close the same,
 * and count the same, also where a client means harm.
 */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { speak, summary } from '../proxy/http2/wire.ts';
import { COMPARED, Engine } from './differential/engines.ts';
import { freePorts } from '../peers/free-ports.ts';
import { type JsonMap, listenerAt, managerTo } from './differential/json.ts';
import { type Listener, RAW_FRAMES } from './differential/raw-frames.ts';
import { cluster } from './differential/setup.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';

const LISTENERS: Readonly<Record<Listener, JsonMap>> = {
  plain: {},
  few: { http2_protocol_options: { max_concurrent_streams: 2 } },
  lenient: { http2_protocol_options: { override_stream_error_on_invalid_http_message: true } },
  'no-underscores': { common_http_protocol_options: { headers_with_underscores_action: 'REJECT_REQUEST' } },
};

/**
 * Counters that have to be the same in the end. Envoy counts a request as soon as its header block begins, of which there
 * are some without an end at the first listener.
 */
const COUNTED =
  /^http\.(few|lenient|no-underscores)\.downstream_rq_total$|^http\.(plain|few|lenient|no-underscores)\.downstream_rq_(completed|[1-5]xx|too_many_premature_resets)$|^http2\.(header_overflow|header_list_size_too_large|inbound_\w+_flood|rx_messaging_error|rx_reset|trailers|requests_rejected_with_underscores_in_headers|dropped_headers_with_underscores)$/;

function listener(name: Listener, port: number): JsonMap {
  const settings = { delayed_close_timeout: '0.05s', ...LISTENERS[name] };
  return listenerAt(port, name, managerTo('endpoint', name, settings));
}

interface Side {
  readonly engine: Engine;
  readonly ports: Readonly<Record<string, number>>;
}

describeOnRealEnvoy('frames of HTTP/2', (program) => {
  const endpoint = createServer((asked, answer) => {
    asked.on('error', () => undefined);
    asked.resume();
    asked.on('end', () => {
      if (asked.url !== '/never') answer.end('ok');
    });
  });
  const sides: Side[] = [];

  beforeAll(async () => {
    await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
    const { port } = endpoint.address() as AddressInfo;
    for (const kind of ['envoy', COMPARED] as const) {
      const names = Object.keys(LISTENERS) as Listener[];
      const free = await freePorts(names.length);
      const ports = Object.fromEntries(names.map((name, index) => [name, free[index] ?? 0]));
      const engine = await Engine.start(kind, program, {
        node: { id: 'frames', cluster: 'frames' },
        static_resources: {
          listeners: names.map((name) => listener(name, ports[name] ?? 0)),
          clusters: [cluster('endpoint', [port])],
        },
      });
      sides.push({ engine, ports });
    }
  }, 90_000);

  afterAll(async () => {
    for (const { engine } of sides) await engine.stop();
    endpoint.closeAllConnections();
    endpoint.close();
  });

  it.each(RAW_FRAMES.map((one) => [one.title, one] as const))(
    '%s',
    async (_, { bytes, awaited, listener, opening }) => {
      const [envoy, other] = await Promise.all(
        sides.map(async ({ ports }) => summary(await speak(ports[listener] ?? 0, bytes, awaited, opening))),
      );
      // Streams at once end in any order.
      expect(other?.sort()).toEqual(envoy?.sort());
    },
  );

  it('are counted the same', async () => {
    await vi.waitFor(
      async () => {
        const [envoy = [], other = []] = await Promise.all(
          sides.map(async ({ engine }) => {
            const stats = await engine.stats();
            return [...stats].filter(([name, value]) => COUNTED.test(name) && value > 0).sort();
          }),
        );
        expect(Object.fromEntries(other)).toEqual(Object.fromEntries(envoy));
      },
      { timeout: 30_000, interval: 500 },
    );
  });
});
