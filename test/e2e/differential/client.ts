/** What a client sends to a proxy, and what it gets. */

import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { type Socket, connect } from 'node:net';

export interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly host: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
  /** In chunks, without a length. */
  readonly chunked?: boolean;
  readonly trailers?: Readonly<Record<string, string>>;
  readonly protocol?: 'http1' | 'http2';
}

export interface Got {
  /** 0 when no answer came. */
  readonly status: number;
  /** Names in lower case; values of one name in their order, with ` & ` between. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly trailers: Readonly<Record<string, string>>;
  /** `whole`, or how it went wrong. */
  readonly end: 'whole' | 'cut' | 'refused';
}

const NOTHING: Got = { status: 0, headers: {}, body: '', trailers: {}, end: 'refused' };
/** Milliseconds. */
const PATIENCE = 20_000;

function joined(raw: readonly string[]): Record<string, string> {
  const all = new Map<string, string[]>();
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    all.set(name, [...(all.get(name) ?? []), raw[index + 1] ?? '']);
  }
  return Object.fromEntries(
    [...all].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, values]) => [name, values.join(' & ')]),
  );
}

export function send(port: number, sent: Sent): Promise<Got> {
  return sent.protocol === 'http2' ? overHttp2(port, sent) : overHttp1(port, sent);
}

function overHttp1(
  port: number,
  { method = 'GET', path = '/', host, headers = [], body, chunked, trailers }: Sent,
): Promise<Got> {
  return new Promise((resolve) => {
    const all = ['host', host, ...headers.flat()];
    const hasTrailers = trailers !== undefined;
    if (chunked === true || hasTrailers) all.push('transfer-encoding', 'chunked');
    else if (body !== undefined) all.push('content-length', String(Buffer.byteLength(body)));
    if (!headers.some(([name]) => name.toLowerCase() === 'connection')) all.push('connection', 'close');
    const call = httpRequest({
      host: '127.0.0.1',
      port,
      method,
      path,
      headers: all,
      agent: false,
      timeout: PATIENCE,
    });
    call.on('timeout', () => call.destroy());
    call.on('error', () => resolve(NOTHING));
    call.on('response', (response) => {
      const chunks: Buffer[] = [];
      const done = (end: Got['end']) =>
        resolve({
          status: response.statusCode ?? 0,
          headers: joined(response.rawHeaders),
          body: Buffer.concat(chunks).toString('latin1'),
          trailers: joined(response.rawTrailers),
          end,
        });
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => done(response.complete ? 'whole' : 'cut'));
      response.on('error', () => done('cut'));
    });
    call.on('connect', (response, socket) => {
      socket.destroy();
      resolve({
        ...NOTHING,
        status: response.statusCode ?? 0,
        headers: joined(response.rawHeaders),
        end: 'whole',
      });
    });
    call.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve({
        ...NOTHING,
        status: response.statusCode ?? 0,
        headers: joined(response.rawHeaders),
        end: 'whole',
      });
    });
    if (hasTrailers) call.addTrailers(trailers);
    if (chunked === true && body !== undefined) {
      const middle = Math.ceil(body.length / 2);
      call.write(body.slice(0, middle));
      call.end(body.slice(middle));
    } else {
      call.end(body);
    }
  });
}

function overHttp2(
  port: number,
  { method = 'GET', path = '/', host, headers = [], body, trailers }: Sent,
): Promise<Got> {
  return new Promise((resolve) => {
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    const finish = (got: Got) => {
      session.destroy();
      resolve(got);
    };
    session.on('error', () => finish(NOTHING));
    const all: Record<string, string | string[]> = { ':method': method, ':path': path, ':authority': host };
    for (const [name, value] of headers) {
      const before = all[name.toLowerCase()];
      all[name.toLowerCase()] = before === undefined ? value : [before, value].flat();
    }
    const stream = session.request(all, {
      endStream: body === undefined && trailers === undefined,
      waitForTrailers: trailers !== undefined,
    });
    let got: Got = NOTHING;
    const chunks: Buffer[] = [];
    let isCut = false;
    stream.setTimeout(PATIENCE, () => stream.close());
    stream.on('response', (_headers, _flags, raw: readonly string[]) => {
      const all = joined(raw);
      const { ':status': status, ...rest } = all;
      got = { ...got, status: Number(status), headers: rest };
    });
    stream.on(
      'trailers',
      (_trailers, _flags, raw: readonly string[]) => (got = { ...got, trailers: joined(raw) }),
    );
    stream.on('wantTrailers', () => stream.sendTrailers(trailers ?? {}));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', () => (isCut = true));
    stream.on('close', () => {
      const isWhole = stream.rstCode === 0 && !isCut;
      const end = isWhole ? 'whole' : got.status === 0 ? 'refused' : 'cut';
      finish({ ...got, body: Buffer.concat(chunks).toString('latin1'), end });
    });
    if (body !== undefined || trailers !== undefined) stream.end(body);
  });
}

/**
 * Resolves when the proxy has taken from the kernel what was written so far, so that the next piece is one of its own; and
 * when the connection is no more.
 */
async function hasBeenRead(socket: Socket, port: number): Promise<void> {
  const hex = (number: number): string => number.toString(16).toUpperCase().padStart(4, '0');
  const own = hex(socket.localPort ?? 0);
  const ends = [`:${own} \\S+:${hex(port)}`, `:${hex(port)} \\S+:${own}`];
  // Local address, remote address, state, and the bytes that wait to be sent and to be read.
  const rows = ends.map((end) => new RegExp(`${end} \\S+ ([0-9A-F]+):([0-9A-F]+)`));
  for (const end = Date.now() + PATIENCE; !socket.destroyed && Date.now() < end;) {
    const table = readFileSync('/proc/net/tcp', 'latin1');
    const [sent, received] = rows.map((row) => row.exec(table));
    if (sent == null || received == null) return;
    if (Number(`0x${sent[1]}`) === 0 && Number(`0x${received[2]}`) === 0) return;
    await new Promise((next) => setTimeout(next, 1));
  }
}

/**
 * Lets this process read what has come to it. Where it was busy for longer than a timer was to take, the timer is over
 * before what came meanwhile is read; and endpoints, which are in this process, have not answered yet.
 */
export async function allIsRead(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((next) => setImmediate(next));
}

/** Rounds without news after which none is to come. */
const QUIET_ROUNDS = 2;

/**
 * Bytes as they are, on a connection of their own; resolves with what came back when it ends, or when the proxy has read all
 * of them and nothing more is to come. `round` asks the same thread of the proxy, on another connection, for something that
 * it has to ask an endpoint of this process for, and resolves with the answer: by then whatever the bytes had set going has
 * come at least as far.
 */
export function sendBytes(
  port: number,
  bytes: string | readonly string[],
  round: () => Promise<unknown>,
): Promise<string> {
  const pieces = typeof bytes === 'string' ? [bytes] : bytes;
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    const done = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(text);
    };
    const timer = setTimeout(done, PATIENCE);
    const isQuiet = async () => {
      for (let quiet = 0; quiet < QUIET_ROUNDS && !socket.destroyed;) {
        const before = text.length;
        await round();
        await allIsRead();
        quiet = text.length === before ? quiet + 1 : 0;
      }
    };
    socket.on('connect', () => {
      void (async () => {
        for (const piece of pieces) {
          socket.write(piece, 'latin1');
          await hasBeenRead(socket, port);
        }
        await isQuiet();
        done();
      })();
    });
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.on('end', done);
    socket.on('error', done);
  });
}
