/** Checks the literal texts that functions turn into values of other types: such a call would always fail. */

import { parseIp } from '../../base/cidr.ts';
import { re2Problem } from '../../base/re2.ts';
import type { Expression } from './expression.ts';

const RFC_3339 =
  /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
const MAIL = /^[^\s@<>()[\]",;:\\]+@([^\s@]+)$/;
const LABEL = /^[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}-]*[\p{L}\p{N}\p{M}])?$/u;

const CHECKS: Readonly<Record<string, (text: string) => string | undefined>> = {
  ip: (text) => (parseIp(text) === undefined ? 'is no IP address' : undefined),
  timestamp: (text) =>
    isTimestamp(text) ? undefined : 'is no time of RFC 3339, such as "2015-01-02T15:04:05Z"',
  dnsName: (text) => (isDnsName(text) ? undefined : 'is no DNS name'),
  email: (text) => (isDnsName(MAIL.exec(text)?.[1] ?? '') ? undefined : 'is no e-mail address'),
  uri: (text) => (isUri(text) ? undefined : 'is no URI'),
};

/** What is wrong with the literal argument (or target) of a call, as the end of a sentence, and where. */
export function literalProblem(
  call: Extract<Expression, { kind: 'call' }>,
): { readonly at: Expression; readonly message: string } | undefined {
  const at = call.name === 'matches' ? call.target : call.args[0];
  if (at?.kind !== 'literal' || at.literal.type !== 'STRING') return undefined;
  const text = at.literal.value;
  if (call.name === 'matches') {
    const problem = re2Problem(text);
    return problem === undefined ? undefined : { at, message: `is no regular expression of RE2: ${problem}` };
  }
  const check = Object.hasOwn(CHECKS, call.name) ? CHECKS[call.name] : undefined;
  const message = check?.(text);
  return message === undefined ? undefined : { at, message };
}

function isTimestamp(text: string): boolean {
  const match = RFC_3339.exec(text);
  if (match === null) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  // Day 0 of the next month is the last one of this.
  return month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function isDnsName(text: string): boolean {
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  return (
    name !== '' &&
    name.length <= 253 &&
    name.split('.').every((label) => label.length <= 63 && LABEL.test(label))
  );
}

function isUri(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return text !== '' && !/[\x00-\x1f\x7f]|%(?![0-9A-Fa-f]{2})/.test(text) && !text.startsWith(':');
}
