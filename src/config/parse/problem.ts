/** What is wrong with an input before there is an object to blame. */

import type { CheckName, Level } from '../finding.ts';
import { CHECK_CODES } from '../finding.ts';
import { MeshError } from '../../base/mesh-error.ts';

/** A finding on a file: a document that cannot be read, or one that is no object. */
export interface Problem {
  readonly check: CheckName;
  readonly level: Level;
  readonly message: string;
  readonly hint?: string;
  readonly file: string;
  /** From 1; absent where the fault has no place in the text (an unreadable file). */
  readonly line?: number;
  readonly column?: number;
}

/** The problem as an error to throw, for callers that cannot go on with the rest. */
export function problemError(problem: Problem): MeshError {
  const { file, line, column, hint } = problem;
  return new MeshError(CHECK_CODES[problem.check], problem.message, {
    where: { file, line, column },
    ...(hint === undefined ? {} : { hint }),
  });
}
