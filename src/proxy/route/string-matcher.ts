/** Matchers of text: https://www.envoyproxy.io/docs/envoy/latest/api-v3/type/matcher/v3/string.proto */

import { compileRe2 } from '../../base/re2.ts';
import type { StringMatcher } from '../../xds/proto/generated/envoy/type/matcher/v3/string_pb.js';
import { UnsupportedError } from './unsupported.ts';

export interface TextMatcher {
  fits(text: string): boolean;
  /** What it asks for, as `prefix "/api"`. */
  readonly description: string;
}

export function exactText(value: string, ignoreCase = false): TextMatcher {
  const wanted = folded(value, ignoreCase);
  return matcher('exact', value, (text) => folded(text, ignoreCase) === wanted);
}

export function prefixText(value: string, ignoreCase = false): TextMatcher {
  const wanted = folded(value, ignoreCase);
  return matcher('prefix', value, (text) => folded(text, ignoreCase).startsWith(wanted));
}

export function suffixText(value: string, ignoreCase = false): TextMatcher {
  const wanted = folded(value, ignoreCase);
  return matcher('suffix', value, (text) => folded(text, ignoreCase).endsWith(wanted));
}

export function containedText(value: string, ignoreCase = false): TextMatcher {
  const wanted = folded(value, ignoreCase);
  return matcher('contains', value, (text) => folded(text, ignoreCase).includes(wanted));
}

/** The whole text has to fit. */
export function regexText(regex: string): TextMatcher {
  const compiled = compileRe2(regex);
  return matcher('regex', regex, (text) => compiled.fits(text));
}

/** Throws an `UnsupportedError` for custom matchers, and a `SyntaxError` for a bad regular expression. */
export function compileStringMatcher({ matchPattern, ignoreCase }: StringMatcher): TextMatcher {
  switch (matchPattern.case) {
    case 'exact':
      return exactText(matchPattern.value, ignoreCase);
    case 'prefix':
      return prefixText(matchPattern.value, ignoreCase);
    case 'suffix':
      return suffixText(matchPattern.value, ignoreCase);
    case 'contains':
      return containedText(matchPattern.value, ignoreCase);
    case 'safeRegex':
      return regexText(matchPattern.value.regex);
    default:
      throw new UnsupportedError(`string matcher ${matchPattern.case ?? 'without a pattern'}`);
  }
}

function matcher(kind: string, value: string, fits: (text: string) => boolean): TextMatcher {
  return { fits, description: `${kind} ${JSON.stringify(value)}` };
}

/** Only ASCII letters have a case here, as in Envoy. */
function folded(text: string, ignoreCase: boolean): string {
  return ignoreCase ? text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;
}
