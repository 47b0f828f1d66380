/** Connections that are carried in HTTP to the next proxy: how each is opened, used and ended. */

import type { FarEnd, FarKind, FarServer, SocketEnd } from './far-ends.ts';
import { type JsonMap, socketAddress } from './json.ts';

export interface TunnelCase {
  readonly title: string;
  readonly protocol: FarKind;
  /** Undefined for none. */
  readonly tunnel: JsonMap | undefined;
  /** Further settings of the TCP proxy. */
  readonly proxy?: JsonMap;
  readonly cluster?: JsonMap;
  /** Not beside others, which would let a limit of time begin to count before the answer is there. */
  readonly alone?: boolean;
  /** What a client and the next proxy do; what is given back has to be the same with both engines. */
  run(client: SocketEnd, server: FarServer): Promise<readonly unknown[]>;
}

type Script = (client: SocketEnd, far: FarEnd) => Promise<readonly unknown[]>;

async function answered(far: FarEnd): Promise<string> {
  const head = await far.head();
  far.answer(200);
  return head;
}

const SCRIPTS: Readonly<Record<string, Script>> = {
  'bytes go both ways, the client ends first': async (client, far) => {
    const head = await answered(far);
    client.write('question');
    await far.has('question');
    far.write('answer');
    await client.has('answer');
    client.end();
    await far.ended();
    far.write('more');
    far.end();
    await client.ended();
    await far.isClosed();
    return [head, far.body(), far.ending, client.text, client.ending];
  },
  'the far end ends first': async (client, far) => {
    await answered(far);
    far.write('bye');
    far.end();
    await client.ended();
    client.write('late');
    client.end();
    await far.isClosed();
    return [far.body(), far.ending, client.text, client.ending];
  },
  'the client resets': async (client, far) => {
    await answered(far);
    client.write('question');
    await far.has('question');
    client.reset();
    await far.ended();
    return [far.body(), far.ending];
  },
  'the far end resets': async (client, far) => {
    await answered(far);
    far.write('answer');
    await client.has('answer');
    far.reset();
    await client.ended();
    return [client.text, client.ending];
  },
  'what the client says before the answer waits': async (client, far) => {
    client.write('early');
    const head = await far.head();
    far.answer(200, { 'x-by': 'far' });
    await far.has('early');
    client.end();
    far.end();
    await client.isClosed();
    return [head, far.body(), client.text, client.ending];
  },
  'a large answer comes whole': async (client, far) => {
    await answered(far);
    far.write('x'.repeat(3_000_000));
    far.end();
    await client.ended();
    client.end();
    return [client.text.length, client.ending];
  },
  'a large question comes whole': async (client, far) => {
    await answered(far);
    client.write('x'.repeat(3_000_000));
    await far.length(3_000_000);
    far.write('thanks');
    await client.has('thanks');
    client.end();
    far.end();
    await client.isClosed();
    return [far.body().length, client.text];
  },
  'the answer refuses': async (client, far) => {
    await far.head();
    far.answer(503, { 'content-length': '2' });
    far.write('no');
    await client.ended();
    return [client.text, client.ending];
  },
  'the answer is a success without being 200': async (client, far) => {
    await far.head();
    far.answer(202, { 'x-by': 'far' });
    far.write('answer');
    await Promise.race([client.has('answer'), client.ended()]);
    return [client.text, client.ending];
  },
  'the answer ends at once': async (client, far) => {
    await far.head();
    far.answer(200, {}, true);
    await client.ended();
    client.end();
    await client.isClosed();
    return [client.text, client.ending];
  },
  'the far end goes before it answers': async (client, far) => {
    await far.head();
    far.reset();
    await client.ended();
    return [client.text, client.ending];
  },
  'the connection of the far end goes': async (client, far) => {
    await answered(far);
    far.write('answer');
    await client.has('answer');
    far.destroy();
    await client.ended();
    return [client.text, client.ending];
  },
  'the client goes before the answer': async (client, far) => {
    await far.head();
    client.reset();
    far.answer(200);
    // An answer that meets a closed connection is reset, one that came before it sees an end.
    await far.ended();
    return [];
  },
  'the client ends before the answer': async (client, far) => {
    await far.head();
    client.write('early');
    client.end();
    far.answer(200);
    await far.has('early');
    await far.ended();
    far.end();
    await client.ended();
    return [far.body(), far.ending, client.text, client.ending];
  },
};

const FORMS: Readonly<Record<string, JsonMap>> = {
  CONNECT: { hostname: 'far.example:443' },
  POST: { hostname: 'far.example:443', use_post: true },
};

const alone =
  (script: Script): TunnelCase['run'] =>
  async (client, server) =>
    script(client, await server.next());

/** Where the far end does not end its answer: Envoy 1.40 dies of that end when it is one to POST over HTTP/1.1. */
const WITHOUT_ITS_END: readonly string[] = [
  'bytes go both ways, the client ends first',
  'the client resets',
  'the answer refuses',
  'the far end goes before it answers',
  'the client goes before the answer',
  'the client ends before the answer',
];

const EVERY_WAY = (['http1', 'http2'] as const).flatMap((protocol) =>
  Object.entries(FORMS).flatMap(([form, tunnel]) =>
    Object.entries(SCRIPTS)
      .filter(([title]) => protocol === 'http2' || form === 'CONNECT' || WITHOUT_ITS_END.includes(title))
      .map(([title, script]): TunnelCase => ({
        title: `${form} over ${protocol}: ${title}`,
        protocol,
        tunnel,
        run: alone(script),
      })),
  ),
);

/** What opens the tunnel. */
const HEADS: readonly (readonly [title: string, tunnel: JsonMap])[] = [
  ['a path of its own', { hostname: 'h:1', use_post: true, post_path: '/tunnel?x=1' }],
  ['a host made of the connection', { hostname: '%DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%:%%' }],
  ['a host that is not known', { hostname: '%REQUESTED_SERVER_NAME%:443' }],
  [
    'headers of its own',
    {
      hostname: 'h:1',
      headers_to_add: [
        { header: { key: 'X-One', value: '1' } },
        { header: { key: 'x-one', value: '2' } },
        { header: { key: 'x-two', value: '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%' } },
        { header: { key: 'x-none', value: '%REQUESTED_SERVER_NAME%' } },
        { header: { key: 'x-empty', value: '' }, keep_empty_value: true },
        { header: { key: 'x-set', value: 'a' }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' },
      ],
    },
  ],
];

const OPENINGS = (['http1', 'http2'] as const).flatMap((protocol) =>
  HEADS.map(([title, tunnel]): TunnelCase => ({
    title: `${protocol}: ${title}`,
    protocol,
    tunnel,
    run: alone(async (client, far) => {
      const head = await answered(far);
      far.write('answer');
      await client.has('answer');
      client.end();
      await far.ended();
      far.end();
      await client.isClosed();
      return [head];
    }),
  })),
);

const PROPAGATED = (['http1', 'http2'] as const).map((protocol): TunnelCase => ({
  title: `${protocol}: headers and trailers of the answer are kept`,
  protocol,
  tunnel: { hostname: 'h:1', propagate_response_headers: true, propagate_response_trailers: true },
  run: alone(async (client, far) => {
    await far.head();
    if ('trailers' in far) far.trailers = { 'x-last': 'word' };
    far.answer(200, { 'x-by': 'far' });
    far.write('answer');
    far.end();
    await client.ended();
    client.end();
    await far.isClosed();
    return [client.text, client.ending];
  }),
}));

const AGAIN = (['http1', 'http2'] as const).map((protocol): TunnelCase => ({
  title: `${protocol}: a tunnel that was refused is tried again`,
  protocol,
  tunnel: { hostname: 'h:1', propagate_response_headers: true },
  proxy: { max_connect_attempts: 3 },
  run: async (client, server) => {
    const first = await server.next();
    await first.head();
    first.answer(503, { 'content-length': '0', 'x-try': '1' }, protocol === 'http2');
    const second = await server.next();
    await second.head();
    second.reset();
    const third = await server.next();
    await third.head();
    third.answer(200);
    third.write('at last');
    await client.has('at last');
    client.end();
    third.end();
    await client.isClosed();
    return [server.count, client.text];
  },
}));

/** Each with a limit of the proxy's that ends the wait. */
const UNANSWERED = (['http1', 'http2'] as const).flatMap((protocol) =>
  ['idle_timeout', 'max_downstream_connection_duration'].map((limit): TunnelCase => ({
    title: `${protocol}: the next proxy does not answer, with ${limit}`,
    protocol,
    tunnel: { hostname: 'h:1' },
    proxy: { [limit]: '3s' },
    alone: true,
    run: alone(async (client, far) => {
      await far.head();
      await client.ended();
      await far.ended();
      return [client.text, client.ending, far.ending];
    }),
  })),
);

const LIMITS = (['http1', 'http2'] as const).flatMap((protocol): TunnelCase[] => [
  {
    title: `${protocol}: a tunnel that nothing goes through is closed`,
    alone: true,
    protocol,
    tunnel: { hostname: 'h:1' },
    proxy: { idle_timeout: '5s' },
    run: alone(async (client, far) => {
      await answered(far);
      await client.ended();
      await far.ended();
      return [client.text, client.ending, far.ending];
    }),
  },
  {
    title: `${protocol}: a connection lives so long`,
    alone: true,
    protocol,
    tunnel: { hostname: 'h:1' },
    proxy: { max_downstream_connection_duration: '5s' },
    run: alone(async (client, far) => {
      await answered(far);
      await client.ended();
      await far.ended();
      return [client.text, client.ending, far.ending];
    }),
  },
  {
    title: `${protocol}: nobody is there`,
    protocol,
    tunnel: { hostname: 'h:1' },
    cluster: { load_assignment: { cluster_name: 'empty', endpoints: [] } },
    run: async (client) => {
      await client.ended();
      return [client.text, client.ending];
    },
  },
]);

const WITHOUT_FRAMING: TunnelCase = {
  title: 'CONNECT over http1: what says how long the answer is does not count',
  protocol: 'http1',
  tunnel: { hostname: 'h:1' },
  run: alone(async (client, far) => {
    await far.head();
    far.answer(200, { 'transfer-encoding': 'chunked' });
    far.write('plain bytes');
    await client.has('plain bytes');
    client.end();
    far.end();
    await client.isClosed();
    return [client.text, client.ending];
  }),
};

/** The same without a tunnel. */
const PLAIN: readonly TunnelCase[] = [
  {
    title: 'no tunnel: nobody listens',
    protocol: 'tcp',
    tunnel: undefined,
    proxy: { max_connect_attempts: 2 },
    cluster: {
      load_assignment: {
        cluster_name: 'dead',
        endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(1) } }] }],
      },
    },
    run: async (client) => {
      await client.ended();
      return [client.text, client.ending];
    },
  },
  {
    title: 'no tunnel: a connection lives so long',
    protocol: 'tcp',
    tunnel: undefined,
    proxy: { max_downstream_connection_duration: '5s' },
    run: alone(async (client, far) => {
      await client.ended();
      await far.ended();
      return [client.text, client.ending, far.ending];
    }),
  },
];

export const TUNNEL_CASES: readonly TunnelCase[] = [
  ...EVERY_WAY,
  ...OPENINGS,
  ...PROPAGATED,
  ...AGAIN,
  ...UNANSWERED,
  ...LIMITS,
  WITHOUT_FRAMING,
  ...PLAIN,
];
