/** `mesh version`: which version this is. */

import type { CommandMetadata, Invocation } from '../command.ts';
import type { Context } from '../context.ts';
import { packageVersion } from '../version.ts';

export const metadata = {
  path: ['version'],
  summary: 'Show the version of mesh',
  description: 'Shows the version of this program. It asks no cluster, so it answers at once.',
  examples: [
    { text: 'The version in words', command: 'mesh version' },
    { text: 'The version for a script', command: 'mesh version -o json' },
    {
      text: 'The version with the Node.js and the platform it runs on',
      command: 'mesh version --short=false',
    },
  ],
  args: [],
  flags: {
    short: {
      type: 'boolean',
      short: 's',
      default: true,
      description: 'Only the version; --short=false shows all',
    },
    output: {
      type: 'string',
      short: 'o',
      value: 'FORMAT',
      values: ['json', 'yaml'],
      description: 'Print as json or yaml',
    },
    remote: { type: 'boolean', description: 'Ask the control plane for its version too' },
    revision: { type: 'string', short: 'r', value: 'NAME', hidden: true, description: 'Revision to ask' },
  },
  exitCodes: { 0: 'The version was shown', 2: 'Wrong usage' },
} as const satisfies CommandMetadata;

export async function run({ flags }: Invocation<typeof metadata.flags>, context: Context): Promise<number> {
  const { stdout, stderr } = context;
  const version = packageVersion();
  const build = {
    version,
    nodeVersion: process.version,
    platform: `${process.platform}/${process.arch}`,
  };
  if (flags.output === 'json') {
    stdout.write(`${JSON.stringify({ clientVersion: build }, undefined, 2)}\n`);
  } else if (flags.output === 'yaml') {
    const { toYaml } = await import('../output/yaml.ts');
    stdout.write(toYaml({ clientVersion: build }));
  } else if (flags.short) {
    stdout.write(`client version: ${version}\n`);
  } else {
    stdout.write(`client version: ${version} (Node.js ${build.nodeVersion}, ${build.platform})\n`);
  }
  if (flags.remote) {
    stderr.write('Note: this version of mesh does not ask a control plane yet; only the client is shown.\n');
  }
  return 0;
}
