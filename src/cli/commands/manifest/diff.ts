/** `mesh manifest diff`: `mesh diff` as istioctl had it, with its choice of resources. */

import type { CommandMetadata, Invocation } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { GlobalFlags } from '../../global-flags.ts';

export const metadata = {
  path: ['manifest', 'diff'],
  summary: 'Compare two manifests, or two folders of them',
  description:
    'Compares two manifests as "mesh diff" does, and can be told which resources to look at. A resource is ' +
    'written kind:namespace:name; * stands for any text, and an empty part for anything.',
  examples: [
    { text: 'Two versions of an installation', command: 'mesh manifest diff old.yaml new.yaml' },
    { text: 'Two folders', command: 'mesh manifest diff -r old/ new/' },
    {
      text: 'The Deployments of one namespace',
      command: 'mesh manifest diff --select "Deployment:istio-system:*" old.yaml new.yaml',
    },
    {
      text: 'A Service that has another name now',
      command: 'mesh manifest diff --rename "Service:*:istio-pilot->Service:*:istiod" old.yaml new.yaml',
    },
  ],
  args: [
    { name: 'A', description: 'File, folder, - for standard input, or profile', complete: 'files' },
    { name: 'B', description: 'What to compare it with', complete: 'files' },
  ],
  flags: {
    select: {
      type: 'strings',
      value: 'RESOURCE',
      commas: true,
      settable: false,
      description: 'Compare only these resources; may be repeated',
    },
    ignore: {
      type: 'strings',
      value: 'RESOURCE',
      commas: true,
      settable: false,
      description: 'Leave out these resources; may be repeated',
    },
    rename: {
      type: 'strings',
      value: 'OLD->NEW',
      commas: true,
      settable: false,
      description: 'Give resources another name before they are compared; may be repeated',
    },
    directory: {
      type: 'boolean',
      short: 'r',
      settable: false,
      description: 'Accepted: folders are seen to be folders',
    },
    output: {
      type: 'string',
      short: 'o',
      value: 'FORMAT',
      default: 'text',
      values: ['text', 'json', 'yaml'],
      description: 'Format of the differences',
    },
  },
  exitCodes: { 0: 'Both say the same', 1: 'They differ', 2: 'Wrong usage, or a side cannot be read' },
} as const satisfies CommandMetadata;

export async function run(
  { args, flags }: Invocation<typeof metadata.flags & GlobalFlags>,
  context: Context,
): Promise<number> {
  const [{ compareSides }, { parsePattern, parseRename }] = await Promise.all([
    import('../../compare-sides.ts'),
    import('../../../install/diff/choice.ts'),
  ]);
  const resources = {
    select: flags.select.map((one) => parsePattern(one, 'select')),
    ignore: flags.ignore.map((one) => parsePattern(one, 'ignore')),
    rename: flags.rename.map((one) => parseRename(one, 'rename')),
  };
  const inWords = { same: 'Manifests are identical', different: 'Differences in manifests are:' };
  return compareSides(
    [args[0] ?? '', args[1] ?? ''],
    { flags, output: flags.output, resources, inWords },
    context,
  );
}
