/** Data as YAML. */

import { dump } from 'js-yaml';

/** One document, two spaces of indent, no line folding. */
export function toYaml(value: unknown): string {
  return dump(value, { lineWidth: -1, noRefs: true });
}
