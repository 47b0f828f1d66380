/** The server's side of the codec by its frames: windows, limits, floods and ends, on sockets without a network. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { IncomingRequest, RequestReceiver, ResponseWriter } from '../../../src/proxy/http/codec.ts';
import { Deadlines } from '../../../src/proxy/http/deadlines.ts';
import { HeaderList } from '../../../src/proxy/http/header-list.ts';
import type { Http2Settings } from '../../../src/proxy/http2/options.ts';
import { Http2ServerConnection } from '../../../src/proxy/http2/server-connection.ts';
import { FakeSocket } from '../http1/fake-socket.ts';
import { codecOptions } from './exchanges.ts';
import { Heard } from './heard.ts';
import {
  DATA,
  END_HEADERS,
  END_STREAM,
  type Fields,
  GET,
  HEADERS,
  PING,
  POST,
  PREFACE,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
  block,
  frame,
  request,
  setting,
  uint32,
} from './wire.ts';
import { pass } from './pass.ts';
import { Written } from './written.ts';

const OPENING = Buffer.concat([PREFACE, frame(SETTINGS, 0, 0)]);

/** A request as those above have it. */
class Asked extends Heard implements RequestReceiver {
  readonly request: IncomingRequest;
  readonly writer: ResponseWriter;

  constructor(asked: IncomingRequest, writer: ResponseWriter) {
    super();
    this.request = asked;
    this.writer = writer;
  }

  answer(body: Buffer): boolean {
    this.writer.head(200, new HeaderList(), false);
    return this.writer.data(body, true);
  }

  onRefused(): void {
    this.heard.push('refused');
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
  const receive = (...bytes: Buffer[]): Promise<string[]> => written.receive(...bytes);
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
    // As Envoy does, it gives the client a second to leave by itself.
    expect(socket.ended).toBe(false);
    vi.advanceTimersByTime(1_000);
    expect(socket.destroyed).toBe(true);
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
    await pass(1_100);
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
    await pass(1_100);
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
    expect(socket.ended).toBe(false);
    vi.advanceTimersByTime(1_000);
    expect(socket.destroyed).toBe(true);
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
    await pass(500);
    expect(counters.keepalive_timeout.value).toBe(1);
    expect(events).toEqual(['closed']);
  });
});
