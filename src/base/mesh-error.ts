/** The one error class of the project: what is wrong, where, and how to mend it. */

/** A place in the user's input. Lines and columns count from 1. */
export interface Where {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** `Kind namespace/name`, or `Kind name` where there is no namespace. */
  readonly object?: string;
  /** The field's path, as `spec.http[0].route`. */
  readonly field?: string;
}

export interface MeshErrorOptions {
  readonly hint?: string;
  readonly where?: Where;
  readonly cause?: unknown;
}

/**
 * An expected failure that a user can understand. `code` is stable and is what exit codes and tests key on;
 * `message` is one line without the place, which stands in `where`.
 */
export class MeshError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly where: Where | undefined;

  constructor(code: string, message: string, options: MeshErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'MeshError';
    this.code = code;
    this.hint = options.hint;
    this.where = options.where;
  }
}

/** `file:line:column`, as far as each is known; undefined when nothing is. */
export function formatPosition(where: Where): string | undefined {
  if (where.file === undefined) return undefined;
  return [where.file, where.line, where.column].filter((part) => part !== undefined).join(':');
}

/** How it reads on standard error: `Error: file:line:column: object: field: message`, and a line with the hint. */
export function errorText({ message, hint, where = {} }: MeshError): string {
  const position = formatPosition(where);
  // "no such file x" needs no "x:" before it.
  const isSaid = position !== undefined && position === where.file && wordsOf(message).includes(position);
  const place = [isSaid ? undefined : position, where.object, where.field].filter(
    (part) => part !== undefined,
  );
  return `Error: ${[...place, message].join(': ')}\n${hint === undefined ? '' : `  ${hint}\n`}`;
}

/** Its words, without the signs that end them. */
function wordsOf(text: string): readonly string[] {
  return text.split(/[\s"']+/).map((word) => word.replace(/[:.,;]+$/, ''));
}
