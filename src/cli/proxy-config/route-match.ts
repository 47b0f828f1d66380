/** What the match of a route says, in a few signs. Conditions on headers are not told. */

import { field, text } from './fields.ts';

export function describeMatch(match: unknown): string {
  const prefix = text(match, 'prefix');
  const segments = text(match, 'path_separated_prefix');
  const path = text(match, 'path');
  const regex = field(match, 'safe_regex');
  return [
    ...(prefix === '' ? [] : [`${prefix}*`]),
    ...(segments === '' ? [] : [`PathPrefix:${segments}`]),
    ...(path === '' ? [] : [path]),
    ...(regex === undefined ? [] : [`regex ${text(regex, 'regex')}`]),
  ].join(' ');
}
