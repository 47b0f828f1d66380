/**
 * Our codec against Node's parser, over inputs that are nearly right. What matters: the requests that we take out of
 * a client's bytes are exactly those that a server takes out of what we send on; and where both parsers accept the
 * client's bytes as they are, they see the same messages. The seed of a failure is in its message.
 */

import { describe, expect, it } from 'vitest';
import { readWithNode } from './node-parser.ts';
import { type ReadRequest, readRequests } from './read-requests.ts';

const INPUTS = 200_000;
const BATCHES = 10;

/** Small, fast, and the same everywhere: mulberry32. */
function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) % below;
  };
}

const LINES = [
  'GET / HTTP/1.1',
  'POST /a?b=c HTTP/1.1',
  'PUT /x HTTP/1.1',
  'HEAD / HTTP/1.1',
  'DELETE /d HTTP/1.1',
  'OPTIONS * HTTP/1.1',
  'GET http://h/p HTTP/1.1',
  'GET / HTTP/1.0',
  'GET  / HTTP/1.1',
  'GET / HTTP/1.2',
  'get / HTTP/1.1',
  'GET /\t HTTP/1.1',
  'GET /',
  'POST http://u@h:80 HTTP/1.1',
  'PATCH /%zz HTTP/1.1',
];
const FIELDS = [
  'Host: a',
  'Host: b.example:80',
  'Content-Length: 3',
  'Content-Length: 5',
  'Content-Length: 0',
  'Content-Length: +3',
  'Content-Length: 3, 3',
  'Content-Length:3',
  'Content-Length : 3',
  'content-length: 03',
  'Content-Length: 0x3',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding:chunked',
  'transfer-encoding: Chunked',
  'Transfer-Encoding: gzip',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding: "chunked"',
  'Transfer-Encoding:\x0bchunked',
  'X: y',
  'X: ',
  'X:y z',
  ' X: folded',
  '\tfolded',
  'X: a\rb',
  'X-A: 1',
  'Connection: close',
  'Connection: keep-alive',
  'Connection: content-length',
  'Connection: transfer-encoding',
  'Connection: x-a, te',
  'TE: trailers',
  'Expect: 100-continue',
  'Cookie: a=b',
  'X\x00: y',
  'X: \x7f',
  'X-\xe9: y',
  ': y',
  'NoColon',
  'Upgrade: foo',
  'Content-Length: 99999999999999999999',
  'Content-Length:',
];
const CHUNKS = [
  '3\r\nabc\r\n',
  '3;x=y\r\nabc\r\n',
  '3 \r\nabc\r\n',
  '03\r\nabc\r\n',
  '3\nabc\n',
  '3\r\nabcX\r\n',
  '3\r\nabc',
  '4\r\nabc\r\n\r\n',
  'A\r\n0123456789\r\n',
  '0x3\r\nabc\r\n',
  '+3\r\nabc\r\n',
  ' 3\r\nabc\r\n',
  '-1\r\n\r\n',
  'g\r\n',
  '\r\n',
  '3;a\rb\r\nabc\r\n',
  '3;a\nabc\r\n',
  'ffffffffffffffff\r\n',
  '10000000000000000\r\n',
  '3\r\n0\r\n\r\n',
];
const LAST = [
  '0\r\n\r\n',
  '0\r\nX: y\r\n\r\n',
  '00\r\n\r\n',
  '0;x\r\n\r\n',
  '0\n\n',
  '0\r\n\n',
  '0\r\nX y: z\r\n\r\n',
  '0\r\nContent-Length: 3\r\n\r\n',
  '',
  '0\r\n',
];
const BODIES = ['', 'abc', 'abcde', '0\r\n\r\n', 'GET /next HTTP/1.1\r\nHost: n\r\n\r\n', '\r\n', 'ab'];
const ENDS = ['\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\n', '\r', '\r\r\n', ''];

function input(random: (below: number) => number): Buffer {
  const pick = (list: readonly string[]): string => list[random(list.length)] ?? '';
  let text = random(12) === 0 ? pick(['\r\n', '\n', ' ']) : '';
  for (let left = 1 + random(3); left > 0; left--) {
    text +=
      (random(3) === 0 ? pick(LINES) : pick(LINES.slice(0, 5))) + (random(20) === 0 ? pick(ENDS) : '\r\n');
    if (random(8) !== 0) text += `Host: a${random(30) === 0 ? pick(ENDS) : '\r\n'}`;
    for (let fields = random(5); fields > 0; fields--) {
      text += pick(FIELDS) + (random(15) === 0 ? pick(ENDS) : '\r\n');
    }
    text += random(25) === 0 ? pick(ENDS) : '\r\n';
    if (random(2) === 0) {
      for (let chunks = random(3); chunks > 0; chunks--)
        text += random(2) === 0 ? '3\r\nabc\r\n' : pick(CHUNKS);
      text += random(2) === 0 ? '0\r\n\r\n' : pick(LAST);
    } else {
      text += pick(BODIES);
    }
  }
  const bytes = Buffer.from(text, 'latin1');
  for (let flips = random(6) === 0 ? random(4) : 0; flips > 0; flips--) {
    if (bytes.length > 0) bytes[random(bytes.length)] = random(256);
  }
  return bytes;
}

/** In pieces, as a network may bring it. */
function pieces(bytes: Buffer, random: (below: number) => number): Buffer[] {
  if (random(2) === 0) return [bytes];
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + 1 + random(random(4) === 0 ? 3 : 60));
    parts.push(bytes.subarray(at, end));
    at = end;
  }
  return parts;
}

/** A request line without a version. */
const OLDEST = /(?:^|\n)[A-Z]+[\0- ]+[^\0- ]+[\0-\t\v- ]*\n/;

function framing({ method, target, body }: ReadRequest): string {
  return JSON.stringify([method, target, body]);
}

/** Why two readings differ in a way that matters; undefined when they do not. */
function disagreement(bytes: Buffer, parts: readonly Buffer[]): string | undefined {
  const ours = readRequests(parts);
  const sent = readWithNode(ours.forwarded);
  if (sent.failed || sent.open)
    return `what is sent on is no HTTP: ${JSON.stringify(ours.forwarded.toString('latin1'))}`;
  const taken = ours.requests.map(framing);
  const understood = sent.requests.map(framing);
  if (taken.join('\n') !== understood.join('\n')) {
    return `the server understands ${understood.join(' ')} where ${taken.join(' ')} was meant`;
  }
  // One reading at once or in pieces is the same.
  const whole = readRequests([bytes]);
  if (whole.requests.map(framing).join('\n') !== taken.join('\n') || whole.refused !== ours.refused) {
    return `in pieces ${taken.join(' ')} (${ours.refused}), at once ${whole.requests.map(framing).join(' ')} (${whole.refused})`;
  }
  // The oldest form is one line to us, as to Envoy, and a head like any other to Node.
  if (OLDEST.test(bytes.toString('latin1'))) return undefined;
  const theirs = readWithNode(bytes);
  if (theirs.failed || ours.refused !== undefined) return undefined;
  const direct = theirs.requests.map(({ body, method }) => JSON.stringify([method, body]));
  const own = ours.requests.map(({ body, method }) => JSON.stringify([method, body]));
  const both = Math.min(direct.length, own.length);
  if (direct.slice(0, both).join('\n') === own.slice(0, both).join('\n')) return undefined;
  return `Node reads ${direct.join(' ')}, we read ${own.join(' ')}`;
}

describe('bytes that are nearly HTTP', () => {
  it.each(Array.from({ length: BATCHES }, (_, batch) => batch))(
    'mean the same to us, to the server behind and to another parser (batch %i)',
    (batch) => {
      let accepted = 0;
      for (let index = 0; index < INPUTS / BATCHES; index++) {
        const seed = batch * INPUTS + index;
        const random = randomOf(seed);
        const bytes = input(random);
        const parts = pieces(bytes, random);
        const problem = disagreement(bytes, parts);
        if (problem !== undefined) {
          throw new Error(`seed ${seed}: ${problem}\n${JSON.stringify(bytes.toString('latin1'))}`);
        }
        if (readRequests(parts).requests.length > 0) accepted++;
      }
      // Inputs that are all refused would show nothing.
      expect(accepted).toBeGreaterThan(INPUTS / BATCHES / 10);
    },
    60_000,
  );
});
