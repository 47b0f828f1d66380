/** The server's side of HTTP/1.1 where requests come before their turn, on sockets without a network. */

import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { RequestReceiver, ResponseWriter } from '../../../src/proxy/http/codec.ts';
import { HeaderList } from '../../../src/proxy/http/header-list.ts';
import { Http1ServerConnection } from '../../../src/proxy/http1/server-connection.ts';
import { FakeSocket } from './fake-socket.ts';
import { OPTIONS } from './read-requests.ts';

function serve() {
  const socket = new FakeSocket();
  const events: string[] = [];
  const writers: ResponseWriter[] = [];
  const receiver: RequestReceiver = {
    onData: () => undefined,
    onTrailers: () => undefined,
    onReset: (reason) => events.push(reason),
    onRefused: () => events.push('refused'),
    onWritable: () => undefined,
  };
  void new Http1ServerConnection(socket.asSocket(), OPTIONS, {
    onRequest(head, writer) {
      events.push(head.path);
      writers.push(writer);
      return receiver;
    },
    onRefused: () => receiver,
    onHeadTimeout: () => receiver,
    onIdleTimeout: () => undefined,
    onClosed: () => events.push('closed'),
  });
  return {
    events,
    socket,
    ask: (path: string, more = '') =>
      socket.receive(Buffer.from(`GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`)),
    async answer() {
      writers.shift()?.head(200, new HeaderList(), true);
      for (let count = 0; count < 3; count++) await turn();
    },
  };
}

it('a client that leaves is noticed while its next request waits, which is not taken up', async () => {
  const { answer, ask, events, socket } = serve();
  ask('/1');
  ask('/2');
  expect(socket.isPaused()).toBe(false);
  socket.emit('end');
  await answer();
  expect(events).toEqual(['/1', 'connection-termination', 'closed']);
});

it('requests that wait are taken up one after the other, and little of them is read ahead', async () => {
  const { answer, ask, events, socket } = serve();
  ask('/1');
  ask('/2');
  ask('/3', `X: ${'a'.repeat(20_000)}\r\n`);
  expect(socket.isPaused()).toBe(true);
  ask('/4');
  expect(events).toEqual(['/1']);
  await answer();
  expect(events).toEqual(['/1', '/2']);
  await answer();
  await answer();
  expect(events).toEqual(['/1', '/2', '/3', '/4']);
  await answer();
  expect(socket.isPaused()).toBe(false);
});
