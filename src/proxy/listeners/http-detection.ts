/** Tells by the first bytes whether a connection speaks HTTP in the clear, and which version. */

export type DetectedHttp = 'http/1.0' | 'http/1.1' | 'h2c';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
/** As long as a request line may become before it is given up. */
const MAX_LINE = 64 * 1024;

/** The methods that Envoy's inspector knows, custom ones are not HTTP to it. */
const METHODS = new Set(
  (
    'ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MOVE MSEARCH NOTIFY ' +
    'OPTIONS PATCH POST PROPFIND PROPPATCH PURGE PUT REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK UNLOCK ' +
    'UNSUBSCRIBE M-SEARCH'
  ).split(' '),
);
const FIRST_LETTERS = new Set([...METHODS].map((method) => method.charCodeAt(0)));
const REQUEST_LINE = /^(\S+)[ \t]+[^\s][^\r\n]*?(?:[ \t]+HTTP\/(\d+)\.(\d+))?[ \t]*$/;

/** `more`: it may become HTTP. Never throws. */
export function detectHttp(bytes: Buffer): DetectedHttp | 'more' | 'no' {
  const compared = Math.min(bytes.length, PREFACE.length);
  if (PREFACE.compare(bytes, 0, compared, 0, compared) === 0) {
    return bytes.length < PREFACE.length ? 'more' : 'h2c';
  }
  let start = 0;
  while (bytes[start] === 13 || bytes[start] === 10) start++;
  const first = bytes[start];
  if (first === undefined) return 'more';
  if (!FIRST_LETTERS.has(first)) return 'no';
  const end = endOfLine(bytes, start);
  if (end < 0) return bytes.length - start > MAX_LINE ? 'no' : 'more';
  const match = REQUEST_LINE.exec(bytes.toString('latin1', start, end));
  if (match === null || !METHODS.has(match[1] ?? '')) return 'no';
  return match[2] === '1' && match[3] === '1' ? 'http/1.1' : 'http/1.0';
}

function endOfLine(bytes: Buffer, start: number): number {
  const newline = bytes.indexOf(10, start);
  const end = bytes.indexOf(13, start);
  if (newline < 0) return end;
  return end < 0 ? newline : Math.min(newline, end);
}
