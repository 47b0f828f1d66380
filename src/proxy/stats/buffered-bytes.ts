/** Bytes that have been read from connections, or are to be written, and wait: counted when someone looks. */

import type { Socket } from 'node:net';
import type { Measured, StatsScope } from './stats.ts';

/** Of one side of connections. */
export type Side = 'downstream' | 'upstream';

export class BufferedBytes implements Measured {
  readonly #side: Side;
  readonly #sockets = new Set<Socket>();

  constructor(side: Side) {
    this.#side = side;
  }

  /** For as long as the connection is there. */
  add(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
  }

  *gauges(): IterableIterator<readonly [name: string, value: number]> {
    let [received, sent] = [0, 0];
    for (const socket of this.#sockets) {
      received += socket.readableLength;
      sent += socket.writableLength;
    }
    yield [`${this.#side}_cx_rx_bytes_buffered`, received];
    yield [`${this.#side}_cx_tx_bytes_buffered`, sent];
  }
}

interface Shared {
  readonly buffered: BufferedBytes;
  readonly scope: StatsScope;
  users: number;
}

const shared = new WeakMap<StatsScope, Map<string, Shared>>();

/** One of those who count under a prefix, as versions of listeners share one. */
export interface BufferedShare {
  readonly buffered: BufferedBytes;
  /** Shown no longer, once all have let go. To be called once. */
  release(): void;
}

/** `all`: all statistics; `prefix` as `tcp.NAME.`. */
export function bufferedUnder(all: StatsScope, prefix: string): BufferedShare {
  let byPrefix = shared.get(all);
  if (byPrefix === undefined) shared.set(all, (byPrefix = new Map()));
  const others = byPrefix;
  const one = others.get(prefix) ?? open(all, prefix);
  others.set(prefix, one);
  one.users++;
  return {
    buffered: one.buffered,
    release() {
      if (--one.users > 0) return;
      others.delete(prefix);
      one.scope.release();
    },
  };
}

function open(all: StatsScope, prefix: string): Shared {
  const buffered = new BufferedBytes('downstream');
  const scope = all.scope(prefix);
  scope.measure(buffered);
  return { buffered, scope, users: 0 };
}
