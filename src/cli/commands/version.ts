/** `mesh version`: which versions of the mesh there are. */

import { packageVersion } from '../../base/package-version.ts';
import type { CommandMetadata, Invocation } from '../command.ts';
import type { Context } from '../context.ts';
import type { GlobalFlags } from '../global-flags.ts';

export const metadata = {
  path: ['version'],
  formerly: [['experimental', 'version']],
  summary: 'Show the versions of mesh, the control plane and the proxies',
  description:
    'Shows the version of this program at once, and then those of the control plane and of the proxies that are ' +
    'connected to it. Without a cluster, or when it does not answer within --timeout, only the first is shown, ' +
    'with a note on standard error; that is no failure.',
  examples: [
    { text: 'The versions in words', command: 'mesh version' },
    { text: 'Only this program, without asking a cluster', command: 'mesh version --remote=false' },
    { text: 'The versions for a script', command: 'mesh version -o json' },
    {
      text: 'Each part with its version, and the Node.js and the platform that this runs on',
      command: 'mesh version --short=false',
    },
  ],
  args: [],
  flags: {
    short: {
      type: 'boolean',
      short: 's',
      default: true,
      description: 'Only versions; --short=false names each part',
    },
    output: {
      type: 'string',
      short: 'o',
      value: 'FORMAT',
      values: ['json', 'yaml'],
      description: 'Print as json or yaml',
    },
    remote: {
      type: 'boolean',
      default: true,
      description: 'Ask the control plane too',
    },
    revision: {
      type: 'string',
      short: 'r',
      value: 'NAME',
      complete: 'revisions',
      description: 'Revision to ask',
    },
    timeout: {
      type: 'duration',
      value: 'DURATION',
      default: '5s',
      description: 'Longest wait for the control plane',
    },
    'xds-address': {
      type: 'string',
      value: 'ADDRESS',
      description:
        'HOST:PORT that is the --http-addr of a controller on this machine, asked without a cluster',
    },
  },
  exitCodes: { 0: 'The version of this program was shown', 2: 'Wrong usage' },
} as const satisfies CommandMetadata;

export type VersionInvocation = Invocation<GlobalFlags & typeof metadata.flags>;

export async function run(invocation: VersionInvocation, context: Context): Promise<number> {
  const { flags } = invocation;
  const version = packageVersion();
  const client = {
    version,
    nodeVersion: process.version,
    platform: `${process.platform}/${process.arch}`,
  };
  if (flags.output === undefined) {
    const build = flags.short ? '' : ` (Node.js ${client.nodeVersion}, ${client.platform})`;
    context.stdout.write(`client version: ${version}${build}\n`);
  }
  const remote = (await asksCluster(flags, context)) ? await askedVersions(invocation, context) : undefined;
  if (flags.output === undefined) return 0;
  const versions = { clientVersion: client, ...remote };
  if (flags.output === 'json') {
    context.stdout.write(`${JSON.stringify(versions, undefined, 2)}\n`);
  } else {
    const { toYaml } = await import('../output/yaml.ts');
    context.stdout.write(toYaml(versions));
  }
  return 0;
}

/** Without a cluster, nothing of what asks one is loaded. */
async function asksCluster(flags: VersionInvocation['flags'], context: Context): Promise<boolean> {
  if (!flags.remote) return false;
  if (flags['xds-address'] !== undefined) return true;
  const { namesCluster } = await import('../cluster-files.ts');
  return namesCluster(flags, context);
}

/** Words are written at once; data is left to the caller. */
async function askedVersions({ flags }: VersionInvocation, context: Context): Promise<object | undefined> {
  const { remoteVersions, remoteText } = await import('../remote-versions.ts');
  const remote = await remoteVersions(flags, context);
  if (remote !== undefined && flags.output === undefined) {
    context.stdout.write(remoteText(remote, flags.short));
  }
  return remote;
}
