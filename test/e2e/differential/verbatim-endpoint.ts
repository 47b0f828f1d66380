/** An endpoint that keeps what it is asked as it came, byte for byte, and answers with the bytes that the request names. */

import { type AddressInfo, type Server, type Socket, createServer } from 'node:net';

/** Name of the header that holds the answer, as hexadecimal digits. */
export const ANSWER = 'x-answer';

/** Where the message ends that the text begins with; -1 when it is not there yet. */
function endOfMessage(text: string): number {
  const head = text.indexOf('\r\n\r\n') + 4;
  if (head < 4) return -1;
  const fields = text.slice(0, head);
  if (/\r\ntransfer-encoding: chunked\r\n/i.test(fields)) {
    const last = /\r\n0\r\n(?:[^\r\n]+\r\n)*\r\n/.exec(text.slice(head - 2));
    return last === null ? -1 : head - 2 + last.index + last[0].length;
  }
  const end = head + Number(/\r\ncontent-length: (\d+)\r\n/i.exec(fields)?.[1] ?? 0);
  return end <= text.length ? end : -1;
}

export class VerbatimEndpoint {
  /** Whole requests, in the order of their ends. */
  readonly seen: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async start(): Promise<VerbatimEndpoint> {
    const endpoint = new VerbatimEndpoint();
    await new Promise<void>((resolve) => endpoint.#server.listen(0, '127.0.0.1', resolve));
    return endpoint;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  take(): readonly string[] {
    return this.seen.splice(0);
  }

  stop(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    let text = '';
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      for (let end = endOfMessage(text); end >= 0; end = endOfMessage(text)) {
        const request = text.slice(0, end);
        text = text.slice(end);
        this.seen.push(request);
        const digits = new RegExp(`\\r\\n${ANSWER}: ([0-9a-f]*)\\r\\n`, 'i').exec(request)?.[1] ?? '';
        socket.write(Buffer.from(digits, 'hex'));
      }
    });
  }
}
