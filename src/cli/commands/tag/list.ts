/** `mesh tag list`: the tags of a cluster, what they lead to, and who uses them. */

import type { CommandMetadata, Invocation } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { GlobalFlags } from '../../global-flags.ts';

export const metadata = {
  path: ['tag', 'list'],
  aliases: ['show'],
  formerly: [['experimental', 'revision', 'tag', 'list']],
  summary: 'List the tags of a cluster',
  description:
    'Lists each tag with the revision that it leads to and the namespaces whose pods get their sidecar by it.',
  examples: [
    { text: 'As a table', command: 'mesh tag list' },
    { text: 'For a program', command: 'mesh tag list -o json' },
  ],
  args: [],
  flags: {
    output: {
      type: 'string',
      short: 'o',
      value: 'FORMAT',
      default: 'table',
      values: ['table', 'json', 'yaml'],
      description: 'Format of the list',
    },
  },
  exitCodes: { 0: 'They were listed', 1: 'The cluster cannot be asked', 2: 'Wrong usage' },
} as const satisfies CommandMetadata;

export async function run(
  { flags }: Invocation<typeof metadata.flags & GlobalFlags>,
  context: Context,
): Promise<number> {
  const [{ openCluster }, { tagsOf }] = await Promise.all([
    import('../../cluster.ts'),
    import('../../lifecycle/tags.ts'),
  ]);
  const { client } = await openCluster(flags, context);
  const tags = await tagsOf(client, new AbortController().signal);
  if (flags.output === 'json') context.stdout.write(`${JSON.stringify(tags, undefined, 2)}\n`);
  else if (flags.output === 'yaml') {
    const { toYaml } = await import('../../output/yaml.ts');
    context.stdout.write(toYaml(tags));
  } else if (tags.length === 0) {
    context.stderr.write('No Istio revision tags found.\n');
  } else {
    const { formatTable } = await import('../../output/table.ts');
    const rows = tags.map(({ tag, revision, namespaces }) => [tag, revision, namespaces.join(',')]);
    context.stdout.write(formatTable(['TAG', 'REVISION', 'NAMESPACES'], rows));
  }
  return 0;
}
