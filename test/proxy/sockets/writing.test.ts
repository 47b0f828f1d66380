import { once } from 'node:events';
import { expect, test } from 'vitest';
import { mayWriteNow, writeNow } from '../../../src/proxy/sockets/writing.ts';
import { pair, read } from './pair.ts';

test('text and bytes go out at once, and are counted', async () => {
  const [socket, peer] = await pair();
  expect(mayWriteNow(socket, 7)).toBe(true);
  expect(writeNow(socket, 'text \xe4')).toBe(true);
  expect(writeNow(socket, Buffer.from(' bytes'))).toBe(true);
  expect(socket.bytesWritten).toBe(12);
  expect((await read(peer, 12)).toString('latin1')).toBe('text \xe4 bytes');
});

test('what the kernel does not take goes out before what the stream is given, and the stream alone writes until then', async () => {
  const [socket, peer] = await pair();
  const piece = (count: number) => Buffer.alloc(32 * 1024, count & 0xff);
  let count = 0;
  while (mayWriteNow(socket, piece(0).length) && writeNow(socket, piece(count))) count++;
  count++;
  expect(mayWriteNow(socket, 1)).toBe(false);
  while (socket.write(piece(count++)));
  expect(socket.writableLength).toBeGreaterThan(0);
  const wanted = Buffer.concat(Array.from({ length: count }, (_, index) => piece(index)));
  const drained = once(socket, 'drain');
  const got = await read(peer, wanted.length);
  expect(got.equals(wanted)).toBe(true);
  await drained;
  expect(mayWriteNow(socket, 1)).toBe(true);
});

test('nothing is written past a stream that waits, has ended or is gone', async () => {
  const [socket, peer] = await pair();
  expect(mayWriteNow(socket, 64 * 1024)).toBe(false);
  socket.cork();
  socket.write('first');
  expect(mayWriteNow(socket, 1)).toBe(false);
  socket.uncork();
  await read(peer, 5);
  expect(mayWriteNow(socket, 1)).toBe(true);
  socket.end();
  expect(mayWriteNow(socket, 1)).toBe(false);
  const [other] = await pair();
  other.destroy();
  expect(mayWriteNow(other, 1)).toBe(false);
});

test('a peer that is gone ends the socket with an error, as from the stream', async () => {
  const [socket, peer] = await pair();
  const failed = once(socket, 'error') as Promise<[NodeJS.ErrnoException]>;
  peer.resetAndDestroy();
  const timer = setInterval(() => {
    if (mayWriteNow(socket, 1)) writeNow(socket, 'x');
  }, 1);
  const [error] = await failed;
  clearInterval(timer);
  expect(error.code).toMatch(/^(EPIPE|ECONNRESET)$/);
  expect(socket.destroyed).toBe(true);
});
