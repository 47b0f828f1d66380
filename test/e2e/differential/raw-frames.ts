/** What a client may send over HTTP/2, rightly and wrongly. */

import {
  ACK,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  GET,
  GOAWAY,
  HEADERS,
  PADDED,
  PING,
  POST,
  PREFACE,
  PRIORITY,
  PUSH_PROMISE,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
  WITH_PRIORITY,
  block,
  field,
  type Fields,
  frame,
  indexedField,
  request,
  setting,
  uint32,
} from '../../proxy/http2/wire.ts';

export type Listener = 'plain' | 'few' | 'lenient' | 'no-underscores';

export interface RawFrames {
  readonly title: string;
  readonly bytes: Buffer;
  /** Streams whose end is waited for. */
  readonly awaited: readonly number[];
  readonly listener: Listener;
  /** In place of a preface and SETTINGS. */
  readonly opening?: Buffer;
}

const WHOLE = END_STREAM | END_HEADERS;
const CANCEL = uint32(8);
const NEVER = withValue(GET, ':path', '/never');

/** The fields with another value of one of them. */
function withValue(fields: Fields, name: string, value: string): Fields {
  return fields.map(([one, before]) => [one, one === name ? value : before]);
}

function without(fields: Fields, name: string): Fields {
  return fields.filter(([one]) => one !== name);
}

function times(count: number, make: (index: number) => Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, index) => make(index)));
}

const numbered = (count: number, name: string): Fields =>
  Array.from({ length: count }, (_, index) => [`${name}${index}`, 'v']);

const priority = (stream: number, on: number): Buffer =>
  frame(PRIORITY, 0, stream, Buffer.concat([uint32(on), Buffer.from([1])]));

const windowUpdate = (stream: number, octets: number): Buffer =>
  frame(WINDOW_UPDATE, 0, stream, uint32(octets));

const post = (...more: Buffer[]): Buffer => Buffer.concat([request(1, POST, END_HEADERS), ...more]);

type Case = readonly [title: string, bytes: Buffer, awaited?: readonly number[]];

/** Frames in states and sizes that may be or not. */
const FRAMES: readonly Case[] = [
  ['DATA on no stream', frame(DATA, END_STREAM, 0, 'x')],
  ['DATA on a stream that has not begun', frame(DATA, END_STREAM, 1, 'x')],
  ['HEADERS on no stream', frame(HEADERS, WHOLE, 0, block(GET))],
  ['HEADERS on an even stream', request(2)],
  ['HEADERS on a stream below the last', Buffer.concat([request(5), request(3)]), [5]],
  ['HEADERS behind the end of a stream', Buffer.concat([request(1, NEVER), request(1)])],
  ['HEADERS on the last stream of all', request(2 ** 31 - 1), [2 ** 31 - 1]],
  ['HEADERS with the reserved bit', frame(HEADERS, WHOLE, 2 ** 31 + 1, block(GET)), [1]],
  ['DATA behind the end of a stream', Buffer.concat([request(1, NEVER), frame(DATA, 0, 1, 'x')])],
  ['DATA behind a reset', post(frame(RST_STREAM, 0, 1, CANCEL), frame(DATA, 0, 1, 'x'))],
  ['RST_STREAM on a stream that has not begun', frame(RST_STREAM, 0, 1, CANCEL)],
  ['RST_STREAM on no stream', frame(RST_STREAM, 0, 0, CANCEL)],
  ['RST_STREAM of a wrong size', post(frame(RST_STREAM, 0, 1, 'xyz'))],
  ['WINDOW_UPDATE on a stream that has not begun', windowUpdate(1, 8)],
  ['WINDOW_UPDATE of nothing', windowUpdate(0, 0)],
  ['WINDOW_UPDATE of nothing on a stream', post(windowUpdate(1, 0))],
  ['WINDOW_UPDATE beyond the largest window', windowUpdate(0, 2 ** 31 - 1)],
  ['WINDOW_UPDATE beyond the largest window of a stream', post(windowUpdate(1, 2 ** 31 - 1))],
  ['WINDOW_UPDATE of a wrong size', frame(WINDOW_UPDATE, 0, 0, 'xyz')],
  ['PRIORITY of a stream that has not begun', priority(3, 0)],
  ['PRIORITY that depends on itself', priority(3, 3)],
  ['PRIORITY on no stream', priority(0, 3)],
  ['PRIORITY of a wrong size', frame(PRIORITY, 0, 3, 'xyz')],
  [
    'HEADERS with a priority',
    frame(HEADERS, WHOLE | WITH_PRIORITY, 1, Buffer.concat([uint32(0), Buffer.from([1]), block(GET)])),
    [1],
  ],
  [
    'HEADERS that depend on themselves',
    frame(HEADERS, WHOLE | WITH_PRIORITY, 1, Buffer.concat([uint32(1), Buffer.from([1]), block(GET)])),
  ],
  [
    'HEADERS with padding',
    frame(HEADERS, WHOLE | PADDED, 1, Buffer.concat([Buffer.from([3]), block(GET), Buffer.alloc(3)])),
    [1],
  ],
  [
    'HEADERS with more padding than there is',
    frame(HEADERS, WHOLE | PADDED, 1, Buffer.concat([Buffer.from([255]), block(GET)])),
  ],
  ['HEADERS with padding and nothing else', frame(HEADERS, WHOLE | PADDED, 1)],
  ['DATA with padding', post(frame(DATA, END_STREAM | PADDED, 1, [2, 97, 0, 0])), [1]],
  ['DATA with more padding than there is', post(frame(DATA, END_STREAM | PADDED, 1, [4, 97, 0, 0]))],
  ['DATA of nothing but padding', post(frame(DATA, END_STREAM | PADDED, 1, [3, 0, 0, 0])), [1]],
  ['SETTINGS on a stream', frame(SETTINGS, 0, 1)],
  ['SETTINGS of a wrong size', frame(SETTINGS, 0, 0, 'xyz')],
  ['SETTINGS that are acknowledged with a payload', frame(SETTINGS, ACK, 0, setting(4, 100))],
  ['SETTINGS of pushes', frame(SETTINGS, 0, 0, setting(2, 2))],
  ['SETTINGS of a window that is too large', frame(SETTINGS, 0, 0, setting(4, 2 ** 31))],
  ['SETTINGS of frames that are too small', frame(SETTINGS, 0, 0, setting(5, 16_383))],
  ['SETTINGS of frames that are too large', frame(SETTINGS, 0, 0, setting(5, 2 ** 24))],
  ['SETTINGS of a protocol that may be a little', frame(SETTINGS, 0, 0, setting(8, 2))],
  ['SETTINGS that nobody knows', Buffer.concat([frame(SETTINGS, 0, 0, setting(99, 5)), request(1)]), [1]],
  ['PING of a wrong size', frame(PING, 0, 0, 'xyz')],
  ['PING on a stream', frame(PING, 0, 1, '12345678')],
  ['GOAWAY on a stream', frame(GOAWAY, 0, 1, Buffer.alloc(8))],
  ['GOAWAY of a wrong size', frame(GOAWAY, 0, 0, Buffer.alloc(7))],
  ['a request behind GOAWAY', Buffer.concat([frame(GOAWAY, 0, 0, Buffer.alloc(8)), request(1)]), [1]],
  ['PUSH_PROMISE', post(frame(PUSH_PROMISE, END_HEADERS, 1, Buffer.concat([uint32(2), block(GET)])))],
  ['CONTINUATION of nothing', frame(CONTINUATION, END_HEADERS, 1, block(GET))],
  [
    'CONTINUATION',
    Buffer.concat([
      frame(HEADERS, END_STREAM, 1, block(GET).subarray(0, 10)),
      frame(CONTINUATION, END_HEADERS, 1, block(GET).subarray(10)),
    ]),
    [1],
  ],
  [
    'CONTINUATION of another stream',
    Buffer.concat([frame(HEADERS, END_STREAM, 1, block(GET)), frame(CONTINUATION, END_HEADERS, 3)]),
  ],
  [
    'DATA within a header block',
    Buffer.concat([frame(HEADERS, 0, 1, block(GET)), frame(DATA, END_STREAM, 1, 'x')]),
  ],
  [
    'an unknown frame within a header block',
    Buffer.concat([frame(HEADERS, 0, 1, block(GET)), frame(99, 1, 1, 'x')]),
  ],
  ['an unknown frame', Buffer.concat([frame(99, 7, 1, 'xx'), request(1)]), [1]],
  ['DATA that are too large', frame(DATA, 0, 1, Buffer.alloc(16_385))],
  ['HEADERS that are too large', frame(HEADERS, WHOLE, 1, Buffer.alloc(16_385))],
  ['an unknown frame that is too large', frame(99, 5, 1, Buffer.alloc(16_385))],
  [
    'a window of nothing',
    Buffer.concat([frame(SETTINGS, 0, 0, setting(4, 0)), request(1), windowUpdate(1, 9)]),
    [1],
  ],
  [
    'a window of nothing that is widened by SETTINGS',
    Buffer.concat([
      frame(SETTINGS, 0, 0, setting(4, 0)),
      request(1),
      frame(SETTINGS, 0, 0, setting(4, 1_000)),
    ]),
    [1],
  ],
  [
    'a table of nothing',
    Buffer.concat([frame(SETTINGS, 0, 0, setting(1, 0)), request(1), request(3)]),
    [1, 3],
  ],
];

const BLOCKS: readonly Case[] = (
  [
    ['an index that nothing has', Buffer.from([0xff, 0xff, 0xff, 0x7f])],
    ['the index 0', Buffer.from([0x80])],
    ['a string that is cut', Buffer.from([0, 5, 97])],
    ['a table that changes late', Buffer.concat([block(GET), Buffer.from([0x20])])],
    ['a table that is too large', Buffer.concat([Buffer.from([0x3f, 0xff, 0xff, 3]), block(GET)])],
    [
      'the end in a Huffman code',
      Buffer.concat([block(GET), Buffer.from([0, 1, 97, 0x84, 255, 255, 255, 255])]),
    ],
    ['a Huffman code with wrong padding', Buffer.concat([block(GET), Buffer.from([0, 1, 97, 0x81, 0x18])])],
  ] as const
).map(([title, bytes]): Case => [`a header block with ${title}`, frame(HEADERS, WHOLE, 1, bytes)]);

/** Requests by their fields; a second request shows whether the connection goes on. */
const REQUESTS: readonly Case[] = (
  [
    ['upper case in a name', [...GET, ['X-A', 'b']]],
    ['an empty name', [...GET, ['', 'b']]],
    ['a space in a name', [...GET, ['x a', 'b']]],
    ['a line feed in a value', [...GET, ['x-a', 'b\nc']]],
    ['a carriage return in a value', [...GET, ['x-a', 'b\rc']]],
    ['NUL in a value', [...GET, ['x-a', 'b\0c']]],
    ['a control character in a value', [...GET, ['x-a', 'b\u0001c']]],
    ['Latin-1 in a value', [...GET, ['x-a', 'b\xe9c']]],
    ['blanks around a value', [...GET, ['x-a', ' b ']]],
    ['a tab in a value', [...GET, ['x-a', 'a\tb']]],
    ['no method', without(GET, ':method')],
    ['no scheme', without(GET, ':scheme')],
    ['no path', without(GET, ':path')],
    ['no authority', without(GET, ':authority')],
    ['a host for an authority', [...without(GET, ':authority'), ['host', 'a']]],
    ['a host beside the authority', [...GET, ['host', 'other.example']]],
    ['two hosts', [...without(GET, ':authority'), ['host', 'a'], ['host', 'b']]],
    ['an empty path', withValue(GET, ':path', '')],
    ['a path without a slash', withValue(GET, ':path', 'a')],
    ['an asterisk', withValue(GET, ':path', '*')],
    ['an asterisk for OPTIONS', withValue(withValue(GET, ':path', '*'), ':method', 'OPTIONS')],
    ['a space in the path', withValue(GET, ':path', '/a b')],
    ['a control character in the path', withValue(GET, ':path', '/a\u0001')],
    ['a fragment', withValue(GET, ':path', '/a#b')],
    ['two paths', [...GET, [':path', '/b']]],
    ['two methods', [...GET, [':method', 'GET']]],
    ['a pseudo header behind others', [...without(GET, ':path'), ['x-a', 'b'], [':path', '/']]],
    ['a pseudo header that nobody knows', [...GET, [':foo', 'bar']]],
    ['a status', [...GET, [':status', '200']]],
    ['a protocol without CONNECT', [...GET, [':protocol', 'websocket']]],
    ['CONNECT with a path', withValue(GET, ':method', 'CONNECT')],
    ['CONNECT without an authority', [[':method', 'CONNECT']]],
    ['CONNECT for another protocol', [...withValue(GET, ':method', 'CONNECT'), [':protocol', 'websocket']]],
    ...['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'].map(
      (name) => [name, [...GET, [name, 'close']]] as const,
    ),
    ['te that is not trailers', [...GET, ['te', 'gzip']]],
    ['te', [...GET, ['te', 'trailers']]],
    ['a user in the authority', withValue(GET, ':authority', 'u@h')],
    ['a space in the authority', withValue(GET, ':authority', 'a b')],
    ['an empty authority', withValue(GET, ':authority', '')],
    ['another scheme', withValue(GET, ':scheme', 'ftp')],
    ['an empty scheme', withValue(GET, ':scheme', '')],
    ['a bad scheme', withValue(GET, ':scheme', 'a b')],
    ['a bad method', withValue(GET, ':method', 'G T')],
    ['an empty method', withValue(GET, ':method', '')],
    ['HEAD', withValue(GET, ':method', 'HEAD')],
    ['cookies in parts', [...GET, ['cookie', 'a=b'], ['cookie', 'c=d']]],
    ['an underscore in a name', [...GET, ['x_a', 'b']]],
    ['a length without a body', [...POST, ['content-length', '2']]],
    ['a length of nothing', [...POST, ['content-length', '0']]],
    ['a length that is no number', [...POST, ['content-length', 'x']]],
    ['an empty length', [...POST, ['content-length', '']]],
    ['as many headers as may be', [...GET, ...numbered(96, 'x-a')]],
    ['more headers than may be', [...GET, ...numbered(97, 'x-a')]],
  ] as readonly (readonly [string, Fields])[]
).map(([title, fields]): Case => [title, Buffer.concat([request(1, fields), request(3)]), [1, 3]]);

const abc = frame(DATA, 0, 1, 'abc');
const lastAbc = frame(DATA, END_STREAM, 1, 'abc');
const long = (flags: number, type: number, name: string): Buffer =>
  frame(
    type,
    flags,
    1,
    Buffer.concat([type === HEADERS ? block(GET) : Buffer.alloc(0), field(name, 'v'.repeat(16_000))]),
  );
const trailers = (...fields: Fields): Buffer => frame(HEADERS, WHOLE, 1, block(fields));
const withLength = (length: string, ...more: Buffer[]): Buffer =>
  Buffer.concat([request(1, [...POST, ['content-length', length]], END_HEADERS), ...more, request(3)]);

const MESSAGES: readonly Case[] = [
  ['a body longer than its length', withLength('2', lastAbc), [1, 3]],
  ['a body shorter than its length', withLength('5', lastAbc), [1, 3]],
  ['a body as long as its length', withLength('3', lastAbc), [1, 3]],
  [
    'the length twice',
    Buffer.concat([
      request(1, [...POST, ['content-length', '3'], ['content-length', '3']], END_HEADERS),
      lastAbc,
      request(3),
    ]),
    [1, 3],
  ],
  ['a list of lengths', withLength('3,3', lastAbc), [1, 3]],
  ['a body of its length with trailers', withLength('3', abc, trailers(['x-t', '1'])), [1, 3]],
  ['a body shorter than its length with trailers', withLength('5', abc, trailers(['x-t', '1'])), [1, 3]],
  ['trailers', post(abc, trailers(['x-t', '1']), request(3)), [1, 3]],
  ['no trailers in trailers', post(abc, trailers(), request(3)), [1, 3]],
  [
    'trailers without an end',
    post(abc, frame(HEADERS, END_HEADERS, 1, field('x-t', '1')), request(3)),
    [1, 3],
  ],
  ['a pseudo header in trailers', post(abc, trailers([':path', '/']), request(3)), [1, 3]],
  ['upper case in trailers', post(abc, trailers(['X-T', '1']), request(3)), [1, 3]],
  ['a header of connections in trailers', post(abc, trailers(['connection', 'close']), request(3)), [1, 3]],
  ['more trailers than may be', post(abc, trailers(...numbered(120, 'x-t')), request(3)), [1, 3]],
  [
    'more octets of headers than may be',
    Buffer.concat([
      long(END_STREAM, HEADERS, 'x-a'),
      ...['x-b', 'x-c', 'x-d'].map((name) => long(0, CONTINUATION, name)),
      long(END_HEADERS, CONTINUATION, 'x-e'),
      request(3),
    ]),
    [1, 3],
  ],
  [
    'few octets that say many',
    Buffer.concat([
      frame(
        HEADERS,
        WHOLE,
        1,
        Buffer.concat([block(GET), indexedField('x-a', 'v'.repeat(4_000)), Buffer.alloc(60, 0xbe)]),
      ),
      request(3),
    ]),
    [1, 3],
  ],
  ['an expectation', withLength('3', lastAbc), [1, 3]],
];

/** What costs the other side more than the client. */
const FLOODS: readonly Case[] = [
  [
    'many parts of a header block',
    Buffer.concat([
      frame(HEADERS, END_STREAM, 1, block(GET)),
      times(20, (index) =>
        frame(CONTINUATION, index === 19 ? END_HEADERS : 0, 1, field('x-a', String(index))),
      ),
    ]),
    [1],
  ],
  [
    'empty parts of a header block',
    Buffer.concat([
      frame(HEADERS, END_STREAM, 1, block(GET)),
      times(5, (index) => frame(CONTINUATION, index === 4 ? END_HEADERS : 0, 1)),
    ]),
  ],
  ['one empty frame', post(frame(DATA, 0, 1), lastAbc), [1]],
  ['two empty frames', post(frame(DATA, 0, 1), frame(DATA, 0, 1), lastAbc)],
  [
    'two frames of padding',
    post(frame(DATA, PADDED, 1, [2, 0, 0]), frame(DATA, PADDED, 1, [2, 0, 0]), lastAbc),
  ],
  ['as many priorities as may be', times(100, () => priority(3, 0))],
  ['more priorities than may be', times(101, () => priority(3, 0))],
  ['as many window updates as may be', times(5, () => windowUpdate(0, 1))],
  ['more window updates than may be', times(6, () => windowUpdate(0, 1))],
  ['more window updates than a stream is worth', post(times(28, () => windowUpdate(1, 1)))],
  // CVE-2023-44487.
  [
    'requests that are taken back',
    times(249, (index) =>
      Buffer.concat([request(2 * index + 1, NEVER), frame(RST_STREAM, 0, 2 * index + 1, CANCEL)]),
    ),
  ],
  [
    'too many requests that are taken back',
    times(300, (index) =>
      Buffer.concat([request(2 * index + 1, NEVER), frame(RST_STREAM, 0, 2 * index + 1, CANCEL)]),
    ),
  ],
];

const LIMITED: readonly Case[] = [
  [
    'more streams than may be, before that is known',
    Buffer.concat([request(1, NEVER), request(3, NEVER), request(5)]),
    [5],
  ],
  [
    'more streams than may be, although that is known',
    Buffer.concat([frame(SETTINGS, ACK, 0), request(1, NEVER), request(3, NEVER), request(5)]),
    [5],
  ],
  [
    'streams one after another',
    Buffer.concat([
      frame(SETTINGS, ACK, 0),
      request(1, NEVER),
      frame(RST_STREAM, 0, 1, CANCEL),
      request(3, NEVER),
      request(5),
    ]),
    [5],
  ],
];

const PREFACES: readonly (readonly [title: string, opening: Buffer])[] = [
  ['a wrong preface', Buffer.from('PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n')],
  ['no SETTINGS behind the preface', Buffer.concat([PREFACE, frame(PING, 0, 0, '12345678')])],
];

const on = (listener: Listener, cases: readonly Case[]): RawFrames[] =>
  cases.map(([title, bytes, awaited = []]) => ({
    title: `${title} (${listener})`,
    bytes,
    awaited,
    listener,
  }));

export const RAW_FRAMES: readonly RawFrames[] = [
  ...on('plain', [...FRAMES, ...BLOCKS, ...REQUESTS, ...MESSAGES, ...FLOODS]),
  ...on('lenient', [...REQUESTS, ...MESSAGES]),
  ...on(
    'no-underscores',
    REQUESTS.filter(([title]) => title.includes('underscore')),
  ),
  ...on('few', LIMITED),
  ...PREFACES.map(([title, opening]): RawFrames => ({
    title,
    bytes: Buffer.alloc(0),
    awaited: [],
    listener: 'plain',
    opening,
  })),
];
