/** What `mesh kube-inject` does with files: gathers the settings, then rewrites. */

import { injectText } from '../inject/inject.ts';
import type { InjectInvocation } from './commands/kube-inject.ts';
import type { Context } from './context.ts';
import { injectionSettings } from './injection-settings.ts';
import { rewriteFiles } from './rewrite-files.ts';

/** Injects what the paths name. Returns the exit code. */
export async function injectFiles(
  paths: readonly string[],
  { flags, given }: InjectInvocation,
  context: Context,
): Promise<number> {
  return rewriteFiles(
    paths,
    flags,
    async (inputs) => {
      const settings = await injectionSettings(flags, given, inputs, context);
      return (text, file) => injectText(text, settings, file);
    },
    context,
  );
}
