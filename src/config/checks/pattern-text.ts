/** What the patterns of the schemas ask for, in words, for who does not read regular expressions. */

const NAME = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const DOMAIN = `${NAME}(\\.${NAME})*`;

/** By pattern; each ends a sentence that starts with the value. */
const TEXTS: ReadonlyMap<string, string> = new Map([
  [`^${NAME}$`, 'may have only lower-case letters, digits and inner dashes'],
  [`^(${NAME})?$`, 'may have only lower-case letters, digits and inner dashes'],
  [`^${DOMAIN}$`, 'is no name of a domain in lower case, as example.com'],
  [`^(\\*\\.)?${DOMAIN}$`, 'is no name of a domain in lower case, as example.com or *.example.com'],
  [`^$|^${DOMAIN}$`, 'is no API group: write its domain in lower case, or "" for the core group'],
  [
    '^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$',
    'is no name of a kind, which has only letters, digits and inner dashes, and a letter first',
  ],
  [`^${DOMAIN}/[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+$`, 'must be a domain and a path, as example.com/name'],
  ["^[A-Za-z0-9!#$%&'*+\\-.^_\\x60|~]+$", 'is no name of an HTTP header: it has no spaces and no colon'],
  ['^[-_A-Za-z0-9]+$', 'may have only letters, digits, dashes and underscores'],
  ['^([a-f0-9]{64})?$', 'is no SHA-256 sum: 64 digits and letters a to f'],
  ['^-?[0-9]+$', 'is no whole number'],
  [
    '^([0-9]{1,5}(h|m|s|ms)){1,4}$',
    'is no duration of whole hours, minutes, seconds or milliseconds, as 1m30s',
  ],
  ['^/', 'must begin with a slash'],
  [
    '(^\\*$)|(^(http(s)?)://(((\\*\\.)?([a-zA-Z0-9-]+\\.)*[a-zA-Z0-9-]+|\\*)(:([0-9]{1,5}))?)$)',
    'is no origin: write https://example.com, https://*.example.com:8443 or *',
  ],
]);

/** What a value that does not match the pattern is told; the pattern itself where no words are known. */
export function patternText(pattern: string): string {
  return TEXTS.get(pattern) ?? `does not match the pattern ${pattern}`;
}
