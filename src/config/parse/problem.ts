/** What is wrong with an input before there is an object to blame. */

import { YAMLException } from 'js-yaml';
import { MAX_DEPTH } from './bounds.ts';
import type { Fault } from './construct.ts';
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

/** What the YAML parser refuses, in words. Throws what is no refusal but a fault of the program. */
export function describeSyntaxError(error: unknown, text: string): Fault {
  if (!(error instanceof YAMLException)) throw error;
  const { reason } = error;
  const offset = error.mark?.position ?? 0;
  const message = `not valid YAML: ${reason}`;
  if (reason.startsWith('nesting exceeded')) {
    return { offset, message: `the document nests deeper than ${MAX_DEPTH} levels` };
  }
  if (looksLikeTemplate(text)) return { offset, message, hint: TEMPLATE_HINT };
  if (reason === 'deficient indentation') {
    return {
      offset,
      message: 'not valid YAML: the line is indented too little',
      hint: 'Indent it more than the key that it belongs to.',
    };
  }
  if (reason.includes('tab character')) return { offset, message, hint: 'Indent with spaces.' };
  return { offset, message };
}

const TEMPLATE_HINT = 'This looks like a template; render it first, as with "helm template".';

/** Whether a text has the marks between which Go templates put their code. */
export function looksLikeTemplate(text: string): boolean {
  return text.includes('{{') && text.includes('}}');
}

/** A fault of a document's structure, which in a template is that of a document to come. */
export function structureFault(fault: Fault, text: string): Fault {
  return looksLikeTemplate(text) ? { ...fault, hint: TEMPLATE_HINT } : fault;
}
