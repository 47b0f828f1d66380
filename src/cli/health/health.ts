/** Health as a list of checks in categories, and how it is shown. */

import { Chalk } from 'chalk';
import { ApiFailure } from '../../kube/failure.ts';
import { deniedRight, rightText, ruleText } from '../../kube/denied.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { count } from '../summary.ts';

export type Result = 'success' | 'warning' | 'error';

export interface Check {
  readonly description: string;
  readonly result: Result;
  /** What is wrong. */
  readonly error?: string;
  /** What to do about it. */
  readonly hint?: string;
}

export interface Category {
  /** A word that stays the same: `control-plane`. */
  readonly categoryName: string;
  readonly checks: readonly Check[];
}

export interface HealthFlags {
  readonly output: 'table' | 'short' | 'json' | 'yaml';
  /** Whether warnings fail, too. */
  readonly strict: boolean;
}

const SIGNS: Readonly<Record<Result, string>> = { success: '√', warning: '‼', error: '×' };
const COLOURS = { success: 'green', warning: 'yellow', error: 'red' } as const;

/** Shows all of it. Returns the exit code. */
export async function reportHealth(
  categories: readonly Category[],
  { output, strict }: HealthFlags,
  context: Context,
): Promise<number> {
  const { stdout, colour } = context;
  const all = categories.flatMap(({ checks }) => checks);
  const isBad = all.some(({ result }) => result === 'error' || (strict && result === 'warning'));
  const code = isBad ? EXIT.failed : EXIT.ok;
  if (output === 'json' || output === 'yaml') {
    const document = { success: !isBad, categories };
    if (output === 'json') stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
    else stdout.write((await import('../output/yaml.ts')).toYaml(document));
    return code;
  }
  const chalk = new Chalk({ level: colour ? 1 : 0 });
  for (const { categoryName, checks } of categories) {
    const shown = output === 'short' ? checks.filter(({ result }) => result !== 'success') : checks;
    if (shown.length === 0) continue;
    stdout.write(`${categoryName}\n${'-'.repeat(categoryName.length)}\n`);
    for (const { description, result, error, hint } of shown) {
      stdout.write(`${chalk[COLOURS[result]](SIGNS[result])} ${description}\n`);
      if (error !== undefined) stdout.write(`    ${error.replaceAll('\n', '\n    ')}\n`);
      if (hint !== undefined) stdout.write(`    hint: ${hint}\n`);
    }
    stdout.write('\n');
  }
  const number = (result: Result): number => all.filter((one) => one.result === result).length;
  const total = `${number('success')} fine, ${count(number('warning'), 'warning')}, ${count(number('error'), 'error')}`;
  stdout.write(`Status check results are ${isBad ? SIGNS.error : SIGNS.success} (${total})\n`);
  return code;
}

/** One check out of a list of problems: fine when there are none. */
export function checkOf(
  description: string,
  problems: readonly string[],
  { hint, level = 'error' }: { readonly hint: string; readonly level?: Exclude<Result, 'success'> },
): Check {
  if (problems.length === 0) return { description, result: 'success' };
  const shown = problems.slice(0, MAX_SHOWN);
  const more = problems.length > MAX_SHOWN ? [`… and ${problems.length - MAX_SHOWN} more`] : [];
  return { description, result: level, error: [...shown, ...more].join('\n'), hint };
}

const MAX_SHOWN = 20;

/** The checks; where the cluster does not let us ask, a warning that names the right. */
export async function asked(
  description: string,
  question: () => Promise<readonly Check[]>,
): Promise<readonly Check[]> {
  try {
    return await question();
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    const right = deniedRight(error);
    if (right === undefined) {
      return [
        { description, result: 'error', error: error.message, hint: 'Run the command again in a moment.' },
      ];
    }
    return [
      {
        description,
        result: 'warning',
        error: `not checked: no right to ${rightText(right)}`,
        hint: `${ruleText(right)} gives it.`,
      },
    ];
  }
}
