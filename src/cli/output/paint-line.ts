/** Colours of the lines of a comparison. */

import type { Context } from '../context.ts';
import type { PaintLine } from './comparison.ts';

/** Green for what comes, red for what goes; undefined where nothing is coloured. */
export async function paintLine({ colour }: Pick<Context, 'colour'>): Promise<PaintLine | undefined> {
  if (!colour) return undefined;
  const { Chalk } = await import('chalk');
  const chalk = new Chalk({ level: 1 });
  return (sign, text) => {
    if (sign === '+') return chalk.green(text);
    return sign === '-' ? chalk.red(text) : chalk.yellow(text);
  };
}
