/** `mesh experimental revision list`: the control planes of a cluster. */

import type { CommandMetadata, Invocation } from '../../../command.ts';
import type { Context } from '../../../context.ts';
import type { GlobalFlags } from '../../../global-flags.ts';

export const metadata = {
  path: ['experimental', 'revision', 'list'],
  summary: 'List the control planes of a cluster',
  description:
    'Lists the revisions that mesh has installed, with their tags, version and profile, and the namespaces that ' +
    'name them or one of their tags.',
  examples: [
    { text: 'As a table', command: 'mesh experimental revision list' },
    { text: 'For a program', command: 'mesh experimental revision list -o json' },
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
    manifests: {
      type: 'string',
      short: 'd',
      value: 'FOLDER',
      hidden: true,
      description: 'Accepted and ignored',
    },
  },
  exitCodes: { 0: 'They were listed', 1: 'The cluster cannot be asked', 2: 'Wrong usage' },
} as const satisfies CommandMetadata;

export async function run(
  { flags }: Invocation<typeof metadata.flags & GlobalFlags>,
  context: Context,
): Promise<number> {
  const [{ openCluster }, { installationHeads }, { namesOf, tagsAndUsers }] = await Promise.all([
    import('../../../cluster.ts'),
    import('../../../lifecycle/stored.ts'),
    import('../../../lifecycle/tags.ts'),
  ]);
  const { client } = await openCluster(flags, context);
  const { signal } = new AbortController();
  const [all, { tags, users }] = await Promise.all([
    installationHeads(client, flags.istioNamespace, signal),
    tagsAndUsers(client, signal),
  ]);
  const rows = all.map(({ revision, version, profile }) => {
    const own = tags.filter((one) => one.revision === revision).map(({ tag }) => tag);
    const namespaces = new Set([revision, ...own].flatMap((name) => namesOf(users, name)));
    return { revision, tags: own, version, profile, namespaces: [...namespaces].toSorted() };
  });
  if (flags.output === 'json') context.stdout.write(`${JSON.stringify(rows, undefined, 2)}\n`);
  else if (flags.output === 'yaml') {
    const { toYaml } = await import('../../../output/yaml.ts');
    context.stdout.write(toYaml(rows));
  } else if (rows.length === 0) context.stderr.write('No control plane of mesh is installed.\n');
  else {
    const { formatTable } = await import('../../../output/table.ts');
    context.stdout.write(
      formatTable(
        ['REVISION', 'TAG', 'VERSION', 'PROFILE', 'NAMESPACES'],
        rows.map((row) => [
          row.revision,
          row.tags.join(','),
          row.version,
          row.profile,
          row.namespaces.join(','),
        ]),
      ),
    );
  }
  return 0;
}
