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
    socket.once('close', () => this.#sockets.delete(socket));
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

const shared = new WeakMap<StatsScope, Map<string, BufferedBytes>>();

/** Those of everybody under a prefix, as listeners may share one; shown beside the other statistics of `scope`. */
export function bufferedUnder(all: StatsScope, scope: StatsScope): BufferedBytes {
  let byPrefix = shared.get(all);
  if (byPrefix === undefined) shared.set(all, (byPrefix = new Map()));
  let found = byPrefix.get(scope.prefix);
  if (found === undefined) byPrefix.set(scope.prefix, (found = new BufferedBytes('downstream')));
  const buffered = found;
  // Of its own, so that it goes with this scope alone.
  scope.measure({ gauges: () => buffered.gauges() });
  return buffered;
}
