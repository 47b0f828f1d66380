/** An endpoint that answers each request with the bytes that it names. */

import { type Server, createServer } from 'node:net';

/** In hexadecimal digits, or `TOLD_BACK`. */
export const ANSWER_HEADER = 'x-raw';

/** The answer is the head of the request, and `next` behind it. It is a refusal, whose body passes whatever was asked for. */
export const TOLD_BACK = 'head';

/** Requests have no body here. */
export function rawBackend(): Server {
  return createServer((socket) => {
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        const head = text.slice(0, end);
        text = text.slice(end + 4);
        if (head.includes(`\r\n${ANSWER_HEADER}: ${TOLD_BACK}\r\n`)) {
          const told = `${head}\r\n\r\nnext`;
          socket.write(`HTTP/1.1 403 Forbidden\r\ncontent-length: ${told.length}\r\n\r\n${told}`, 'latin1');
          continue;
        }
        const asked = /\r\nx-raw: ([0-9a-f]*)/.exec(head)?.[1];
        socket.write(
          asked === undefined
            ? 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nnext'
            : Buffer.from(asked, 'hex'),
        );
      }
    });
  });
}
