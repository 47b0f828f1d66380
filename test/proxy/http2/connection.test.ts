/** Both sides of the codec by their frames: windows, limits, floods and ends, on sockets without a network. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type {
  IncomingRequest,
  RequestReceiver,
  RequestWriter,
  ResponseReceiver,
  ResponseWriter,
} from '../../../src/proxy/http/codec.ts';
import { Deadlines } from '../../../src/proxy/http/deadlines.ts';
import { HeaderList } from '../../../src/proxy/http/header-list.ts';
import { HeldBody } from '../../../src/proxy/http/held-body.ts';
import { Http2ClientConnection } from '../../../src/proxy/http2/client-session.ts';
import type { Http2Settings } from '../../../src/proxy/http2/options.ts';
import { Http2ServerConnection } from '../../../src/proxy/http2/server-connection.ts';
import { FakeSocket } from '../http1/fake-socket.ts';
import { codecOptions } from './exchanges.ts';
import {
  DATA,
  END_HEADERS,
  END_STREAM,
  type Fields,
  GET,
  GOAWAY,
  HEADERS,
  PING,
  POST,
  PREFACE,
  PUSH_PROMISE,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
  block,
  frame,
  framesIn,
  request,
  setting,
  uint32,
} from './wire.ts';

const OPENING = Buffer.concat([PREFACE, frame(SETTINGS, 0, 0)]);
const CODES = ['NO_ERROR', 'PROTOCOL_ERROR', 'INTERNAL_ERROR', 'FLOW_CONTROL_ERROR', '', 'STREAM_CLOSED'];
const code = (payload: Buffer, at: number): string => CODES[payload.readUInt32BE(at)] ?? '?';

/** What has been written since the last look, a word for each frame. */
class Written {
  readonly #socket: FakeSocket;
  #seen = 0;

  constructor(socket: FakeSocket) {
    this.#socket = socket;
  }

  async take(): Promise<string[]> {
    // Frames leave at the end of the turn.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    let bytes = this.#socket.output.subarray(this.#seen);
    this.#seen += bytes.length;
    if (bytes.subarray(0, PREFACE.length).equals(PREFACE)) bytes = bytes.subarray(PREFACE.length);
    return framesIn(bytes).map(({ type, flags, stream, payload }) => {
      const end = (flags & END_STREAM) !== 0;
      switch (type) {
        case DATA:
          return `data ${stream} ${payload.length}${end ? ' end' : ''}`;
        case HEADERS:
          return `headers ${stream}${end ? ' end' : ''}`;
        case RST_STREAM:
          return `reset ${stream} ${code(payload, 0)}`;
        case SETTINGS:
          return end ? 'settings ack' : 'settings';
        case PING:
          return end ? 'ping ack' : 'ping';
        case GOAWAY:
          return `goaway ${payload.readUInt32BE(0)} ${code(payload, 4)}`;
        case WINDOW_UPDATE:
          return `window ${stream} ${payload.readUInt32BE(0)}`;
        default:
          return `type ${type}`;
      }
    });
  }
}

/** A request as those above have it. */
class Asked implements RequestReceiver {
  readonly request: IncomingRequest;
  readonly writer: ResponseWriter;
  readonly heard: string[] = [];

  constructor(asked: IncomingRequest, writer: ResponseWriter) {
    this.request = asked;
    this.writer = writer;
  }

  answer(body: Buffer): boolean {
    this.writer.head(200, new HeaderList(), false);
    return this.writer.data(body, true);
  }

  onData(chunk: Buffer, end: boolean): void {
    this.heard.push(`data ${chunk.length}${end ? ' end' : ''}`);
  }

  onTrailers(): void {
    this.heard.push('trailers');
  }

  onReset(reason: string): void {
    this.heard.push(reason);
  }

  onRefused(): void {
    this.heard.push('refused');
  }

  onWritable(): void {
    this.heard.push('writable');
  }
}

interface ServerOver extends Partial<Http2Settings> {
  readonly drain?: Deadlines;
  readonly flush?: Deadlines;
}

function serve({ drain, flush, ...over }: ServerOver = {}) {
  const socket = new FakeSocket();
  const asked: Asked[] = [];
  const events: string[] = [];
  const options = { ...codecOptions(over), underscores: 'allow', drain, flush } as const;
  const connection = new Http2ServerConnection(socket.asSocket(), options, {
    onRequest(incoming, writer) {
      const one = new Asked(incoming, writer);
      asked.push(one);
      return one;
    },
    onRejected: () => events.push('rejected'),
    onBusy: () => undefined,
    onRequestEnd: (premature) => premature && events.push('premature'),
    onProtocolError: () => events.push('protocol error'),
    onClosed: () => events.push('closed'),
  });
  const written = new Written(socket);
  const receive = async (...bytes: Buffer[]): Promise<string[]> => {
    socket.receive(Buffer.concat(bytes));
    return written.take();
  };
  return { socket, connection, asked, events, written, receive, counters: options.stats.counters };
}

const post = (stream: number, ...more: Buffer[]): Buffer =>
  Buffer.concat([request(stream, POST, END_HEADERS), ...more]);
const SMALL = { initialStreamWindow: 65_535, initialConnectionWindow: 65_535 } as const;

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => vi.useRealTimers());

describe('a server', () => {
  it('begins with its settings and window', async () => {
    const { written, receive } = serve();
    expect(await written.take()).toEqual(['settings', 'window 0 25100289']);
    expect(await receive(OPENING, frame(PING, 0, 0, '12345678'))).toEqual(['settings ack', 'ping ack']);
  });

  it('widens windows for what has been taken, and not for what waits', async () => {
    const { asked, receive, written } = serve(SMALL);
    await receive(OPENING, post(1));
    asked[0]?.writer.pause();
    const half = [frame(DATA, 0, 1, Buffer.alloc(16_384)), frame(DATA, 0, 1, Buffer.alloc(16_384))];
    expect(await receive(...half)).toEqual([]);
    expect(asked[0]?.heard).toEqual([]);
    asked[0]?.writer.resume();
    expect(await written.take()).toEqual(['window 0 32768', 'window 1 32768']);
    expect(asked[0]?.heard).toEqual(['data 16384', 'data 16384']);
  });

  it('hands a body on that was held, with its end, as one', async () => {
    const { asked, receive, written } = serve();
    await receive(OPENING, post(1));
    asked[0]?.writer.pause();
    await receive(frame(DATA, 0, 1, 'a'), frame(DATA, 0, 1, 'b'), frame(DATA, END_STREAM, 1, 'c'));
    asked[0]?.writer.resume();
    await written.take();
    expect(asked[0]?.heard).toEqual(['data 3 end']);
  });

  it('resets a stream beyond its window', async () => {
    const { asked, receive } = serve({ ...SMALL, initialConnectionWindow: 1_000_000 });
    await receive(OPENING, post(1));
    asked[0]?.writer.pause();
    const pieces = Array.from({ length: 5 }, () => frame(DATA, 0, 1, Buffer.alloc(16_384)));
    expect(await receive(...pieces)).toEqual(['reset 1 FLOW_CONTROL_ERROR']);
    expect(asked[0]?.heard).toEqual(['remote-reset']);
  });

  it('ends a connection beyond its window', async () => {
    const { asked, events, receive, socket } = serve(SMALL);
    await receive(OPENING, post(1), post(3));
    for (const one of asked) one.writer.pause();
    const pieces = [1, 3, 1, 3, 1].map((stream) => frame(DATA, 0, stream, Buffer.alloc(16_384)));
    expect(await receive(...pieces)).toEqual(['goaway 3 FLOW_CONTROL_ERROR']);
    expect(socket.ended).toBe(true);
    expect(events).toEqual(['protocol error', 'closed']);
    expect(asked.map(({ heard }) => heard)).toEqual([['connection-termination'], ['connection-termination']]);
  });

  it('gives back what a stream held that is reset', async () => {
    const { asked, receive } = serve(SMALL);
    await receive(OPENING, post(1));
    asked[0]?.writer.pause();
    const pieces = [1, 2, 3].map(() => frame(DATA, 0, 1, Buffer.alloc(16_384)));
    expect(await receive(...pieces, frame(RST_STREAM, 0, 1, uint32(8)))).toEqual(['window 0 49152']);
  });

  it('sends the bodies of streams in turns, as far as windows go', async () => {
    const { asked, receive, written } = serve();
    await receive(OPENING, request(1), request(3));
    // The first has room for all of it, the second has not.
    expect(asked.map((one) => one.answer(Buffer.alloc(40_000)))).toEqual([true, false]);
    expect(await written.take()).toEqual([
      'headers 1',
      'data 1 16384',
      'data 1 16384',
      'data 1 7232 end',
      'headers 3',
      'data 3 16384',
      'data 3 9151',
    ]);
    expect(await receive(frame(WINDOW_UPDATE, 0, 0, uint32(100)))).toEqual(['data 3 100']);
    expect(await receive(frame(WINDOW_UPDATE, 0, 0, uint32(100_000)))).toEqual(['data 3 14365 end']);
  });

  it('waits for a socket that takes no more', async () => {
    const { asked, receive, socket, written } = serve();
    await receive(OPENING, request(1));
    socket.writableNeedDrain = true;
    asked[0]?.writer.head(200, new HeaderList(), false);
    expect(asked[0]?.writer.data(Buffer.alloc(10), false)).toBe(false);
    expect(await written.take()).toEqual(['headers 1']);
    socket.writableNeedDrain = false;
    socket.emit('drain');
    expect(await written.take()).toEqual(['data 1 10']);
    expect(asked[0]?.heard).toEqual(['writable']);
  });

  it('wants no more of a request that is answered', async () => {
    const { asked, receive, written } = serve(SMALL);
    await receive(OPENING, post(1, frame(DATA, 0, 1, 'a')));
    asked[0]?.answer(Buffer.from('done'));
    expect(await written.take()).toEqual(['headers 1', 'data 1 4 end', 'reset 1 NO_ERROR']);
    // What was on its way is no error, and costs the connection nothing.
    const late = [1, 2, 3].map(() => frame(DATA, 0, 1, Buffer.alloc(16_384)));
    expect(await receive(...late)).toEqual(['window 0 32769']);
    expect(asked[0]?.heard).toEqual(['data 1']);
  });

  it('gives up an answer that the client does not take', async () => {
    const { asked, counters, receive, written } = serve({ flush: new Deadlines(1_000) });
    await receive(OPENING, frame(SETTINGS, 0, 0, setting(4, 0)), request(1));
    asked[0]?.answer(Buffer.from('done'));
    expect(await written.take()).toEqual(['headers 1']);
    vi.advanceTimersByTime(1_100);
    expect(await written.take()).toEqual(['reset 1 NO_ERROR']);
    expect(counters.tx_flush_timeout.value).toBe(1);
  });

  it('drains: takes what is on its way, then no more, and ends with the last answer', async () => {
    const { asked, connection, counters, events, receive, socket, written } = serve({
      drain: new Deadlines(1_000),
    });
    await receive(OPENING, request(1));
    connection.drain();
    connection.drain();
    expect(await written.take()).toEqual(['goaway 2147483647 NO_ERROR']);
    await receive(request(3));
    asked[0]?.answer(Buffer.from('one'));
    await written.take();
    vi.advanceTimersByTime(1_100);
    expect(await written.take()).toEqual(['goaway 3 NO_ERROR']);
    await receive(request(5));
    expect(asked.length).toBe(2);
    expect(socket.ended).toBe(false);
    asked[1]?.answer(Buffer.from('two'));
    expect(await written.take()).toEqual(['headers 3', 'data 3 3 end']);
    expect(socket.ended).toBe(true);
    expect(events).toEqual(['closed']);
    expect(counters.goaway_sent.value).toBe(2);
  });

  it.each(['PING', 'SETTINGS'])('cuts off who asks for many answers at once: %s', async (kind) => {
    const { counters, events, receive, socket } = serve();
    await receive(OPENING);
    const one = kind === 'PING' ? frame(PING, 0, 0, '12345678') : frame(SETTINGS, 0, 0);
    await receive(...Array.from({ length: 1_001 }, () => one));
    expect(counters.outbound_control_flood.value).toBe(1);
    expect(socket.destroyed).toBe(true);
    expect(events).toEqual(['closed']);
  });

  it('cuts off who asks for answers and takes none', async () => {
    const { counters, receive, socket } = serve();
    await receive(OPENING);
    socket.writableLength = 1;
    for (let turn = 0; turn < 11; turn++) {
      await receive(...Array.from({ length: 100 }, () => frame(PING, 0, 0, '12345678')));
    }
    expect(counters.outbound_control_flood.value).toBe(1);
    expect(socket.destroyed).toBe(true);
  });

  it('refuses a header block without end', async () => {
    const { receive, socket } = serve();
    await receive(OPENING, frame(HEADERS, END_STREAM, 1, block(GET)));
    for (let turn = 0; turn < 20; turn++) await receive(frame(9, 0, 1, Buffer.alloc(16_384, 0x82)));
    expect(socket.ended).toBe(true);
  });

  it('notices who takes requests back at once', async () => {
    const { asked, events, receive } = serve();
    await receive(OPENING, request(1), frame(RST_STREAM, 0, 1, uint32(8)));
    expect(events).toEqual(['premature']);
    await receive(request(3));
    vi.advanceTimersByTime(3_000);
    await receive(frame(RST_STREAM, 0, 3, uint32(8)));
    await receive(request(5));
    asked[2]?.writer.head(200, new HeaderList(), false);
    await receive(frame(RST_STREAM, 0, 5, uint32(8)));
    expect(events).toEqual(['premature']);
  });

  it('takes extended CONNECT where that is allowed', async () => {
    const { asked, receive, written } = serve({ allowConnect: true });
    const fields: Fields = [
      ...GET.map(([name, value]) => [name, name === ':method' ? 'CONNECT' : value] as const),
      [':protocol', 'websocket'],
    ];
    await receive(OPENING, request(1, fields, END_HEADERS));
    expect(asked[0]?.request).toMatchObject({ method: 'GET', upgrade: 'websocket', end: false });
    asked[0]?.writer.head(101, new HeaderList(), false);
    asked[0]?.writer.data(Buffer.from('over'), false);
    expect(await written.take()).toEqual(['headers 1', 'data 1 4']);
    await receive(frame(DATA, END_STREAM, 1, 'back'));
    expect(asked[0]?.heard).toEqual(['data 4 end']);
  });

  it('finds out that a client is gone', async () => {
    const { counters, events, receive, written } = serve({
      keepalive: { interval: 1_000, timeout: 500, jitter: 0, idleInterval: 0 },
    });
    await receive(OPENING);
    vi.advanceTimersByTime(1_000);
    expect(await written.take()).toEqual(['ping']);
    await receive(frame(PING, 1, 0, '12345678'));
    vi.advanceTimersByTime(1_000);
    expect(await written.take()).toEqual(['ping']);
    vi.advanceTimersByTime(500);
    expect(counters.keepalive_timeout.value).toBe(1);
    expect(events).toEqual(['closed']);
  });
});

/** What comes of a request. */
class Answered implements ResponseReceiver {
  readonly heard: string[] = [];

  onReady(): void {
    this.heard.push('ready');
  }

  onInformation(status: number): void {
    this.heard.push(`information ${status}`);
  }

  onHead(status: number, _headers: HeaderList, end: boolean): void {
    this.heard.push(`head ${status}${end ? ' end' : ''}`);
  }

  onData(chunk: Buffer, end: boolean): void {
    this.heard.push(`data ${chunk.length}${end ? ' end' : ''}`);
  }

  onTrailers(): void {
    this.heard.push('trailers');
  }

  onReset(reason: string): void {
    this.heard.push(reason);
  }

  onWritable(): void {
    this.heard.push('writable');
  }
}

function ask(over: Partial<Http2Settings> = {}) {
  const socket = new FakeSocket();
  const events: string[] = [];
  const connection = new Http2ClientConnection(socket.asSocket(), codecOptions(over), {
    onRoom: () => events.push('room'),
    onIdle: () => undefined,
    onGoaway: () => undefined,
    onRetired: () => events.push('retired'),
    onClosed: () => events.push('closed'),
  });
  const written = new Written(socket);
  const receive = async (...bytes: Buffer[]): Promise<string[]> => {
    socket.receive(Buffer.concat(bytes));
    return written.take();
  };
  const start = (end = true, method = 'GET'): Answered & { writer: RequestWriter } => {
    const answered = new Answered();
    const writer = connection.start(answered);
    const headers = new HeaderList();
    writer.head({ method, authority: 'a', path: '/', scheme: 'http', headers, upgrade: '' }, end);
    return Object.assign(answered, { writer });
  };
  return { socket, connection, events, receive, start, written };
}

const SERVER_OPENING = frame(SETTINGS, 0, 0);
const answer = (stream: number, fields: Fields, flags = END_STREAM | END_HEADERS): Buffer =>
  frame(HEADERS, flags, stream, block(fields));
const OK: Fields = [[':status', '200']];

describe('a client', () => {
  it('hears interim answers, head, body and trailers', async () => {
    const { receive, start } = ask();
    const one = start();
    await receive(
      SERVER_OPENING,
      answer(1, [[':status', '103']], END_HEADERS),
      answer(1, OK, END_HEADERS),
      frame(DATA, 0, 1, 'abc'),
      answer(1, [['x-t', '1']]),
    );
    expect(one.heard).toEqual(['information 103', 'head 200', 'data 3', 'trailers']);
  });

  it.each<readonly [string, Buffer]>([
    ['without a status', answer(1, [['x-a', 'b']])],
    ['with a status that is none', answer(1, [[':status', 'abc']])],
    ['that changes the protocol', answer(1, [[':status', '101']], END_HEADERS)],
    ['that ends with an interim one', answer(1, [[':status', '103']])],
    ['with the pseudo headers of a request', answer(1, [...OK, [':path', '/']])],
    ['with upper case', answer(1, [...OK, ['X-A', 'b']])],
    ['with a header of connections', answer(1, [...OK, ['connection', 'close']])],
    ['with a length and no body', answer(1, [...OK, ['content-length', '3']])],
    ['that has a body first', frame(DATA, END_STREAM, 1, 'abc')],
    [
      'with a body longer than its length',
      Buffer.concat([
        answer(1, [...OK, ['content-length', '2']], END_HEADERS),
        frame(DATA, END_STREAM, 1, 'abc'),
      ]),
    ],
    [
      'with a body shorter than its length',
      Buffer.concat([
        answer(1, [...OK, ['content-length', '5']], END_HEADERS),
        frame(DATA, END_STREAM, 1, 'abc'),
      ]),
    ],
  ])('refuses an answer %s', async (_, bytes) => {
    const { receive, start } = ask({ streamErrors: true });
    const one = start();
    expect(await receive(SERVER_OPENING, bytes)).toContain('reset 1 PROTOCOL_ERROR');
    expect(one.heard.at(-1)).toBe('protocol-error');
  });

  it('takes a length without a body where there is none', async () => {
    const { receive, start } = ask();
    const head = start(true, 'HEAD');
    const unchanged = start();
    await receive(
      SERVER_OPENING,
      answer(1, [...OK, ['content-length', '3']]),
      answer(3, [
        [':status', '304'],
        ['content-length', '3'],
      ]),
    );
    expect([head.heard, unchanged.heard]).toEqual([['head 200 end'], ['head 304 end']]);
  });

  it.each([
    [1, 'protocol-error'],
    [2, 'remote-reset'],
    [7, 'remote-refused'],
    [8, 'remote-reset'],
  ] as const)('hears of a reset with code %i as %s', async (number, reason) => {
    const { receive, start } = ask();
    const one = start();
    await receive(SERVER_OPENING, frame(RST_STREAM, 0, 1, uint32(number)));
    expect(one.heard).toEqual([reason]);
  });

  it('asks no more behind GOAWAY; what the server has not begun may be asked elsewhere', async () => {
    const { connection, events, receive, socket, start } = ask();
    const [first, second] = [start(), start()];
    await receive(SERVER_OPENING, frame(GOAWAY, 0, 0, Buffer.concat([uint32(1), uint32(0)])));
    expect([first?.heard, second?.heard]).toEqual([[], ['remote-refused']]);
    expect(events).toEqual(['retired']);
    expect(connection.hasRoom).toBe(false);
    await receive(answer(1, OK));
    expect(first?.heard).toEqual(['head 200 end']);
    expect(socket.ended).toBe(true);
    expect(events).toEqual(['retired', 'closed']);
  });

  it('has as much room as the server says, and no more than the configuration', async () => {
    const { connection, events, receive, start } = ask({ maxConcurrentStreams: 3 });
    start();
    expect(connection.hasRoom).toBe(true);
    await receive(frame(SETTINGS, 0, 0, setting(3, 1)));
    expect(connection.hasRoom).toBe(false);
    await receive(frame(SETTINGS, 0, 0, setting(3, 100)));
    start();
    start();
    expect(connection.hasRoom).toBe(false);
    await receive(answer(1, OK));
    expect(events.at(-1)).toBe('room');
  });

  it('says no more to a server that has answered', async () => {
    const { receive, start, written } = ask();
    const one = start(false, 'POST');
    one.writer.data(Buffer.from('a'), false);
    await written.take();
    expect(await receive(SERVER_OPENING, answer(1, OK))).toEqual(['settings ack', 'reset 1 NO_ERROR']);
    expect(one.writer.data(Buffer.from('b'), true)).toBe(true);
    expect(await written.take()).toEqual([]);
  });

  it.each<readonly [string, Buffer]>([
    ['pushes', frame(PUSH_PROMISE, END_HEADERS, 1, Buffer.concat([uint32(2), block(GET)]))],
    ['answers what nobody asked', answer(3, OK)],
    ['cannot be read', frame(HEADERS, END_HEADERS, 1, [0x80])],
  ])('leaves a server that %s', async (_, bytes) => {
    const { events, receive, start } = ask();
    const one = start(false, 'POST');
    await receive(SERVER_OPENING, bytes);
    expect(one.heard).toEqual(['protocol-error']);
    expect(events).toEqual(['retired', 'closed']);
  });

  it('asks a quiet server whether it is there before it is asked for more', async () => {
    const { events, receive, start, written } = ask({
      keepalive: { interval: 0, timeout: 500, jitter: 0, idleInterval: 1_000 },
    });
    await receive(SERVER_OPENING);
    vi.advanceTimersByTime(2_000);
    const one = start();
    expect(await written.take()).toEqual(['ping', 'headers 1 end']);
    vi.advanceTimersByTime(500);
    expect(one.heard).toEqual(['connection-termination']);
    expect(events).toEqual(['retired', 'closed']);
  });
});

describe('a body that is held', () => {
  it('takes no more room than its bytes, however small its pieces are', () => {
    const held = new HeldBody();
    for (let turn = 0; turn < 20_000; turn++) held.push(Buffer.from([turn % 256]));
    expect(held.bytes).toBe(20_000);
    expect(held.pieces.length).toBe(2);
    const chunks: Buffer[] = [];
    for (let chunk = held.shift(); chunk !== undefined; chunk = held.shift()) chunks.push(chunk);
    expect(chunks.length).toBe(2);
    expect(Buffer.concat(chunks).every((byte, index) => byte === index % 256)).toBe(true);
  });
});
