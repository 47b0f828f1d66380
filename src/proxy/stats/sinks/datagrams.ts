/** Sends lines to one address, each in a datagram of its own. What does not arrive is not missed. */

import { type Socket, createSocket } from 'node:dgram';
import type { SocketPlace } from '../../address.ts';

export class Datagrams {
  readonly #place: SocketPlace;
  #socket: Socket | undefined;
  #isClosed = false;

  constructor(place: SocketPlace) {
    this.#place = place;
  }

  send(line: string): void {
    this.#send(line, () => undefined);
  }

  /** Sends these too, then closes; resolves when all have gone. */
  async close(last: readonly string[]): Promise<void> {
    if (this.#isClosed) return;
    await Promise.all(last.map((line) => new Promise<void>((resolve) => this.#send(line, resolve))));
    this.#isClosed = true;
    this.#socket?.close();
  }

  #send(line: string, onSent: () => void): void {
    if (this.#isClosed) {
      onSent();
      return;
    }
    const { ip, port } = this.#place;
    this.#socket ??= open(this.#place);
    this.#socket.send(line, port, ip, () => onSent());
  }
}

function open({ ip }: SocketPlace): Socket {
  const family = ip.includes(':') ? 6 : 4;
  const socket = createSocket({
    type: `udp${family}`,
    // It is an address already.
    lookup: (_, __, found) => found(null, ip, family),
  });
  socket.on('error', () => undefined);
  return socket.unref();
}
