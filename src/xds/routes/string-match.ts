/** Matches of text: exact, prefix or regular expression over the whole of it. */

import type { HttpMatch } from '../../model/virtual-services.ts';
import type { HeaderMatcherSchema } from '../proto/generated/envoy/config/route/v3/route_components_pb.js';
import type { StringMatcherSchema } from '../proto/generated/envoy/type/matcher/v3/string_pb.js';
import type { Init } from '../values.ts';

export type StringMatch = NonNullable<HttpMatch['uri']>;
export type StringMatcher = Init<typeof StringMatcherSchema>;
export type HeaderMatcher = Init<typeof HeaderMatcherSchema>;

/** The matcher of the three forms; an empty match fits everything that begins with nothing. */
export function stringMatcher(match: StringMatch): StringMatcher {
  if (match.exact !== undefined) return { matchPattern: { case: 'exact', value: match.exact } };
  if (match.regex !== undefined)
    return { matchPattern: { case: 'safeRegex', value: { regex: match.regex } } };
  return { matchPattern: { case: 'prefix', value: match.prefix ?? '' } };
}

/** Only presence counts: nothing is asked of the value, or the `*` that stands for any. */
export function asksPresence(match: StringMatch): boolean {
  const { exact, prefix, regex } = match;
  if (regex === '*') return true;
  return exact === undefined && prefix === undefined && regex === undefined;
}

/** A matcher of a header's value. */
export function headerMatcher(name: string, match: StringMatch): HeaderMatcher {
  if (asksPresence(match)) return { name, headerMatchSpecifier: { case: 'presentMatch', value: true } };
  return { name, headerMatchSpecifier: { case: 'stringMatch', value: stringMatcher(match) } };
}

/** Holds when the header does not match; a header that is not there counts as empty. */
export function withoutHeaderMatcher(name: string, match: StringMatch): HeaderMatcher {
  return {
    ...headerMatcher(name, match),
    invertMatch: true,
    ...(!asksPresence(match) && { treatMissingHeaderAsEmpty: true }),
  };
}
