/** How an error reads on standard error. */

import { errorText, MeshError } from '../base/mesh-error.ts';

/** `Error: place: message` and a line with the hint; the stack only when asked for. */
export function formatError(error: unknown, verbose: boolean): string {
  if (error instanceof MeshError) {
    const text = errorText(error);
    return verbose ? `${text}${stackOf(error)}` : text;
  }
  const message = error instanceof Error ? error.message : String(error);
  if (verbose) return `Error: this is a fault of mesh itself: ${message}\n${stackOf(error)}`;
  return `Error: this is a fault of mesh itself: ${message}\n  Run the command again with --verbose, and report what it prints.\n`;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error) || error.stack === undefined) return '';
  const cause =
    error.cause === undefined ? '' : `Caused by: ${stackOf(error.cause) || `${String(error.cause)}\n`}`;
  return `${error.stack}\n${cause}`;
}
