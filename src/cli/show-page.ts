/** A debug page of the control plane, as JSON. */

import { timeoutSignal } from './cluster.ts';
import type { Context } from './context.ts';
import { askAll, type ControlPlaneFlags, findControlPlane } from './control-plane.ts';

/** Prints the page. Returns the exit code; throws the `MeshError` of the last process when none has it. */
export async function showPage(
  page: string,
  flags: ControlPlaneFlags & { readonly all: boolean; readonly timeout: string },
  context: Context,
): Promise<number> {
  const signal = timeoutSignal(flags.timeout);
  const istiods = await findControlPlane(flags, context, signal);
  const path = page === '' ? '/debug' : `/debug/${page.replace(/^\/?(?:debug\/)?/, '')}`;
  const answers = await askAll(istiods, path, signal);
  const good = answers.filter((answer) => 'body' in answer);
  const [first] = good;
  if (first === undefined) {
    const failed = answers.find((answer) => 'failure' in answer);
    throw failed === undefined ? new Error('nobody was asked') : failed.failure;
  }
  const shown = flags.all
    ? Object.fromEntries(good.map(({ istiod, body }) => [istiod.name, parsed(body)]))
    : parsed(first.body);
  context.stdout.write(`${JSON.stringify(shown, undefined, 2)}\n`);
  if (flags.all) {
    for (const answer of answers) {
      if ('failure' in answer)
        context.stderr.write(`Note: ${answer.istiod.name} is missing: ${answer.failure.message}\n`);
    }
  }
  return 0;
}

/** A page that is no JSON stays a text. */
function parsed(body: Buffer): unknown {
  const text = body.toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
