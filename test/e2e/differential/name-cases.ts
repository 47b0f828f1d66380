/** How header names are to be written on either side of a proxy, and messages whose names tell whether they are. */

import { type JsonMap, typed } from './json.ts';
import { ANSWER } from './verbatim-endpoint.ts';

function kept(settings: JsonMap = {}): JsonMap {
  const type = 'envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig';
  return {
    header_key_format: {
      stateful_formatter: { name: 'preserve_case', typed_config: typed(type, settings) },
    },
  };
}

/** Options of HTTP/1.1. */
export const STYLES = {
  plain: {},
  proper: { header_key_format: { proper_case_words: {} } },
  kept: kept(),
  'kept, own proper': kept({ formatter_type_on_envoy_headers: 'PROPER_CASE' }),
  'kept with reasons': kept({ forward_reason_phrase: true }),
} as const satisfies Readonly<Record<string, JsonMap>>;

export type Style = keyof typeof STYLES;

/** Of the listener and of the cluster. */
export const PAIRS: readonly (readonly [listener: Style, cluster: Style])[] = [
  ['plain', 'proper'],
  ['proper', 'proper'],
  ['proper', 'kept'],
  ['plain', 'kept'],
  ['kept', 'plain'],
  ['kept', 'proper'],
  ['kept', 'kept'],
  ['kept, own proper', 'kept, own proper'],
  ['kept with reasons', 'kept with reasons'],
];

export interface NameCase {
  readonly title: string;
  /** All of the request, and of the answer of its endpoint. */
  readonly request: string;
  /** How many requests reach endpoints; 1 unless it is said. */
  readonly seen?: number;
}

const USUAL = 'HTTP/1.1 200 Sure Thing\r\nX-OWN: 1\r\nCONTENT-Length: 2\r\n\r\nok';

function hex(answer: string): string {
  return Buffer.from(answer, 'latin1').toString('hex');
}

/** `line` is without the version. */
function request(line: string, fields: string, { answer = USUAL, version = '1.1', body = '' } = {}): string {
  return `${line} HTTP/${version}\r\nHOST: Names.Example\r\n${fields}${ANSWER}: ${hex(answer)}\r\n\r\n${body}`;
}

const CLOSE = 'CONNECTION: close\r\n';
const TWICE = 'X-Twice-NAMED: 1\r\nx-twice-named: 2\r\n';

function answered(title: string, answer: string): NameCase {
  return { title: `an answer: ${title}`, request: request('GET /', CLOSE, { answer }) };
}

export const NAME_CASES: readonly NameCase[] = [
  { title: 'names of each kind', request: request('GET /', `${CLOSE}${TWICE}uSER-Agent: me\r\nX_y: 1\r\n`) },
  { title: 'the first form counts', request: request('GET /', `${CLOSE}x-one: 1\r\nX-ONE: 2\r\n`) },
  { title: 'names that go and come back', request: request('GET /', `${CLOSE}X-AGAIN: client\r\n`) },
  {
    title: 'names of the proxy that the client has, too',
    request: request('GET /', `${CLOSE}X-Request-ID: 1\r\nX-FORWARDED-Proto: http\r\n`),
  },
  {
    title: 'what goes on in the next line',
    request: request('GET /', `${CLOSE}X-Long: a\r\n Not-A: name\r\nX-LAST: 1\r\n`),
  },
  { title: 'a host in the first line', request: request('GET http://other.example/', CLOSE) },
  { title: 'a length', request: request('POST /', `${CLOSE}Content-LENGTH: 2\r\n`, { body: 'hi' }) },
  { title: 'no length', request: request('POST /', CLOSE) },
  {
    title: 'chunks and trailers',
    request: request('POST /', `${CLOSE}Transfer-ENCODING: chunked\r\nTE: trailers\r\n`, {
      body: '2\r\nhi\r\n0\r\nX-Sum: 1\r\nX-TWO: 1\r\n\r\n',
    }),
  },
  {
    title: 'names for this connection alone',
    request: request('GET /', 'CONNECTION: close, X-Hop\r\nX-HOP: 1\r\nKeep-ALIVE: 5\r\n'),
  },
  {
    title: 'HTTP/1.0',
    request: request('GET /', 'CONNECTION: keep-alive\r\n', {
      version: '1.0',
      answer: 'HTTP/1.1 200 OK\r\nContent-LENGTH: 4\r\n\r\nnext',
    }),
  },
  {
    title: 'an upgrade',
    request: request('GET /', 'UPGRADE: websocket\r\nConneCTION: Upgrade\r\n', {
      answer: 'HTTP/1.1 101 Switched\r\nUPGRADE: websocket\r\nConneCTION: Upgrade\r\n\r\nnext',
    }),
  },
  { title: 'a copy', request: request('GET /copied', `${CLOSE}X-OWN: 1\r\n`), seen: 2 },
  {
    title: 'a redirect that the proxy follows',
    request: request('GET /redirected', `${CLOSE}X-OWN: 1\r\n`, {
      answer: 'HTTP/1.1 302 Found\r\nLOCATION: http://names.example/next\r\nContent-LENGTH: 0\r\n\r\n',
    }),
    seen: 2,
  },
  {
    title: 'an answer of the proxy',
    request: request('GET /own', `${CLOSE}CONTENT-Type: a\r\nSERVER: b\r\n`),
    seen: 0,
  },
  { title: 'an answer of the proxy where nobody listens', request: request('GET /dead', CLOSE), seen: 0 },
  { title: 'no request', request: request('GET /', 'X(: 1\r\n'), seen: 0 },
  answered(
    'names of each kind',
    `HTTP/1.1 200 OK\r\n${TWICE}X-AGAIN: endpoint\r\nSERVER: b\r\nContent-LENGTH: 0\r\n\r\n`,
  ),
  answered(
    'names of the proxy that the endpoint has, too',
    'HTTP/1.1 200 OK\r\nDATE: then\r\nX-ENVOY-Upstream-Service-TIME: 1\r\nContent-LENGTH: 0\r\n\r\n',
  ),
  answered(
    'chunks and trailers',
    'HTTP/1.1 200 OK\r\nTRANSFER-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n',
  ),
  answered('the end of the connection', 'HTTP/1.1 200 OK\r\nConnecTION: close\r\nContent-LENGTH: 0\r\n\r\n'),
  answered(
    'an interim one',
    'HTTP/1.1 103 Early\r\nLINK: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-LENGTH: 0\r\n\r\n',
  ),
  answered('no body', 'HTTP/1.1 204 Nothing Here\r\nX-A: 1\r\n\r\n'),
  ...['200', '200 ', '200   Two  Words \t', '200\tTab', '200 caf\u00e9', '0200 Zero', '404 Gone Away'].map(
    (line) => answered(`first line ${JSON.stringify(line)}`, `HTTP/1.1 ${line}\r\nContent-LENGTH: 0\r\n\r\n`),
  ),
];
