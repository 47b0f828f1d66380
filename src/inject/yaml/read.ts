/** A YAML or JSON text of one document as a plain value. */

import { YAMLException } from 'js-yaml';
import { MeshError } from '../../base/mesh-error.ts';
import { parseTree } from './tree.ts';
import { valueOf } from './value.ts';
import type { Json } from './value.ts';

/** The value; undefined for an empty text. Throws a MeshError with line and column of what is wrong. */
export function readYamlValue(text: string, file?: string): Json | undefined {
  try {
    const [document] = parseTree(text);
    return document?.root === undefined ? undefined : valueOf(document.root);
  } catch (error) {
    throw yamlError(error, text, file);
  }
}

/** The parser's error as a MeshError with a place, for a text that starts on `firstLine`; others as they are. */
export function yamlError(error: unknown, text: string, file: string | undefined, firstLine = 1): unknown {
  if (!(error instanceof YAMLException)) return error;
  const { line, column } = placeOf(text, error.mark?.position ?? 0);
  return new MeshError('Syntax', `not valid YAML: ${error.reason}`, {
    where: { ...(file === undefined ? {} : { file }), line: firstLine + line - 1, column },
    cause: error,
  });
}

/** Line and column of an offset, from 1. */
function placeOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset).split(/\r\n|\r|\n/);
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 };
}
