/** Asks before something is changed. */

import type { Context } from '../context.ts';

/** Whether the user says yes; an input that has ended says no, which is told. */
export async function confirmed(question: string, { stdin, stderr }: Context): Promise<boolean> {
  stderr.write(`${question} (y/N) `);
  const answer = await stdin.line();
  if (!stdin.isTTY) stderr.write('\n');
  if (answer !== undefined && /^y(?:es)?$/i.test(answer.trim())) return true;
  stderr.write(
    answer === undefined
      ? 'Cancelled: there is nobody to answer. Pass -y to go on without.\n'
      : 'Cancelled.\n',
  );
  return false;
}
