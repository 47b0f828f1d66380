/** Our HTTP/2 with itself and with Node's in either role: what one side says is what the other hears. */

import {
  array,
  asyncProperty,
  assert,
  boolean,
  constant,
  constantFrom,
  integer,
  oneof,
  record,
  string,
  uniqueArray,
  tuple,
} from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type Exchange,
  type Manner,
  type TestClient,
  type TestServer,
  heardOf,
  nodeClient,
  nodeServer,
  ourClient,
  ourServer,
  sorted,
} from './exchanges.ts';

const pairs = uniqueArray(
  tuple(
    constantFrom('x-a', 'x-b', 'x-colour', 'x-long'),
    oneof(
      constantFrom('', 'one', 'one', 'two', 'v'.repeat(9_000)),
      string({ minLength: 1, maxLength: 30, unit: constantFrom(...'abc XYZ019;=,') }).map((text) =>
        text.trim(),
      ),
    ),
  ),
  { selector: ([name]) => name, maxLength: 4 },
);
const message = record({
  headers: pairs,
  body: array(oneof(constantFrom(1, 16_384, 16_385, 65_535, 70_000), integer({ min: 1, max: 300_000 })), {
    maxLength: 4,
  }),
  trailers: pairs,
});
const exchange: ReturnType<typeof record<Exchange>> = record({
  request: message,
  response: message,
  status: constantFrom(200, 201, 404, 503),
  pauses: boolean(),
  abandoned: oneof({ weight: 4, arbitrary: constant(false) }, { weight: 1, arbitrary: constant(true) }),
});

let server: TestServer | undefined;
let client: TestClient | undefined;

async function stop(): Promise<void> {
  client?.stop();
  await server?.stop();
  client = undefined;
  server = undefined;
}

afterEach(stop);

const SMALL: Manner = { settings: { initialStreamWindow: 65_535, initialConnectionWindow: 65_535 } };

const PAIRS = [
  ['our client and our server', ourClient, ourServer],
  ['Node’s client and our server', nodeClient, ourServer],
  ['our client and Node’s server', ourClient, nodeServer],
] as const;
const MANNERS: readonly (readonly [title: string, manner: Manner])[] = [
  ['in the clear', {}],
  ['with small windows', SMALL],
  ['over TLS', { tls: true }],
];
const ALL = PAIRS.flatMap(([title, makeClient, makeServer]) =>
  MANNERS.map(([how, manner]) => [`${title}, ${how}`, makeClient, makeServer, manner] as const),
);

describe.each(ALL)('%s', (_, makeClient, makeServer, manner) => {
  it('hear what the other says, many exchanges at once', { timeout: 120_000 }, async () => {
    await assert(
      asyncProperty(array(exchange, { minLength: 1, maxLength: 12 }), async (exchanges) => {
        server = await makeServer(exchanges, manner);
        client = await makeClient(server.port, manner);
        const { heard, openStreams } = server;
        const { ask } = client;
        const answers = await Promise.all(exchanges.map((one, index) => ask(index, one)));
        for (const [index, { request, response, status, abandoned }] of exchanges.entries()) {
          if (abandoned) continue;
          const { status: answered, ...answer } = answers[index] ?? { status: -1, headers: [], trailers: [] };
          const asked = heard[index] ?? { headers: [], trailers: [] };
          const comparable = (one: typeof asked) => ({
            ...one,
            headers: sorted(one.headers),
            trailers: sorted(one.trailers),
          });
          expect(answered).toBe(status);
          expect(comparable(answer)).toEqual(comparable(heardOf(response)));
          expect(comparable(asked)).toEqual(comparable(heardOf(request)));
        }
        await expect.poll(openStreams).toBe(0);
        await stop();
      }),
      { numRuns: 15 },
    );
  });
});
