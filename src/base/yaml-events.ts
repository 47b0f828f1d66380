/** YAML text to parser events, with one leniency that Kubernetes' own tools have. */

import { YAMLException, parseEvents } from 'js-yaml';
import type { Event } from 'js-yaml';

export interface ParsedYaml {
  readonly events: readonly Event[];
  /** The text that the events refer to. Offsets are those of the text given; some line breaks may be spaces. */
  readonly text: string;
}

/** Collections inside one another. Deep real objects (CRDs with nested schemas) stay under 60. */
export const MAX_DEPTH = 200;

/** Characters that repairs may have parsed again, all attempts counted, beside the first. */
const MAX_REPAIR_CHARACTERS = 10_000_000;

/**
 * The events of a text. YAML 1.2 wants each line of a list in brackets indented more than the key before it;
 * the closing bracket at the key's own column is common, and the parser of Kubernetes' tools takes it. Such a
 * line is read as if it stood on the line above. Throws YAMLException.
 */
export function parseYaml(text: string): ParsedYaml {
  let current = text;
  let budget = MAX_REPAIR_CHARACTERS;
  for (;;) {
    try {
      return { events: parseEvents(current, { maxDepth: MAX_DEPTH }), text: current };
    } catch (error) {
      budget -= text.length;
      const repaired =
        budget > 0 && isIndentation(error) ? joinLine(current, error.mark?.position ?? 0) : undefined;
      if (repaired === undefined) throw error;
      current = repaired;
    }
  }
}

function isIndentation(error: unknown): error is YAMLException {
  return error instanceof YAMLException && error.reason === 'deficient indentation';
}

/** Puts the line at `offset` on the line before it; every offset stays. Undefined where that changes the meaning. */
function joinLine(text: string, offset: number): string | undefined {
  let lineStart = offset;
  while (lineStart > 0 && !isBreak(text, lineStart - 1)) lineStart--;
  if (lineStart === 0 || text.slice(lineStart, offset).trim() !== '') return undefined;
  let lineEnd = lineStart - 1;
  if (text.charCodeAt(lineEnd) === 10 && text.charCodeAt(lineEnd - 1) === 13) lineEnd--;
  let before = lineEnd;
  while (before > 0 && !isBreak(text, before - 1)) before--;
  const previous = text.slice(before, lineEnd);
  // Inside quotes an empty line is a line break of the text itself.
  if (previous.trim() === '' && !']},'.includes(text.charAt(offset))) return undefined;
  const kept = previous.slice(0, commentStart(previous));
  return text.slice(0, before) + kept.padEnd(lineStart - before) + text.slice(lineStart);
}

function isBreak(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 10 || code === 13;
}

/** Where a line's comment begins: a `#` at its start or after a space, outside quotes. */
function commentStart(line: string): number {
  let quote = '';
  for (let at = 0; at < line.length; at++) {
    const character = line.charAt(at);
    if (quote !== '') {
      if (character === '\\' && quote === '"') at++;
      else if (character === quote) quote = '';
    } else if (character === '"' || character === "'") {
      quote = character;
    } else if (character === '#' && (at === 0 || ' \t'.includes(line.charAt(at - 1)))) {
      return at;
    }
  }
  return line.length;
}
