/** Bytes that are lent: what holds of them, and for how long. */

import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { keep, readFrom, writeTo } from '../../../src/proxy/sockets/reading.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** Two ends of one connection; the server's has been read from nobody. */
async function pair(): Promise<{ readonly client: Socket; readonly server: Socket }> {
  const listener = createServer({ allowHalfOpen: true });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  const [server] = (await once(listener, 'connection')) as [Socket];
  cleanups.push(() => {
    client.destroy();
    server.destroy();
    listener.close();
  });
  return { client, server };
}

/** Resolves with what was read, when that is so many bytes. */
function reads(socket: Socket, count: number, hold: (bytes: Buffer) => Buffer): Promise<readonly Buffer[]> {
  return new Promise((resolve) => {
    const held: Buffer[] = [];
    let total = 0;
    readFrom(socket, (bytes) => {
      held.push(hold(bytes));
      total += bytes.length;
      if (total >= count) resolve(held);
    });
  });
}

describe('what is read', () => {
  test('stays with whoever keeps it, and with nobody else', async () => {
    const [one, other] = [await pair(), await pair()];
    const kept = reads(one.server, 3, keep);
    const lent = reads(other.server, 3, (bytes) => bytes);
    one.client.write('one');
    expect(String((await kept)[0])).toBe('one');
    other.client.write('two');
    expect(String((await lent)[0])).toBe('two');
    const third = await pair();
    const after = reads(third.server, 5, keep);
    third.client.write('third');
    await after;
    expect(String((await kept)[0])).toBe('one');
    expect(String((await lent)[0])).toBe('thi');
  });

  test('comes behind what had been read before, and ends as the other side ends', async () => {
    const { client, server } = await pair();
    server.unshift('first ');
    const read = reads(server, 12, keep);
    const ended = once(server, 'end');
    client.end('second');
    expect(Buffer.concat(await read).toString()).toBe('first second');
    await ended;
  });

  test('waits while the socket is paused', async () => {
    const { client, server } = await pair();
    const read: string[] = [];
    readFrom(server, (bytes) => {
      read.push(String(bytes));
      server.pause();
    });
    client.write('a');
    await expect.poll(() => read).toEqual(['a']);
    client.write('b');
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(read).toEqual(['a']);
    server.resume();
    await expect.poll(() => read).toEqual(['a', 'b']);
  });
});

test('much of it goes through slow and quick readers as it came, many at a time', async () => {
  const body = randomBytes(6 * 1024 * 1024);
  const sums = await Promise.all(
    Array.from({ length: 12 }, async (_, index) => {
      const [from, to] = [await pair(), await pair()];
      readFrom(from.server, (bytes) => {
        if (writeTo(to.server, bytes)) return;
        from.server.pause();
        to.server.once('drain', () => from.server.resume());
      });
      from.server.once('end', () => to.server.end());
      from.client.end(body);
      const hash = createHash('sha256');
      for await (const chunk of to.client) {
        hash.update(chunk as Buffer);
        // Every other reader lets the writers wait.
        if (index % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      return hash.digest('hex');
    }),
  );
  expect(new Set(sums)).toEqual(new Set([createHash('sha256').update(body).digest('hex')]));
});
