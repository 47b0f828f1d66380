/** How an error reads on standard error. */

import { formatPosition, MeshError } from '../base/mesh-error.ts';

/** `Error: place: message` and a line with the hint; the stack only when asked for. */
export function formatError(error: unknown, verbose: boolean): string {
  if (error instanceof MeshError) {
    const { where = {}, hint } = error;
    const position = formatPosition(where);
    // "no such file x" needs no "x:" before it.
    const file =
      position === where.file && position !== undefined && wordsOf(error.message).includes(position)
        ? undefined
        : position;
    const place = [file, where.object, where.field].filter((part) => part !== undefined);
    let text = `Error: ${[...place, error.message].join(': ')}\n`;
    if (hint !== undefined) text += `  ${hint}\n`;
    return verbose ? `${text}${stackOf(error)}` : text;
  }
  const message = error instanceof Error ? error.message : String(error);
  if (verbose) return `Error: this is a fault of mesh itself: ${message}\n${stackOf(error)}`;
  return `Error: this is a fault of mesh itself: ${message}\n  Run the command again with --verbose, and report what it prints.\n`;
}

/** Its words, without the signs that end them. */
function wordsOf(text: string): readonly string[] {
  return text.split(/[\s"']+/).map((word) => word.replace(/[:.,;]+$/, ''));
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error) || error.stack === undefined) return '';
  const cause =
    error.cause === undefined ? '' : `Caused by: ${stackOf(error.cause) || `${String(error.cause)}\n`}`;
  return `${error.stack}\n${cause}`;
}
