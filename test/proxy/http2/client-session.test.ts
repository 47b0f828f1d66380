/** The client's side of the codec by its frames: answers, resets, limits and ends, on sockets without a network. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RequestWriter, ResponseReceiver } from '../../../src/proxy/http/codec.ts';
import { HeaderList } from '../../../src/proxy/http/header-list.ts';
import { Http2ClientConnection } from '../../../src/proxy/http2/client-session.ts';
import type { Http2Settings } from '../../../src/proxy/http2/options.ts';
import { FakeSocket } from '../http1/fake-socket.ts';
import { codecOptions } from './exchanges.ts';
import { Heard } from './heard.ts';
import {
  DATA,
  END_HEADERS,
  END_STREAM,
  type Fields,
  GET,
  GOAWAY,
  HEADERS,
  PUSH_PROMISE,
  RST_STREAM,
  SETTINGS,
  block,
  frame,
  setting,
  uint32,
} from './wire.ts';
import { pass } from './pass.ts';
import { Written } from './written.ts';

/** What comes of a request. */
class Answered extends Heard implements ResponseReceiver {
  onReady(): void {
    this.heard.push('ready');
  }

  onInformation(status: number): void {
    this.heard.push(`information ${status}`);
  }

  onHead(status: number, _headers: HeaderList, end: boolean): void {
    this.heard.push(`head ${status}${end ? ' end' : ''}`);
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
  const receive = (...bytes: Buffer[]): Promise<string[]> => written.receive(...bytes);
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
beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => vi.useRealTimers());

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
    await pass(500);
    expect(one.heard).toEqual(['connection-termination']);
    expect(events).toEqual(['retired', 'closed']);
  });
});
