/** `mesh diff`: what differs between two sets of manifests, by resource and field. */

import type { CommandMetadata, Invocation } from '../command.ts';
import type { Context } from '../context.ts';
import type { GlobalFlags } from '../global-flags.ts';

export const metadata = {
  path: ['diff'],
  summary: 'Show what differs between two sets of manifests',
  description:
    'Compares two sets of manifests by resource and field. A side is a file, a folder with all below it, - for ' +
    'standard input, an installation profile, as profile:demo (or just demo, where no file is called so), or ' +
    'cluster: the objects of the cluster that have the names of those on the other side. ' +
    'Objects are matched by group, kind, namespace and name, whatever their version.\n\n' +
    'The order of objects, of keys and of lists whose items have names counts for nothing; nor do defaults, ' +
    'status and what the API server fills in. A line starting with + is a resource or field that only B has, ' +
    'with - one that only A has, with ~ a resource that differs. Values of Secrets are never shown.',
  examples: [
    { text: 'What does a change of the chart change?', command: 'mesh diff before.yaml after.yaml' },
    {
      text: 'A folder and what a chart renders now',
      command: 'helm template ./chart | mesh diff deployed/ -',
    },
    { text: 'What does one profile install that the other does not?', command: 'mesh diff default demo' },
    { text: 'What would applying these files change?', command: 'mesh diff cluster manifests/' },
    {
      text: 'Has somebody changed what is installed?',
      command: 'mesh manifest generate -f mesh.yaml | mesh diff - cluster',
    },
    { text: 'For a program', command: 'mesh diff -o json before/ after/' },
  ],
  args: [
    { name: 'A', description: 'File, folder, - for standard input, profile, or cluster', complete: 'files' },
    { name: 'B', description: 'What to compare it with', complete: 'files' },
  ],
  flags: {
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

export type DiffInvocation = Invocation<typeof metadata.flags & GlobalFlags>;

export async function run({ args, flags }: DiffInvocation, context: Context): Promise<number> {
  const { compareSides } = await import('../compare-sides.ts');
  return compareSides([args[0] ?? '', args[1] ?? ''], { flags, output: flags.output }, context);
}
