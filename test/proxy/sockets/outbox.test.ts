import fc from 'fast-check';
import { type Socket } from 'node:net';
import { expect, test, vi } from 'vitest';
import { Outbox } from '../../../src/proxy/sockets/outbox.ts';
import { endRound } from '../../../src/proxy/sockets/turn.ts';
import { pair, read } from './pair.ts';

/** How often the socket is written to from now on, whichever way. */
function countWrites(socket: Socket): () => number {
  const handle = Reflect.get(socket, '_handle') as Record<string, (...args: unknown[]) => number>;
  const spies = ['writeBuffer', 'writeLatin1String', 'writev'].map((name) => vi.spyOn(handle, name));
  return () => spies.reduce((sum, { mock }) => sum + mock.calls.length, 0);
}

test('what comes in one round leaves as one at its end', async () => {
  const [socket, peer] = await pair();
  const writes = countWrites(socket);
  const outbox = new Outbox(socket);
  expect(outbox.text('head \xe4 ')).toBe(true);
  expect(outbox.text('head ')).toBe(true);
  expect(outbox.join('5\r\n', Buffer.from('hello'), '\r\n')).toBe(true);
  expect(outbox.text('end')).toBe(true);
  expect(writes()).toBe(0);
  expect((await read(peer, 24)).toString('latin1')).toBe('head \xe4 head 5\r\nhello\r\nend');
  expect(writes()).toBe(1);
});

test('what waits leaves when that is asked for, before the end of the socket', async () => {
  const [socket, peer] = await pair();
  const outbox = new Outbox(socket);
  outbox.text('last words');
  outbox.flush();
  socket.end();
  expect((await read(peer, 100)).toString()).toBe('last words');
});

test('a slot is not used by two at once, and bytes that are changed afterwards leave as they were', async () => {
  const pairs = [await pair(), await pair()] as const;
  const boxes = pairs.map(([socket]) => new Outbox(socket));
  const bytes = Buffer.from('one');
  boxes[0]?.join('', bytes, '');
  bytes.write('two');
  boxes[1]?.join('', bytes, '');
  bytes.fill(0);
  endRound();
  expect((await read(pairs[0][1], 3)).toString()).toBe('one');
  expect((await read(pairs[1][1], 3)).toString()).toBe('two');
});

test('a peer that takes nothing is noticed, and gets all in order once it reads', async () => {
  const [socket, peer] = await pair();
  const outbox = new Outbox(socket);
  const sent: Buffer[] = [];
  for (let count = 0, room = true; room; count++) {
    const piece = Buffer.alloc(48 * 1024, count & 0xff);
    sent.push(Buffer.from(`${count},`), piece);
    outbox.text(`${count},`);
    room = outbox.join('', piece, '');
  }
  sent.push(Buffer.from('the end'));
  expect(outbox.text('the end')).toBe(false);
  endRound();
  const wanted = Buffer.concat(sent);
  expect((await read(peer, wanted.length)).equals(wanted)).toBe(true);
});

test('nothing is written to a socket that is gone', async () => {
  const [socket] = await pair();
  const errors: unknown[] = [];
  socket.on('error', (error) => errors.push(error));
  const outbox = new Outbox(socket);
  outbox.text('too late');
  socket.destroy();
  endRound();
  outbox.join('', Buffer.from('x'), '');
  endRound();
  await new Promise((resolve) => setImmediate(resolve));
  expect(errors).toEqual([]);
});

test('bytes come out as they went in, however they are cut', async () => {
  const sizes = fc.oneof(
    fc.integer({ min: 0, max: 50 }),
    fc.constantFrom(4_095, 4_096, 4_097, 16_384, 16_385, 70_000),
  );
  const step = fc.record({ kind: fc.constantFrom('text', 'join', 'flush', 'round'), size: sizes });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const [socket, peer] = await pair();
      const outbox = new Outbox(socket);
      const sent: Buffer[] = [];
      for (const [index, { kind, size }] of steps.entries()) {
        const bytes = Buffer.alloc(size, index + 1);
        const text = bytes.toString('latin1');
        if (kind === 'text') outbox.text(text);
        else if (kind === 'join') outbox.join(`<${index}`, bytes, '>');
        else if (kind === 'flush') outbox.flush();
        else endRound();
        if (kind === 'text') sent.push(bytes);
        else if (kind === 'join') sent.push(Buffer.from(`<${index}${text}>`, 'latin1'));
      }
      outbox.text('.');
      const wanted = Buffer.concat([...sent, Buffer.from('.')]);
      expect((await read(peer, wanted.length)).equals(wanted)).toBe(true);
    }),
    { numRuns: 60 },
  );
});
