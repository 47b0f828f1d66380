/** `mesh profile list`: names of the built-in profiles. */

import type { CommandMetadata, Invocation } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { GlobalFlags } from '../../global-flags.ts';

export const metadata = {
  path: ['profile', 'list'],
  summary: 'List the built-in profiles',
  description: 'Lists the names of the profiles that an installation can start from.',
  examples: [
    { text: 'Which profiles are there?', command: 'mesh profile list' },
    { text: 'For a program', command: 'mesh profile list -o json' },
  ],
  args: [],
  flags: {
    output: {
      type: 'string',
      short: 'o',
      value: 'FORMAT',
      default: 'text',
      values: ['text', 'json', 'yaml'],
      description: 'Format of the list',
    },
    manifests: {
      type: 'string',
      short: 'd',
      value: 'FOLDER',
      hidden: true,
      description: 'Accepted: profiles are built in',
    },
  },
  exitCodes: { 0: 'The profiles were listed', 2: 'Wrong usage' },
} as const satisfies CommandMetadata;

export async function run(
  { flags }: Invocation<typeof metadata.flags & GlobalFlags>,
  { stdout }: Context,
): Promise<number> {
  const { PROFILES } = await import('../../../install/profiles.ts');
  if (flags.output === 'json') stdout.write(`${JSON.stringify(PROFILES, undefined, 2)}\n`);
  else if (flags.output === 'yaml') stdout.write(PROFILES.map((name) => `- ${name}\n`).join(''));
  else stdout.write(`Istio configuration profiles:\n${PROFILES.map((name) => `    ${name}\n`).join('')}`);
  return 0;
}
