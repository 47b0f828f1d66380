/** `mesh profile diff`: the settings in which two profiles differ. */

import type { CommandMetadata, Invocation } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { GlobalFlags } from '../../global-flags.ts';
import { readOperatorFlags, writeWarnings } from '../../operator-flags.ts';

export const metadata = {
  path: ['profile', 'diff'],
  summary: 'Show the settings in which two profiles differ',
  description:
    'Compares the settings of two profiles, each given by its name or as a file with an IstioOperator, and shows ' +
    'the ones that differ, with what they are in A and in B.',
  examples: [
    { text: 'What does demo turn on that default does not?', command: 'mesh profile diff demo' },
    { text: 'What does my file change?', command: 'mesh profile diff default mesh.yaml' },
    { text: 'For a program', command: 'mesh profile diff -o json default demo' },
  ],
  args: [
    { name: 'A', description: 'Profile, or file with an IstioOperator', complete: 'profiles' },
    {
      name: 'B',
      description: 'What to compare it with; without it, A is compared with default',
      optional: true,
      complete: 'profiles',
    },
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
    manifests: {
      type: 'string',
      short: 'd',
      value: 'FOLDER',
      hidden: true,
      description: 'Accepted: profiles are built in',
    },
  },
  exitCodes: { 0: 'They are the same', 1: 'They differ, or a file cannot be read', 2: 'Wrong usage' },
} as const satisfies CommandMetadata;

export async function run(
  { args, flags }: Invocation<typeof metadata.flags & GlobalFlags>,
  context: Context,
): Promise<number> {
  const [
    { settingsOf },
    { packageParts },
    { PROFILES, profileSpec },
    { differenceTree, settingDifferences },
  ] = await Promise.all([
    import('../../../install/render.ts'),
    import('../../package-parts.ts'),
    import('../../../install/profiles.ts'),
    import('../../../install/profile-diff.ts'),
  ]);
  const side = async (name: string): Promise<Awaited<ReturnType<typeof settingsOf>>['spec']> => {
    const isFile = !PROFILES.includes(name) && /[./\\]|^-$/.test(name);
    // Says what is wrong with a name that is neither.
    if (!isFile) profileSpec(name);
    const input = isFile
      ? await readOperatorFlags({ filename: [name] }, context)
      : { files: [], sets: [`profile=${name}`] };
    const { spec, warnings } = await settingsOf(input, packageParts());
    writeWarnings(warnings, context);
    // That they have different names is no news.
    return { ...spec, profile: undefined };
  };
  const [first = '', second] = args;
  const left = await side(second === undefined ? 'default' : first);
  const right = await side(second ?? first);
  const differences = settingDifferences(left, right);
  const { stdout } = context;
  if (flags.output === 'json') stdout.write(`${JSON.stringify(differences, undefined, 2)}\n`);
  else if (flags.output === 'yaml') {
    const { toYamlText } = await import('../../../install/yaml-text.ts');
    stdout.write(toYamlText(differences));
  } else if (differences.length === 0) stdout.write('Profiles are identical\n');
  else stdout.write(`The difference between profiles:\n${differenceTree(left, right)}`);
  return differences.length === 0 ? 0 : 1;
}
