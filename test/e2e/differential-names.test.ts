/**
 * Header names as they are written, through Envoy and through the builtin engine: in lower case, in the proper one, and as
 * the other side wrote them. Endpoint and client see the same bytes, but for the order of fields.
 */

import { type Http2Server, createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePorts } from '../peers/free-ports.ts';
import { eventually } from '../peers/run-envoy.ts';
import { send } from './differential/client.ts';
import { COMPARED, Engine, type EngineKind } from './differential/engines.ts';
import { HTTP2, type JsonMap, httpOptions, listenerAt, managerTo } from './differential/json.ts';
import { NAME_CASES, PAIRS, STYLES } from './differential/name-cases.ts';
import { cluster } from './differential/setup.ts';
import { ANSWER, VerbatimEndpoint } from './differential/verbatim-endpoint.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';

const ADDED = { header: { key: 'X-Added-Here', value: '1' } };
const AGAIN = { header: { key: 'X-Again', value: 'proxy' } };

function host(style: string): JsonMap {
  return {
    name: 'all',
    domains: ['*'],
    request_headers_to_add: [ADDED, AGAIN],
    request_headers_to_remove: ['x-again'],
    response_headers_to_add: [ADDED, AGAIN],
    response_headers_to_remove: ['x-again'],
    routes: [
      { match: { prefix: '/own' }, direct_response: { status: 403, body: { inline_string: 'no' } } },
      { match: { prefix: '/dead' }, route: { cluster: 'dead' } },
      { match: { prefix: '/h2' }, route: { cluster: 'h2' } },
      {
        match: { prefix: '/copied' },
        route: { cluster: style, request_mirror_policies: [{ cluster: 'proper' }] },
      },
      { match: { prefix: '/redirected' }, route: { cluster: style, internal_redirect_policy: {} } },
      { match: { prefix: '/' }, route: { cluster: style } },
    ],
  };
}

function bootstrap(ports: readonly number[], endpoint: number, http2: number, dead: number): JsonMap {
  const options = (style: keyof typeof STYLES): JsonMap => ({ enable_trailers: true, ...STYLES[style] });
  const listeners = PAIRS.map(([listener, style], index) =>
    listenerAt(
      ports[index] ?? 0,
      `${listener}, ${style}`,
      managerTo(style, 'names', {
        proxy_100_continue: true,
        upgrade_configs: [{ upgrade_type: 'websocket' }],
        http_protocol_options: { accept_http_10: true, ...options(listener) },
        route_config: { virtual_hosts: [host(style)] },
      }),
    ),
  );
  const clusters = Object.keys(STYLES).map((name) =>
    cluster(name, [endpoint], httpOptions({ http_protocol_options: options(name as keyof typeof STYLES) })),
  );
  return {
    node: { id: 'names', cluster: 'names' },
    static_resources: {
      listeners,
      clusters: [...clusters, cluster('h2', [http2], HTTP2), cluster('dead', [dead])],
    },
  };
}

interface Side {
  readonly engine: Engine;
  readonly endpoint: VerbatimEndpoint;
  readonly ports: readonly number[];
}

async function start(kind: EngineKind, envoy: string, http2: number): Promise<Side> {
  const endpoint = await VerbatimEndpoint.start();
  const [dead = 0, ...ports] = await freePorts(PAIRS.length + 1);
  return {
    endpoint,
    ports,
    engine: await Engine.start(kind, envoy, bootstrap(ports, endpoint.port, http2, dead)),
  };
}

/** What comes back, up to the end of the connection or to the word `next`. */
function answerTo(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => void socket.write(bytes, 'latin1'));
    let text = '';
    const done = (): void => {
      socket.destroy();
      resolve(text);
    };
    socket.setEncoding('latin1').on('data', (part: string) => {
      text += part;
      if (text.endsWith('next')) done();
    });
    socket.on('end', done);
    socket.on('error', done);
  });
}

/** Without what differs from one time to the next, and the fields of each head sorted: the order of names means nothing. */
function comparable(text: string): string {
  return text
    .replaceAll(/^(date): .* GMT$/gim, '$1: some time')
    .replaceAll(/^(x-envoy-upstream-service-time): \d+/gim, '$1: 1')
    .replaceAll(/^(x-request-id): [0-9a-f-]{36}/gim, '$1: some id')
    .split('\r\n\r\n')
    .map((block) => {
      const [first = '', ...lines] = block.split('\r\n');
      return [first, ...lines.sort()].join('\n');
    })
    .join('\n\n');
}

describeOnRealEnvoy('header names as they are written', (program) => {
  let sides: readonly Side[] = [];
  let http2: Http2Server;

  beforeAll(async () => {
    http2 = createHttp2Server((_, response) => {
      response.setHeader('x-from', 'HTTP/2');
      response.end('ok');
    });
    await new Promise<void>((resolve) => http2.listen(0, '127.0.0.1', resolve));
    const { port } = http2.address() as AddressInfo;
    sides = [await start('envoy', program, port), await start(COMPARED, program, port)];
  }, 90_000);

  afterAll(async () => {
    for (const { engine, endpoint } of sides) {
      await engine.stop();
      endpoint.stop();
    }
    http2.close();
  });

  /** What client and endpoints saw, by engine. */
  async function onBoth(
    index: number,
    count: number,
    ask: (port: number) => Promise<string>,
  ): Promise<readonly (readonly string[])[]> {
    return Promise.all(
      sides.map(async ({ endpoint, ports }) => {
        endpoint.take();
        const answer = await ask(ports[index] ?? 0);
        // Copies come when they come.
        await eventually(
          async () => endpoint.seen.length,
          (length) => length >= count,
        );
        return [answer, ...[...endpoint.take()].sort()].map(comparable);
      }),
    );
  }

  it.each(
    PAIRS.flatMap(([listener, style], index) =>
      NAME_CASES.map(
        ({ title, request, seen = 1 }) => [listener, style, title, index, request, seen] as const,
      ),
    ),
  )('%s and %s: %s', async (_listener, _style, _title, index, request, count) => {
    const [envoy, other] = await onBoth(index, count, (port) => answerTo(port, request));
    expect(envoy).toHaveLength(1 + count);
    expect(other).toEqual(envoy);
  });

  it.each(PAIRS.map(([listener, style], index) => [listener, style, index] as const))(
    '%s and %s: a client of HTTP/2',
    async (_listener, _style, index) => {
      const answer = Buffer.from('HTTP/1.1 200 Fine\r\nX-OWN: 1\r\nContent-LENGTH: 2\r\n\r\nok').toString(
        'hex',
      );
      const [envoy, other] = await onBoth(index, 1, async (port) => {
        const { status, body } = await send(port, {
          protocol: 'http2',
          host: 'names.example',
          method: 'POST',
          headers: [[ANSWER, answer]],
          body: 'hi',
        });
        return `${status} ${body}`;
      });
      expect(envoy?.[0]).toBe('200 ok');
      expect(other).toEqual(envoy);
    },
  );

  it.each(PAIRS.map(([listener, style], index) => [listener, style, index] as const))(
    '%s and %s: an endpoint of HTTP/2',
    async (_listener, _style, index) => {
      const request = 'GET /h2 HTTP/1.1\r\nHOST: names.example\r\nX-OWN: 1\r\nCONNECTION: close\r\n\r\n';
      const [envoy, other] = await onBoth(index, 0, (port) => answerTo(port, request));
      expect(envoy?.[0]).toContain('HTTP/2');
      expect(other).toEqual(envoy);
    },
  );
});
