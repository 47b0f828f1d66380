import { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { bufferedUnder } from '../../../src/proxy/stats/buffered-bytes.ts';
import { StatsStore } from '../../../src/proxy/stats/store.ts';

/** Reads nothing and writes nothing by itself. */
const socket = (): Socket =>
  new Duplex({ read: () => undefined, write: () => undefined }) as unknown as Socket;

const shown = (store: StatsStore): Record<string, unknown> =>
  Object.fromEntries(store.rows().map((row) => [row.name, row.kind === 'gauge' ? row.value : undefined]));

test('what waits at connections under one prefix is added up, for as long as anyone has it', () => {
  const store = new StatsStore();
  const [one, other] = [bufferedUnder(store.root, 'tcp.a.'), bufferedUnder(store.root, 'tcp.a.')];
  const [first, second] = [socket(), socket()];
  one.buffered.add(first);
  other.buffered.add(second);
  first.write('12345');
  second.push('abc');
  const waiting = { 'tcp.a.downstream_cx_rx_bytes_buffered': 3, 'tcp.a.downstream_cx_tx_bytes_buffered': 5 };
  expect(shown(store)).toEqual(waiting);
  one.release();
  expect(shown(store)).toEqual(waiting);
  first.emit('close');
  expect(shown(store)).toEqual({ ...waiting, 'tcp.a.downstream_cx_tx_bytes_buffered': 0 });
  other.release();
  expect(shown(store)).toEqual({});
});
