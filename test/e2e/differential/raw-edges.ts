/** Further bytes that are not quite HTTP/1.1, each to a listener whose settings make a difference. `/N` stands for `/` and a number. */

/** `plain`: defaults. `old`: HTTP/1.0, trailers and lengths beside chunks are taken. `strict`: paths and hosts are put in order. */
export type RawListener = 'plain' | 'old' | 'strict';

export type RawEdge = readonly [listener: RawListener, title: string, bytes: string];

const H = 'Host: raw.example\r\n';
const CHUNKED = 'Transfer-Encoding: chunked\r\n';
const NEXT = `GET /N-next HTTP/1.1\r\n${H}\r\n`;
const BODY = '5\r\nhello\r\n0\r\n\r\n';

const shown = (text: string): string => JSON.stringify(text).slice(0, 70);
const get = (fields: string, version = '1.1'): string => `GET /N HTTP/${version}\r\n${H}${fields}\r\n${NEXT}`;
const post = (fields: string, body: string, version = '1.1'): string =>
  `POST /N HTTP/${version}\r\n${H}${fields}\r\n${body}${NEXT}`;

/** Lengths and encodings beside each other, where both are taken and where not. */
const BOTH: readonly RawEdge[] = (['plain', 'old'] as const).flatMap((listener) =>
  ['chunked', 'Chunked', 'identity', 'gzip', 'gzip, chunked', 'chunked, gzip', 'chunked\r\n chunked'].flatMap(
    (encoding) =>
      ['15', '0', 'x', '5\r\nContent-Length: 5'].map((length): RawEdge => [
        listener,
        `length ${shown(length)} and encoding ${shown(encoding)}`,
        post(`Transfer-Encoding: ${encoding}\r\nContent-Length: ${length}\r\n`, BODY),
      ]),
  ),
);

const METHODS: readonly RawEdge[] = ['HEAD', 'OPTIONS', 'TRACE', 'CONNECT', 'QUERY'].flatMap((method) =>
  (['1.1', '1.0'] as const).flatMap((version): RawEdge[] => [
    [
      'old',
      `${method} in chunks, ${version}`,
      `${method} /N HTTP/${version}\r\n${H}${CHUNKED}\r\n${BODY}${NEXT}`,
    ],
    [
      'old',
      `${method} with a length, ${version}`,
      `${method} /N HTTP/${version}\r\n${H}Content-Length: 5\r\n\r\nhello${NEXT}`,
    ],
    [
      'old',
      `${method} with both, kept open, ${version}`,
      `${method} /N HTTP/${version}\r\n${H}Connection: keep-alive\r\nContent-Length: 5\r\n${CHUNKED}\r\n${BODY}${NEXT}`,
    ],
  ]),
);

const TRAILERS: readonly RawEdge[] = [
  'X_T: 1\r\n',
  'X-T: a\u0001b\r\n',
  'X-T: a\rb\r\n',
  ' X-T: 1\r\n',
  ':path: /x\r\n',
  'Connection: close\r\n',
  Array.from({ length: 120 }, (_, index) => `X-${index}: 1\r\n`).join(''),
].flatMap((trailer) =>
  (['plain', 'old'] as const).map((listener): RawEdge => [
    listener,
    `trailer ${shown(trailer)}`,
    post(CHUNKED, `5\r\nhello\r\n0\r\n${trailer}\r\n`),
  ]),
);

const LINES: readonly RawEdge[] = [
  'GET /N HTTP/1.1\u0000',
  'GET\u0000/N HTTP/1.1',
  'GET\u000b/N HTTP/1.1',
  'GET /N\u000cHTTP/1.1',
  'GET /N\rHTTP/1.1',
  'GET\r/N HTTP/1.1',
  '\rGET /N HTTP/1.1',
  'GET /N HTTP/1.1 x',
  'GET /N HTTP/1.1,HTTP/1.0',
  'GET /N HTTP/01.1',
  'GET /N HTTP/1.',
  'GET,/N,HTTP/1.1',
  'HTTP/1.1 200 OK',
  'M-SEARCH /N HTTP/1.1',
  'OPTIONS ** HTTP/1.1',
  'OPTIONS */N HTTP/1.1',
  'GET /N?a#b HTTP/1.1',
  'GET # HTTP/1.1',
].map((line): RawEdge => ['plain', `line ${shown(line)}`, `${line}\r\n${H}\r\n${NEXT}`]);

const URLS: readonly RawEdge[] = [
  'http://u:p@raw.example/N',
  'http://@raw.example/N',
  'http://a@b@raw.example/N',
  'http://raw.example:/N',
  'http://raw.example:-1/N',
  'http://raw.example:8x/N',
  'http://raw.example:80:80/N',
  'http://raw.example:080/N',
  'http://raw.example:65536/N',
  'http://[::1/N',
  'http://[::1]x/N',
  'http://[::1%25eth0]/N',
  'http://[v1.a]/N',
  'http://raw%2eexample/N',
  'http://raw_example/N',
  'http://raw.example;x/N',
  'http://raw.example,other/N',
  'http://raw..example/N',
  'http://*/N',
  'http://raw.example#/N',
  'h2://raw.example/N',
  'a-b://raw.example/N',
  'http:/N',
].flatMap((url) =>
  (['plain', 'old'] as const).map((listener): RawEdge => [
    listener,
    `target ${url}`,
    `GET ${url} HTTP/1.1\r\n${H}\r\n${NEXT}`,
  ]),
);

const TUNNELS: readonly RawEdge[] = [
  'raw.example:80',
  'raw.example:08',
  'raw.example:80?',
  'raw.example:80/',
  'raw.example:0',
  'u@raw.example:80',
  'a%41:80',
  'a_b:80',
  '[::1]:80',
  '[::1',
  ':80',
].flatMap((target): RawEdge[] => [
  ['strict', `CONNECT ${target}`, `CONNECT ${target} HTTP/1.1\r\n\r\n`],
  ['plain', `CONNECT ${target}`, `CONNECT ${target} HTTP/1.1\r\n\r\n`],
  ['old', `CONNECT ${target} in HTTP/1.0`, `CONNECT ${target} HTTP/1.0\r\n\r\n`],
]);

const HOSTS: readonly RawEdge[] = [
  'Host: a\r\nHost:\r\n',
  'Host:\r\nHost: a\r\n',
  'Host: a:80:80\r\n',
  'Host: a:99999999\r\n',
  'Host: a:+80\r\n',
  'Host: [::1\r\n',
  'Host: ::1\r\n',
  'Host: [::1]:80\r\n',
  'Host: a\r\nConnection: host\r\n',
  'Host: a\r\nConnection: close, Host\r\n',
  'Host: a\r\nProxy-Connection: host\r\n',
  'Host: a\r\n Host: b\r\n',
].flatMap((fields) =>
  (['strict', 'old'] as const).map((listener): RawEdge => [
    listener,
    `hosts ${shown(fields)}`,
    `GET /N HTTP/1.${listener === 'old' ? 0 : 1}\r\n${fields}\r\n${NEXT}`,
  ]),
);

const PATHS: readonly RawEdge[] = [
  '/N/..;/b',
  '/N/..;x',
  '/N/.;x/b',
  '/N/%2e%2e;x/b',
  '/N/..%3bx/b',
  '/N/...;x/b',
  '/N\\..;\\b',
  '/N//..;/b',
  '/N/..;..;/b',
  '/N/..;%2fb',
  '/N?%00',
  '/N%00?b',
  '/N?%2f..',
  '/N/%2f%2e%2e/b',
].map((path): RawEdge => ['strict', `path ${path}`, `GET ${path} HTTP/1.1\r\n${H}\r\n${NEXT}`]);

const CONNECTIONS: readonly RawEdge[] = [
  'Connection: keep-alive, close\r\n',
  'Connection: keep-alive\r\nConnection: close\r\n',
  'Connection: close\r\nProxy-Connection: keep-alive\r\n',
  'Proxy-Connection: keep-alive\r\n',
  'Proxy-Connection: close, x\r\nX: 1\r\n',
  'Proxy-Connection: :path\r\n',
  'Connection: a,b,c,d,e,f,g,h,i\r\n',
  'Connection: a,b,c,d,e,f,g,h,i,j\r\n',
  'Connection: ,,,,,,,,,,,,\r\n',
  'Connection: x-forwarded-for\r\n',
  'Connection: TE\r\nTE: Trailers\r\n',
  'Connection: TE\r\nTE:\r\n',
  'TE: Trailers\r\n',
  'TE:\r\n',
  'TE: trailers;q=1\r\n',
  'TE: gzip, trailers\r\n',
].flatMap((fields): RawEdge[] => [
  ['plain', `connection ${shown(fields)}`, get(fields)],
  ['old', `connection ${shown(fields)}, 1.0`, get(fields, '1.0')],
]);

const UPGRADES: readonly RawEdge[] = [
  'Connection: Upgrade\r\nUpgrade:\r\n',
  'Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n',
  'Connection: close\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n',
  'Connection: Upgrade, X-A\r\nUpgrade: foo\r\nX-A: 1\r\n',
  'Connection: Upgrade\r\nUpgrade: h2c, websocket\r\n',
].map((fields): RawEdge => ['strict', `upgrade ${shown(fields)}`, get(fields)]);

const OLD: readonly RawEdge[] = [
  'GET /N#f HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n',
  'GET http://a/N HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n',
  'OPTIONS * HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n',
  'GET /N HTTP/1.0\r\nHost: a\r\nX : 1\r\n',
  'GET /N HTTP/1.0\r\nHost: a b\r\n',
  'POST /N HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 0\r\n',
  'GET /N HTTP/1.0\r\nHost: a\r\na_b: 1\r\n',
].map((head): RawEdge => ['old', `old ${shown(head)}`, `${head}\r\n${NEXT}`]);

const ALL = [
  ...BOTH,
  ...METHODS,
  ...TRAILERS,
  ...LINES,
  ...URLS,
  ...TUNNELS,
  ...HOSTS,
  ...PATHS,
  ...CONNECTIONS,
  ...UPGRADES,
  ...OLD,
];

/** With numbers in their targets, from `first` on, so that none is taken for another. */
export function rawEdges(first: number): readonly RawEdge[] {
  return ALL.map(([listener, title, bytes], index) => [
    listener,
    title,
    bytes.replaceAll('/N', `/${first + index}`),
  ]);
}
