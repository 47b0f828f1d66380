/** Runs `validate` on text and gives what it says, in a form that tests can compare. */

import { formatFieldPath } from '../../src/base/field-path.ts';
import type { Finding } from '../../src/config/finding.ts';
import { parseText } from '../../src/config/parse/parse.ts';
import { validate } from '../../src/config/validate.ts';
import type { ValidateOptions } from '../../src/config/validate.ts';

/** The findings on all objects of a text, which must be well-formed. */
export async function findingsOf(text: string, options?: ValidateOptions): Promise<readonly Finding[]> {
  const { objects, problems } = parseText(text, 'f.yaml');
  if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join('\n'));
  return (await validate(objects, options)).flatMap(({ findings }) => findings);
}

/** `Level Check path: message`. */
export function formatFinding({ level, check, path, message }: Finding): string {
  return `${level} ${check} ${formatFieldPath(path)}: ${message}`;
}

export async function linesOf(text: string, options?: ValidateOptions): Promise<readonly string[]> {
  return (await findingsOf(text, options)).map(formatFinding);
}
