/** Servers behind a proxy that carries connections: HTTP/1.1 byte by byte, HTTP/2 stream by stream, or no HTTP at all. */

import { type Http2Server, type ServerHttp2Stream, createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { eventually } from '../../peers/run-envoy.ts';

export type FarKind = 'http1' | 'http2' | 'tcp';

export type Ending = 'open' | 'end' | 'reset';

/** One end of a byte stream: what came to it, how that ended, and what it says itself. */
export abstract class End {
  text = '';
  ending: Ending = 'open';
  /** Nothing goes either way any longer. */
  closed = false;

  abstract write(text: string): void;
  abstract end(): void;
  abstract reset(): void;
  abstract destroy(): void;

  /** Waits for text to have come. */
  async has(text: string): Promise<void> {
    await eventually(
      () => this.text,
      (all) => all.includes(text),
    );
  }

  async length(characters: number): Promise<void> {
    await eventually(
      () => this.text.length,
      (length) => length >= characters,
    );
  }

  /** Waits until the other side has said all, or is gone. */
  async ended(): Promise<void> {
    await eventually(
      () => this.ending,
      (ending) => ending !== 'open',
    );
  }

  async isClosed(): Promise<void> {
    await eventually(
      () => this.closed,
      (closed) => closed,
    );
  }
}

export class SocketEnd extends End {
  readonly socket: Socket;

  constructor(socket: Socket) {
    super();
    this.socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => (this.text += text));
    socket.on('end', () => {
      if (this.ending === 'open') this.ending = 'end';
    });
    socket.on('error', () => (this.ending = 'reset'));
    socket.on('close', () => (this.closed = true));
  }

  static dial(port: number): SocketEnd {
    return new SocketEnd(connect({ port, host: '127.0.0.1', allowHalfOpen: true }));
  }

  write(text: string): void {
    this.socket.write(text, 'latin1');
  }

  end(): void {
    this.socket.end();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** A request at a server. */
export abstract class FarEnd extends End {
  /** The head of the request. */
  abstract head(): Promise<string>;
  /** What came after the head. */
  abstract body(): string;
  abstract answer(status: number, headers?: Readonly<Record<string, string>>, end?: boolean): void;
}

/** Fields as lines in the order of their names, the values of one name together. */
function inOrder(fields: readonly (readonly string[] | readonly [string?, string?])[]): string[] {
  const all = new Map<string, string>();
  for (const [name = '', value = ''] of fields) {
    const before = all.get(name);
    all.set(name, before === undefined ? value : `${before},${value}`);
  }
  return [...all].map(([name, value]) => `${name}: ${value}`).sort();
}

class FarSocket extends FarEnd {
  readonly #end: SocketEnd;

  constructor(socket: Socket) {
    super();
    this.#end = new SocketEnd(socket);
  }

  override async ended(): Promise<void> {
    await this.#end.ended();
    this.ending = this.#end.ending;
  }

  override async isClosed(): Promise<void> {
    await this.#end.isClosed();
    this.ending = this.#end.ending;
    this.closed = true;
  }

  override has(text: string): Promise<void> {
    return this.#end.has(text);
  }

  override length(characters: number): Promise<void> {
    return this.#end.length(characters);
  }

  async head(): Promise<string> {
    await this.#end.has('\r\n\r\n');
    const [line = '', ...fields] = this.#end.text.slice(0, this.#end.text.indexOf('\r\n\r\n')).split('\r\n');
    return [line, ...inOrder(fields.map((field) => field.split(': ', 2)))].join('\n');
  }

  body(): string {
    const blank = this.#end.text.indexOf('\r\n\r\n');
    return blank < 0 ? this.#end.text : this.#end.text.slice(blank + 4);
  }

  answer(status: number, headers: Readonly<Record<string, string>> = {}, end = false): void {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    this.write(`HTTP/1.1 ${status} So\r\n${lines.join('')}\r\n`);
    if (end) this.end();
  }

  write(text: string): void {
    this.#end.write(text);
  }

  end(): void {
    this.#end.end();
  }

  reset(): void {
    this.#end.reset();
  }

  destroy(): void {
    this.#end.destroy();
  }
}

class FarStream extends FarEnd {
  readonly #stream: ServerHttp2Stream;
  readonly #head: string;
  #trailers = '';

  constructor(stream: ServerHttp2Stream, raw: readonly string[]) {
    super();
    this.#stream = stream;
    const pairs: [string?, string?][] = [];
    for (let index = 0; index + 1 < raw.length; index += 2) pairs.push([raw[index], raw[index + 1]]);
    this.#head = inOrder(pairs).join('\n');
    stream.setEncoding('latin1');
    stream.on('data', (text: string) => (this.text += text));
    stream.on('end', () => {
      if (this.ending === 'open' && stream.rstCode === 0) this.ending = 'end';
    });
    stream.on('error', () => undefined);
    stream.on('aborted', () => (this.ending = 'reset'));
    stream.on('trailers', (trailers: Record<string, unknown>) => {
      this.#trailers = JSON.stringify(trailers);
    });
    stream.on('close', () => {
      if (stream.rstCode !== 0) this.ending = 'reset';
      this.closed = true;
    });
  }

  head(): Promise<string> {
    return Promise.resolve(this.#head);
  }

  body(): string {
    return this.text + this.#trailers;
  }

  answer(status: number, headers: Readonly<Record<string, string>> = {}, end = false): void {
    this.#stream.respond({ ':status': status, ...headers }, { endStream: end, waitForTrailers: !end });
    if (!end) this.#stream.on('wantTrailers', () => this.#stream.sendTrailers(this.trailers));
  }

  /** Sent with the end of the answer. */
  trailers: Record<string, string> = {};

  write(text: string): void {
    this.#stream.write(text, 'latin1');
  }

  end(): void {
    this.#stream.end();
  }

  reset(): void {
    this.#stream.close(8);
  }

  destroy(): void {
    this.#stream.session?.destroy();
  }
}

/** A server whose requests a test takes one by one. */
export class FarServer {
  readonly #server: Server | Http2Server;
  readonly #waiting: FarEnd[] = [];
  readonly #all: FarEnd[] = [];
  readonly port: number;

  private constructor(server: Server | Http2Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async start(kind: FarKind): Promise<FarServer> {
    const server =
      kind === 'http2'
        ? createHttp2Server({ settings: { enableConnectProtocol: true } })
        : createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const far = new FarServer(server, (server.address() as AddressInfo).port);
    if (kind === 'http2') {
      server.on('stream', (stream: ServerHttp2Stream, _headers: unknown, _flags: number, raw: string[]) =>
        far.#take(new FarStream(stream, raw)),
      );
      server.on('sessionError', () => undefined);
    } else {
      server.on('connection', (socket: Socket) => far.#take(new FarSocket(socket)));
    }
    return far;
  }

  #take(end: FarEnd): void {
    this.#waiting.push(end);
    this.#all.push(end);
  }

  /** The next connection or stream, that nobody has taken yet. */
  async next(): Promise<FarEnd> {
    await eventually(
      () => this.#waiting.length,
      (count) => count > 0,
    );
    const [end] = this.#waiting.splice(0, 1);
    if (end === undefined) throw new Error('nobody came');
    return end;
  }

  /** How many have come so far. */
  get count(): number {
    return this.#all.length;
  }

  stop(): void {
    for (const end of this.#all) end.destroy();
    this.#server.close();
  }
}
