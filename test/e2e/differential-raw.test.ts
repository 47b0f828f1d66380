/**
 * Bytes that are not quite HTTP/1.1, to Envoy and to the builtin engine: both refuse or forward the same, and the
 * endpoint, whose parser is another one, understands exactly the requests that the proxy has sent on.
 */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { sendBytes } from './differential/client.ts';
import { Pair } from './differential/pair.ts';
import { RAW_STREAMS } from './differential/raw-streams.ts';
import type { Scenario } from './differential/scenario.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';

const SCENARIOS: readonly Scenario[] = [{ title: 'raw', host: { domains: ['*'] }, questions: [] }];

/** The statuses of the answers, and whether the connection goes after the last of them. */
function answersIn(text: string): readonly string[] {
  const heads = text.matchAll(/(?:^|(?<=\n|[^\n]))HTTP\/1\.[01] (\d{3})[^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n/g);
  return [...heads].map(
    ([, status, headers = '']) => `${status}${/^connection: close\r$/m.test(headers) ? ' close' : ''}`,
  );
}

describeOnRealEnvoy('bytes that are not quite HTTP/1.1', (program) => {
  let pair: Pair | undefined;

  beforeAll(async () => {
    pair = await Pair.start(program, SCENARIOS);
  }, 90_000);

  afterAll(async () => {
    await pair?.stop();
  });

  it('are enough', () => {
    expect(RAW_STREAMS.length).toBeGreaterThanOrEqual(150);
  });

  async function ask(number: number, bytes: string | readonly string[]) {
    if (pair === undefined) throw new Error('not started');
    return Promise.all(
      pair.sides.map(async ({ engine, backends, portOf }) => {
        backends.take();
        const before = await engine.stats();
        const text = await sendBytes(portOf(0), bytes);
        const total = 'cluster.b1.upstream_rq_total';
        let after = await engine.stats();
        const sent = () => (after.get(total) ?? 0) - (before.get(total) ?? 0);
        // The counters of Envoy's workers are gathered from time to time.
        for (let turn = 0; turn < 100 && sent() < backends.seen.length; turn++) after = await engine.stats();
        // One that breaks off is understood by nobody.
        // What an earlier stream left unfinished is seen late.
        const all = backends
          .take()
          .filter(({ url }) => !/^\/\d/.test(url) || Number.parseInt(url.slice(1)) === number);
        const seen = all.filter(({ whole }) => whole);
        return {
          answers: answersIn(text),
          seen: seen.map(({ method, url, body, headers }) => ({ method, url, body, host: headers.host })),
          // Each request of the endpoint has the id that the proxy gave it, and there are as many as the proxy sent.
          strangers: all.filter(({ headers }) => !/^[0-9a-f-]{36}$/.test(headers['x-request-id'] ?? ''))
            .length,
          surplus: Math.max(0, all.length - sent()),
        };
      }),
    );
  }

  it.each(RAW_STREAMS.map(([title, bytes], number) => [title, number, bytes] as const))(
    '%s',
    { timeout: 120_000 },
    async (_, number, bytes) => {
      const [envoy, other] = await ask(number, bytes);
      expect(other).toEqual(envoy);
      expect(other?.strangers).toBe(0);
      expect(other?.surplus).toBe(0);
    },
  );
});
