/** CONNECT and other upgrades at a proxy: sent on as they are, or ended there. */

import type { ConnectClient, Opening } from './connect-clients.ts';
import type { FarEnd, FarKind, FarServer } from './far-ends.ts';
import type { JsonMap } from './json.ts';

export interface ConnectCase {
  readonly title: string;
  readonly from: 'http1' | 'http2';
  readonly to: FarKind;
  readonly opening: Opening;
  readonly match: JsonMap;
  /** Of the route. */
  readonly upgrades: readonly JsonMap[];
  run(client: ConnectClient, server: FarServer): Promise<readonly unknown[]>;
}

type Script = (
  client: ConnectClient,
  far: FarEnd,
  accept: () => Promise<string>,
) => Promise<readonly unknown[]>;

const SCRIPTS: Readonly<Record<string, Script>> = {
  'bytes go both ways, the far end ends': async (client, far, accept) => {
    const head = await accept();
    const status = await client.status();
    client.write('question');
    await far.has('question');
    far.write('answer');
    await client.has('answer');
    far.end();
    await client.ended();
    return [head, status, far.body(), client.body()];
  },
  'the client ends first': async (client, far, accept) => {
    await accept();
    await client.status();
    client.write('question');
    await far.has('question');
    client.end();
    await far.ended();
    return [far.body(), far.ending];
  },
  'the client resets': async (client, far, accept) => {
    await accept();
    await client.status();
    client.reset();
    await far.ended();
    return [far.body()];
  },
  'the far end resets': async (client, far, accept) => {
    await accept();
    await client.status();
    far.write('answer');
    await client.has('answer');
    far.reset();
    await client.ended();
    return [client.body(), client.ending];
  },
};

const CONNECT: Opening = { method: 'CONNECT', authority: 'target.example:80' };
const ENDED = { upgrade_type: 'CONNECT', connect_config: {} };

function scripted(script: Script, to: FarKind, upgraded: number): ConnectCase['run'] {
  return async (client, server) => {
    const far = await server.next();
    return script(client, far, async () => {
      if (to === 'tcp') return '';
      const head = await far.head();
      far.answer(upgraded, upgraded === 101 ? { connection: 'upgrade', upgrade: 'websocket' } : {});
      return head;
    });
  };
}

const KINDS = [
  ['http1', 'tcp'],
  ['http2', 'tcp'],
  ['http1', 'http1'],
  ['http1', 'http2'],
  ['http2', 'http1'],
  ['http2', 'http2'],
] as const;

/** Envoy's log says now UC, now DR, of what is the same on the wire. */
const BY_CHANCE = 'http2 http1 the client resets';

const CONNECTS = KINDS.flatMap(([from, to]) =>
  Object.entries(SCRIPTS)
    .filter(([title]) => `${from} ${to} ${title}` !== BY_CHANCE)
    .map(([title, script]): ConnectCase => ({
      title: `CONNECT from ${from} to ${to}: ${title}`,
      from,
      to,
      opening: CONNECT,
      match: { connect_matcher: {} },
      upgrades: [to === 'tcp' ? ENDED : { upgrade_type: 'CONNECT' }],
      run: scripted(script, to, 200),
    })),
);

const FIRST = 'bytes go both ways, the far end ends';
const answer = SCRIPTS[FIRST] ?? (() => Promise.resolve([]));

const ENDS = (['http1', 'http2'] as const).flatMap((from): ConnectCase[] => [
  ...(['V1', 'V2'] as const).map((version): ConnectCase => ({
    title: `${from}: the endpoint is told who the client is, ${version}`,
    from,
    to: 'tcp',
    opening: CONNECT,
    match: { connect_matcher: {} },
    upgrades: [{ upgrade_type: 'CONNECT', connect_config: { proxy_protocol_config: { version } } }],
    run: async (client, server) => {
      const far = await server.next();
      await client.status();
      client.write('question');
      await far.has('question');
      // Ports are made by chance: in the second version four bytes at the end of its head, whose first four are a blank line.
      const text = far.body();
      return version === 'V1'
        ? [text.replaceAll(/ \d+(?= |\r)/g, ' N')]
        : [text.slice(0, 20), text.slice(24)];
    },
  })),
  {
    title: `${from}: no upgrade is allowed`,
    from,
    to: 'tcp',
    opening: CONNECT,
    match: { connect_matcher: {} },
    upgrades: [],
    run: async (client) => [await client.status()],
  },
  {
    title: `${from}: an upgrade that is switched off`,
    from,
    to: 'tcp',
    opening: CONNECT,
    match: { connect_matcher: {} },
    upgrades: [{ ...ENDED, enabled: false }],
    run: async (client) => [await client.status()],
  },
  {
    title: `${from}: POST goes as bytes where that is allowed`,
    from,
    to: 'tcp',
    opening: { method: 'POST', authority: 'target.example', path: '/' },
    match: { prefix: '/' },
    upgrades: [{ upgrade_type: 'CONNECT', connect_config: { allow_post: true } }],
    run: async (client, server) => {
      const far = await server.next();
      const status = await client.status();
      client.write(from === 'http1' ? '8\r\nquestion\r\n' : 'question');
      await far.has('question');
      far.write('answer');
      // With the end of its chunk, which may come by itself.
      await client.has(from === 'http1' ? 'answer\r\n' : 'answer');
      return [status, far.body(), client.body()];
    },
  },
]);

const WEBSOCKETS = (
  [
    ['http1', 'http2'],
    ['http2', 'http1'],
    ['http2', 'http2'],
  ] as const
).map(([from, to]): ConnectCase => ({
  title: `a websocket from ${from} to ${to}`,
  from,
  to,
  opening: { method: 'GET', authority: 'target.example', path: '/chat', protocol: 'websocket' },
  match: { prefix: '/' },
  upgrades: [{ upgrade_type: 'websocket' }],
  run: scripted(answer, to, to === 'http1' ? 101 : 200),
}));

export const CONNECT_CASES: readonly ConnectCase[] = [...CONNECTS, ...ENDS, ...WEBSOCKETS];
