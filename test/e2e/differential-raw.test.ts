/**
 * Bytes that are not quite HTTP/1.1, to Envoy and to the builtin engine: both refuse or forward the same, and the
 * endpoint, whose parser is another one, understands exactly the requests that the proxy has sent on.
 */

import { connect } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ask } from '../peers/run-envoy.ts';
import { send, sendBytes } from './differential/client.ts';
import { httpOptions } from './differential/json.ts';
import { Pair } from './differential/pair.ts';
import { RAW_ANSWERS } from './differential/raw-answers.ts';
import { ANSWER_HEADER } from './differential/raw-backend.ts';
import { type RawListener, rawEdges } from './differential/raw-edges.ts';
import { RAW_STREAMS } from './differential/raw-streams.ts';
import { RAW_UPGRADES } from './differential/raw-upgrades.ts';
import type { Scenario } from './differential/scenario.ts';
import { cluster } from './differential/setup.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';

const ROUTES: Scenario['routes'] = [
  { match: { connect_matcher: {} }, route: { cluster: 'b1' } },
  { match: { prefix: '/' }, route: { cluster: 'b1' } },
];
const EDGES = rawEdges(1_000);
const scenario = (title: string, manager: Scenario['manager'] | undefined, cluster: string): Scenario => ({
  title,
  host: { domains: ['*'] },
  ...(manager === undefined ? {} : { manager }),
  routes: cluster === 'b1' ? ROUTES : [{ match: { prefix: '/' }, route: { cluster } }],
  questions: [],
});
const SCENARIOS: readonly Scenario[] = [
  scenario('plain', undefined, 'b1'),
  scenario(
    'old',
    {
      http_protocol_options: {
        accept_http_10: true,
        default_host_for_http_10: 'old.example',
        enable_trailers: true,
        allow_chunked_length: true,
        allow_absolute_url: false,
        allow_custom_methods: true,
      },
      common_http_protocol_options: { headers_with_underscores_action: 'REJECT_REQUEST' },
    },
    'b1',
  ),
  scenario(
    'strict',
    {
      normalize_path: true,
      merge_slashes: true,
      path_with_escaped_slashes_action: 'UNESCAPE_AND_REDIRECT',
      strip_any_host_port: true,
      upgrade_configs: [{ upgrade_type: 'websocket' }, { upgrade_type: 'CONNECT' }],
    },
    'b1',
  ),
  scenario('answers', { proxy_100_continue: true }, 'raw'),
  {
    ...scenario('lenient answers', {}, 'raw-lenient'),
    clusters: ({ raw }) => [
      cluster('raw-lenient', [raw], httpOptions({ http_protocol_options: { allow_chunked_length: true } })),
    ],
  },
  scenario(
    'upgrades',
    {
      upgrade_configs: [{ upgrade_type: 'websocket' }],
      http_protocol_options: { accept_http_10: true },
    },
    'raw',
  ),
  {
    ...scenario('trailers', { http_protocol_options: { enable_trailers: true } }, 'raw-trailers'),
    clusters: ({ raw }) => [
      cluster('raw-trailers', [raw], httpOptions({ http_protocol_options: { enable_trailers: true } })),
    ],
  },
  scenario('rounds', {}, 'b2'),
];
const LISTENERS: readonly RawListener[] = ['plain', 'old', 'strict'];
const ANSWERS = 3;
const LENIENT_ANSWERS = 4;
const UPGRADES = 5;
const TRAILERS = 6;
/** Leads to an endpoint that nothing else is asked of. */
const ROUNDS = 7;

/** Page with the number of requests to the endpoint. */
const TOTAL = '/stats?filter=^cluster\\.b1\\.upstream_rq_total$';

/** The statuses of the answers, and whether the connection goes after the last of them. */
function answersIn(text: string): readonly string[] {
  const heads = text.matchAll(/(?:^|(?<=\n|[^\n]))HTTP\/1\.[01] (\d{3})[^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n/g);
  return [...heads].map(
    ([, status, headers = '']) => `${status}${/^connection: close\r$/m.test(headers) ? ' close' : ''}`,
  );
}

/** What comes back, up to the answer of the second question, whose body is `next`, or to the end of the connection. */
function answersOf(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    const done = (): void => {
      socket.destroy();
      resolve(text);
    };
    socket.write(bytes, 'latin1');
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (text.endsWith('next')) done();
    });
    socket.on('end', done);
    socket.on('error', done);
  });
}

/** Without what differs from answer to answer. */
function comparableText(text: string): string {
  return text
    .replaceAll(/^date: .*$/gm, 'date: then')
    .replaceAll(/^x-envoy-upstream-service-time: \d+/gm, 'x-envoy-upstream-service-time: 1')
    .replaceAll(/^x-request-id: [0-9a-f-]{36}/gm, 'x-request-id: some');
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

  async function tell(number: number, bytes: string | readonly string[], listener = 0) {
    if (pair === undefined) throw new Error('not started');
    return Promise.all(
      pair.sides.map(async ({ engine, backends, portOf }) => {
        backends.take();
        const requests = async () =>
          Number(/: (\d+)/.exec((await ask(engine.adminPort, TOTAL)).text)?.[1] ?? 0);
        const before = await requests();
        const round = () => send(portOf(ROUNDS), { host: 'round.example' });
        const text = await sendBytes(portOf(listener), bytes, round);
        let sent = (await requests()) - before;
        // The counters of Envoy's workers are gathered from time to time.
        const taken = () => backends.seen.filter(({ backend }) => backend === 'b1');
        for (let turn = 0; turn < 100 && sent < taken().length; turn++) sent = (await requests()) - before;
        // One that breaks off is understood by nobody.
        // What an earlier stream left unfinished is seen late.
        const all = taken().filter(
          ({ url }) => !/^\/\d/.test(url) || Number.parseInt(url.slice(1)) === number,
        );
        const seen = all.filter(({ whole }) => whole);
        return {
          answers: answersIn(text),
          seen: seen.map(({ method, url, body, headers }) => ({ method, url, body, host: headers.host })),
          // Each request of the endpoint has the id that the proxy gave it, and there are as many as the proxy sent.
          strangers: all.filter(({ headers }) => !/^[0-9a-f-]{36}$/.test(headers['x-request-id'] ?? ''))
            .length,
          surplus: Math.max(0, all.length - sent),
        };
      }),
    );
  }

  it.each(RAW_STREAMS.map(([title, bytes], number) => [title, number, bytes] as const))(
    '%s',
    { timeout: 120_000 },
    async (_, number, bytes) => {
      const [envoy, other] = await tell(number, bytes);
      expect(other).toEqual(envoy);
      expect(other?.strangers).toBe(0);
      expect(other?.surplus).toBe(0);
    },
  );

  it.each(EDGES.map(([listener, title, bytes]) => [listener, title, bytes] as const))(
    '%s: %s',
    { timeout: 120_000 },
    async (listener, _, bytes) => {
      const number = Number(/\/(\d{4,})/.exec(bytes)?.[1] ?? -1);
      const [envoy, other] = await tell(number, bytes, LISTENERS.indexOf(listener));
      expect(other).toEqual(envoy);
      expect(other?.strangers).toBe(0);
      expect(other?.surplus).toBe(0);
    },
  );

  // What the client gets must be one answer to its question and then one to the next, however the endpoint answers the first.
  it.each([
    ...RAW_ANSWERS.map(([title, answer]) => [title, answer, ANSWERS] as const),
    ...RAW_ANSWERS.filter(([title]) => title.includes(' and a length')).map(
      ([title, answer]) => [`${title}, where it may stand there`, answer, LENIENT_ANSWERS] as const,
    ),
    ...RAW_ANSWERS.filter(([title]) => title.startsWith('chunks ')).map(
      ([title, answer]) => [`${title}, where trailers pass`, answer, TRAILERS] as const,
    ),
  ])('an answer: %s', { timeout: 120_000 }, async (_, answer, listener) => {
    const question = `GET / HTTP/1.1\r\nHost: raw.example\r\n`;
    const named = `${ANSWER_HEADER}: ${Buffer.from(answer, 'latin1').toString('hex')}\r\n`;
    const bytes = `${question}${named}\r\n${question}\r\n`;
    const [envoy = '', other = ''] = await Promise.all(
      pair?.sides.map(async ({ portOf }) => comparableText(await answersOf(portOf(listener), bytes))) ?? [],
    );
    expect(other).toBe(envoy);
    expect(other).not.toContain('evil');
  });

  it.each(RAW_UPGRADES)('%s', { timeout: 120_000 }, async (_, bytes) => {
    const [envoy = '', other = ''] = await Promise.all(
      pair?.sides.map(async ({ portOf }) => comparableText(await answersOf(portOf(UPGRADES), bytes))) ?? [],
    );
    expect(envoy).toContain('next');
    expect(other).toBe(envoy);
  });
});
