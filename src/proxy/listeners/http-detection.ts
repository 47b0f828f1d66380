/** Tells by the first bytes whether a connection speaks HTTP in the clear, and which version, as Envoy's inspector does. */

export type DetectedHttp = 'http/1.0' | 'http/1.1' | 'h2c';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
/** As long as a request line may become before it is given up. */
const MAX_LINE = 64 * 1024;

/** Methods may be anything that can be one. */
const METHOD = /^[\w!#$%&'*+.^`|~-]+(?=[ \t]|$)/;
const REQUEST_LINE = /^([^ \t]+)[ \t]+([^ \t]+)(?:[ \t]+HTTP\/(\d)\.(\d))?[ \t]*$/;
/** A path, `*`, or a URL with its scheme. */
const TARGET = /^(?:[/*]|[A-Za-z][\w+.-]*:\/\/)[\0-~]*$/;
/** What CONNECT may be for too. */
const AUTHORITY = /^[\w.~!$&'()*+,;=:@%[\]-]+$/;

/** `more`: it may become HTTP. Never throws. */
export function detectHttp(bytes: Buffer): DetectedHttp | 'more' | 'no' {
  const compared = Math.min(bytes.length, PREFACE.length);
  if (PREFACE.compare(bytes, 0, compared, 0, compared) === 0) {
    return bytes.length < PREFACE.length ? 'more' : 'h2c';
  }
  const end = endOfLine(bytes);
  const line = bytes.toString('latin1', 0, end < 0 ? MAX_LINE : end);
  if (!METHOD.test(line)) return 'no';
  if (end < 0) return bytes.length > MAX_LINE ? 'no' : 'more';
  const [, method = '', target, major, minor] = REQUEST_LINE.exec(line) ?? [];
  if (target === undefined) return 'no';
  if (!TARGET.test(target) && !(method === 'CONNECT' && AUTHORITY.test(target))) return 'no';
  return major === '1' && minor === '1' ? 'http/1.1' : 'http/1.0';
}

function endOfLine(bytes: Buffer): number {
  const newline = bytes.indexOf(10);
  const end = bytes.indexOf(13);
  if (newline < 0) return end;
  return end < 0 ? newline : Math.min(newline, end);
}
