/** Clients that ask a proxy for a byte stream, in HTTP/1.1 or HTTP/2. */

import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2 } from 'node:http2';
import { End, SocketEnd } from './far-ends.ts';
import { eventually } from '../../peers/run-envoy.ts';

export interface Opening {
  readonly method: string;
  readonly authority: string;
  /** Of methods other than CONNECT, and of extended CONNECT. */
  readonly path?: string;
  /** The protocol to go over to. */
  readonly protocol?: string;
}

export abstract class ConnectClient extends End {
  /** The status of the answer; 0 when there is none. */
  abstract status(): Promise<number>;
  /** What came after the head of the answer. */
  abstract body(): string;
}

class Http1Client extends ConnectClient {
  readonly #end: SocketEnd;

  constructor(port: number, { method, authority, path, protocol }: Opening) {
    super();
    this.#end = SocketEnd.dial(port);
    const upgrade = protocol === undefined ? '' : `connection: upgrade\r\nupgrade: ${protocol}\r\n`;
    const framing = method === 'POST' ? 'transfer-encoding: chunked\r\n' : '';
    this.#end.write(
      `${method} ${path ?? authority} HTTP/1.1\r\nhost: ${authority}\r\n${upgrade}${framing}\r\n`,
    );
  }

  override has(text: string): Promise<void> {
    return this.#end.has(text);
  }

  override async ended(): Promise<void> {
    await this.#end.ended();
    this.ending = this.#end.ending;
  }

  async status(): Promise<number> {
    await eventually(
      () => this.#end.text.includes('\r\n\r\n') || this.#end.ending !== 'open',
      (isThere) => isThere,
    );
    return Number(/^HTTP\/1\.1 (\d+)/.exec(this.#end.text)?.[1] ?? 0);
  }

  body(): string {
    const blank = this.#end.text.indexOf('\r\n\r\n');
    return blank < 0 ? '' : this.#end.text.slice(blank + 4);
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

class Http2Client extends ConnectClient {
  readonly #session: ClientHttp2Session;
  #stream: ClientHttp2Stream | undefined;
  #status = 0;
  #isDone = false;

  constructor(port: number, opening: Opening) {
    super();
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    this.#session = session;
    session.on('error', () => (this.#isDone = true));
    // Extended CONNECT is allowed once the server has said so.
    session.once('remoteSettings', () => this.#open(opening));
  }

  #open({ method, authority, path, protocol }: Opening): void {
    const stream = this.#session.request(
      {
        ':method': protocol === undefined ? method : 'CONNECT',
        ':authority': authority,
        ...(path === undefined ? {} : { ':path': path, ':scheme': 'http' }),
        ...(protocol === undefined ? {} : { ':protocol': protocol }),
      },
      { endStream: false },
    );
    this.#stream = stream;
    stream.setEncoding('latin1');
    stream.on('response', (headers) => (this.#status = Number(headers[':status'])));
    stream.on('data', (text: string) => (this.text += text));
    stream.on('end', () => {
      if (this.ending === 'open' && stream.rstCode === 0) this.ending = 'end';
    });
    stream.on('error', () => undefined);
    stream.on('close', () => {
      if (stream.rstCode !== 0) this.ending = 'reset';
      this.#isDone = true;
      this.closed = true;
    });
  }

  async status(): Promise<number> {
    await eventually(
      () => this.#status !== 0 || this.#isDone,
      (isThere) => isThere,
    );
    return this.#status;
  }

  body(): string {
    return this.text;
  }

  write(text: string): void {
    this.#stream?.write(text, 'latin1');
  }

  end(): void {
    this.#stream?.end();
  }

  reset(): void {
    this.#stream?.close(8);
  }

  destroy(): void {
    this.#session.destroy();
  }
}

export function openConnect(protocol: 'http1' | 'http2', port: number, opening: Opening): ConnectClient {
  return protocol === 'http1' ? new Http1Client(port, opening) : new Http2Client(port, opening);
}
