/** Texts of a configuration that stand in headers. */

import { InvalidConfigError } from '../config-error.ts';

/** The text, which Envoy would take. Throws an `InvalidConfigError` for one that would end the header that it stands in. */
export function headerText(field: string, text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
  if (/[\0\r\n]/.test(text)) throw new InvalidConfigError(field, 'has a line break or NUL');
  return text;
}
