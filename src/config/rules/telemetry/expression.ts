/** Checks the syntax of CEL expressions, without ever running them. */

import { createRequire } from 'node:module';

import type * as Cel from '@marcbachmann/cel-js';

// Loaded when the first expression is met: `require`, because rules are synchronous and a dynamic import is not.
let library: typeof Cel | undefined;

// Far beyond any real expression; bounds the work on hostile ones.
const MAX_EXPRESSION = 8192;

/**
 * What is wrong with an expression, in the words of the parser; undefined when its syntax is sound. Names and
 * types are not looked at: which attributes exist depends on the proxy.
 * https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax
 */
export function celProblem(expression: string): string | undefined {
  if (expression.trim() === '') return 'it is empty';
  if (expression.length > MAX_EXPRESSION) return `it is longer than ${MAX_EXPRESSION} characters`;
  library ??= createRequire(import.meta.url)('@marcbachmann/cel-js') as typeof Cel;
  try {
    library.parse(expression);
    return undefined;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // The lines after the first draw the expression.
    return (error.message.split('\n', 1)[0] ?? '').slice(0, 200);
  }
}
