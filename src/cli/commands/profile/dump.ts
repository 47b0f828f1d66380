/** `mesh profile dump`: all settings of a profile, or of a file that builds on one. */

import { MeshError } from '../../../base/mesh-error.ts';
import type { CommandMetadata, Invocation } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { GlobalFlags } from '../../global-flags.ts';
import { OPERATOR_FLAGS, readOperatorFlags, writeWarnings } from '../../operator-flags.ts';

export const metadata = {
  path: ['profile', 'dump'],
  summary: 'Show all settings of a profile',
  description:
    'Prints all settings of a built-in profile, or those that files and single settings make on top of one, as ' +
    'an IstioOperator. It can be edited and given to "mesh manifest generate -f".',
  examples: [
    { text: 'All settings of demo', command: 'mesh profile dump demo' },
    { text: 'Those of the control plane only', command: 'mesh profile dump --config-path values.pilot' },
    { text: 'What does my file come to?', command: 'mesh profile dump -f mesh.yaml -o flags' },
  ],
  args: [{ name: 'PROFILE', description: 'Name of a profile', optional: true, complete: 'profiles' }],
  flags: {
    ...OPERATOR_FLAGS,
    'config-path': {
      type: 'string',
      short: 'p',
      value: 'PATH',
      settable: false,
      description: 'Only the settings below this path, as components.pilot or values.global.proxy',
    },
    output: {
      type: 'string',
      short: 'o',
      value: 'FORMAT',
      default: 'yaml',
      values: ['yaml', 'json', 'flags'],
      description: 'Format of the settings; flags are those that --set takes',
    },
  },
  exitCodes: { 0: 'The settings were printed', 1: 'A file or setting is wrong', 2: 'Wrong usage' },
} as const satisfies CommandMetadata;

export async function run(
  { args, flags }: Invocation<typeof metadata.flags & GlobalFlags>,
  context: Context,
): Promise<number> {
  const [profile] = args;
  if (profile !== undefined && flags.filename.length > 0) {
    throw new MeshError(
      'UnexpectedArgument',
      `-f names the settings, so "${profile}" has no place beside it`,
      {
        hint: `Write the profile into the file, or use --set profile=${profile}.`,
      },
    );
  }
  const [{ settingsOf }, { packageParts }, { formatSettings }, input] = await Promise.all([
    import('../../../install/render.ts'),
    import('../../package-parts.ts'),
    import('../../output/installation-settings.ts'),
    readOperatorFlags(flags, context),
  ]);
  if (profile !== undefined) (await import('../../../install/profiles.ts')).profileSpec(profile);
  const sets = profile === undefined ? input.sets : [`profile=${profile}`, ...input.sets];
  const { spec, warnings } = await settingsOf({ ...input, sets }, packageParts());
  writeWarnings(warnings, context);
  context.stdout.write(formatSettings(spec, flags.output, flags['config-path']));
  return 0;
}
