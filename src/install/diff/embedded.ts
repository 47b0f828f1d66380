/** Documents inside fields, as MeshConfig in a ConfigMap. */

import { CORE_SCHEMA, load } from 'js-yaml';

/** Longest text that is read, in UTF-16 units; a longer one is compared as text. */
const MAX_LENGTH = 1 << 20;

/** The value of a YAML or JSON text; undefined for one that is none, or whose anchors could unfold it. */
export function parseDocument(text: string): unknown {
  if (text.length > MAX_LENGTH || text.includes('&')) return undefined;
  try {
    // Without dates: they would not compare as what they are written as.
    return load(text, { schema: CORE_SCHEMA });
  } catch {
    return undefined;
  }
}
