/** Shows steps: alive on a terminal, else a line whenever one begins, is held up, is done or fails. */

import type { Steps } from '../../ui/terminal/steps.ts';
import { type Context, wantsColour } from '../context.ts';

const SIGNS = { waiting: '', working: '-', done: '✔', failed: '✘' } as const;

/** Shows them on standard error until the function that it returns is called. */
export async function followSteps(
  steps: Steps,
  context: Pick<Context, 'stderr' | 'env'>,
): Promise<() => void> {
  const { stderr, env } = context;
  // Only the process's own stream can be drawn on.
  if (stderr.isTTY && stderr.stream !== undefined && env['TERM'] !== 'dumb') {
    const { showSteps } = await import('../../ui/terminal/steps-view.ts');
    return showSteps(steps, stderr.stream, wantsColour('auto', env, stderr));
  }
  return steps.listen(({ title, state, detail, isFleeting }) => {
    const sign = SIGNS[state];
    if (sign !== '' && !isFleeting) stderr.write(`${sign} ${title}${detail === '' ? '' : `: ${detail}`}\n`);
  });
}
