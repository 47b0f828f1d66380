/** `mesh experimental kube-uninject`: takes the sidecar out of workload manifests. */

import { MeshError } from '../../../base/mesh-error.ts';
import type { CommandMetadata, Invocation } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { GlobalFlags } from '../../global-flags.ts';
import { INPUT_ARGS, REWRITE_FLAGS } from '../../input-flags.ts';

export const metadata = {
  path: ['experimental', 'kube-uninject'],
  formerly: [['kube-uninject']],
  summary: 'Take the sidecar out of workload manifests',
  description:
    'The way back from "mesh kube-inject": a file that it made becomes the file that it was made from, to the byte. ' +
    "Manifests that went through a cluster, or that Istio's injector made, lose the sidecar and keep the rest. " +
    'Needs no cluster.\n\n' +
    'The result goes to standard output, what became of each workload to standard error.',
  examples: [
    { text: 'From a cluster', command: 'kubectl get deployment web -o yaml | mesh x kube-uninject -f -' },
    {
      text: 'Files, changed where they are',
      command: 'mesh experimental kube-uninject --in-place manifests/',
    },
  ],
  args: INPUT_ARGS,
  flags: {
    ...REWRITE_FLAGS,
  },
  exitCodes: {
    0: 'Done, maybe with workloads that had no sidecar',
    1: 'The input cannot be read; with --check, something would change',
    2: 'Wrong usage',
  },
} as const satisfies CommandMetadata;

export async function run(
  { flags, args }: Invocation<typeof metadata.flags & GlobalFlags>,
  context: Context,
): Promise<number> {
  const paths = [...flags.filename, ...args];
  if (paths.length === 0) {
    throw new MeshError('MissingArgument', 'filename not specified (see --filename or -f)', {
      hint: 'For example: mesh experimental kube-uninject -f deployment.yaml',
    });
  }
  const [{ rewriteFiles }, { uninjectText }] = await Promise.all([
    import('../../rewrite-files.ts'),
    import('../../../inject/inject.ts'),
  ]);
  return rewriteFiles(paths, flags, () => uninjectText, context);
}
