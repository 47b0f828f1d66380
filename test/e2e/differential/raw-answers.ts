/** What an endpoint may answer that is no proper HTTP/1.1, or not plainly so. */

const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;
const WHOLE = `${OK}Content-Length: 2\r\n\r\nok`;
const BODY = 'Content-Length: 2\r\n\r\nok';

export type RawAnswer = readonly [title: string, bytes: string];

const LENGTHS: readonly RawAnswer[] = [
  ['a body', WHOLE],
  ['more than the length', `${WHOLE}XX`],
  ['another answer behind it', `${WHOLE}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`],
  ['an interim answer behind it', `${WHOLE}HTTP/1.1 100 Continue\r\n\r\n`],
  ['a line end behind it', `${WHOLE}\r\n`],
  ['a body where there is none', `${OK}Content-Length: 0\r\n\r\nok`],
  ['the same length twice', `${OK}Content-Length: 2\r\n${BODY}`],
  ['two lengths', `${OK}Content-Length: 3\r\n${BODY}`],
  ...['2, 2', '-2', '+2', '0x2', '', '99999999999999999999', '2\t'].map((length): RawAnswer => [
    `length ${JSON.stringify(length)}`,
    `${OK}Content-Length: ${length}\r\n\r\nok`,
  ]),
  ...['chunked', 'Chunked', 'identity', 'gzip', 'gzip, chunked', 'chunked, chunked', ''].flatMap(
    (encoding): RawAnswer[] => [
      [
        `encoding ${JSON.stringify(encoding)}`,
        `${OK}Transfer-Encoding: ${encoding}\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
      ],
      [
        `encoding ${JSON.stringify(encoding)} and a length`,
        `${OK}Transfer-Encoding: ${encoding}\r\nContent-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
      ],
    ],
  ),
];

const CHUNKS: readonly RawAnswer[] = [
  ['2;a=b\r\nok\r\n0\r\n\r\n'],
  ['x\r\nok\r\n0\r\n\r\n'],
  ['2\r\nok\r\nx\r\n\r\n'],
  ['2\nok\n0\n\n'],
  ['fffffffffffffffff\r\nok'],
  ['2\r\nok\r\n0\r\nX-T: 1\r\n\r\n'],
  ['2\r\nok\r\n0\r\nX T: 1\r\n\r\n'],
  ['2\r\nok\r\n0\r\nGrpc-Status: 0\r\nX-T: 1\r\nGrpc-Status: 5\r\nX-T: 2\r\nDate: 1\r\nDate: 2\r\n\r\n'],
  ['2\r\nok\r\n0\r\nContent-Length: 1\r\n\r\n'],
  ['2\r\nok\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'],
].map(([body = '']): RawAnswer => [`chunks ${JSON.stringify(body).slice(0, 60)}`, CHUNKED + body]);

const LINES: readonly RawAnswer[] = [
  ...['HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'HTTP/0.9', 'HTTP/11', 'http/1.1', 'ICY', ''].map(
    (version): RawAnswer => [
      `version ${JSON.stringify(version)}`,
      `${version} 200 OK\r\nConnection: close\r\n${BODY}`,
    ],
  ),
  ...[
    '99',
    '150',
    '199',
    '201',
    '204',
    '205',
    '299',
    '304',
    '399',
    '599',
    '600',
    '999',
    '000',
    '0200',
    '+200',
    '-200',
    '20',
    '2x0',
    '',
  ].map((status): RawAnswer => [`status ${JSON.stringify(status)}`, `HTTP/1.1 ${status} Fine\r\n${BODY}`]),
  ...['200', '200 ', '200\tOK', '200 O\0K', '200 O\u0001K', '200 \u00e9', '200 O\rK'].map(
    (line): RawAnswer => [`first line ${JSON.stringify(line)}`, `HTTP/1.1 ${line}\r\n${BODY}`],
  ),
  ['bare line feeds', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok'],
  ['a line end ahead', `\r\n${WHOLE}`],
  ['a space ahead', ` ${WHOLE}`],
  ['no HTTP', 'garbage\r\n\r\n'],
  ['a request', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['204 with an encoding', 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['204 with the length 0', 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n'],
  ['304 with a length', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n'],
];

const INTERIM: readonly RawAnswer[] = [
  ...[100, 102, 103, 104, 105, 199].map((status): RawAnswer => [
    `${status} ahead`,
    `HTTP/1.1 ${status} x\r\nLink: a\r\n\r\n${WHOLE}`,
  ]),
  ['100 twice', `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(2)}${WHOLE}`],
  ['103 twice', `${'HTTP/1.1 103 x\r\n\r\n'.repeat(2)}${WHOLE}`],
  ['103 and 100', `HTTP/1.1 103 x\r\n\r\nHTTP/1.1 100 x\r\n\r\n${WHOLE}`],
  ['100 with a length', `HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n${WHOLE}`],
  ['100 with an encoding', `HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n${WHOLE}`],
];

const FIELDS: readonly RawAnswer[] = [
  'X Y: 1',
  'X : 1',
  'X\t: 1',
  ': 1',
  'X',
  'X(: 1',
  'X\u00e9: 1',
  'X\0: 1',
  'X: a\0b',
  'X: a\u0001b',
  'X: \u00ff',
  'X: a\rb',
  'X: a\r\n b',
  ' X: a',
  'X_Y: 1',
  'Connection: x\r\nX: 1',
  'Keep-Alive: timeout=5',
  'Upgrade: h2',
  'TE: trailers',
  'Server: evil',
  ':status: 500',
  'X:',
  `X: ${'v'.repeat(62_000)}`,
].map((field): RawAnswer => [`field ${JSON.stringify(field).slice(0, 40)}`, `${OK}${field}\r\n${BODY}`]);

export const RAW_ANSWERS: readonly RawAnswer[] = [...LENGTHS, ...CHUNKS, ...LINES, ...INTERIM, ...FIELDS];
