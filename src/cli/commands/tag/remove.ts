/** `mesh tag remove`: takes a tag out of a cluster. */

import { MeshError } from '../../../base/mesh-error.ts';
import type { CommandMetadata, Invocation } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { GlobalFlags } from '../../global-flags.ts';

export const metadata = {
  path: ['tag', 'remove'],
  aliases: ['delete'],
  formerly: [['experimental', 'revision', 'tag', 'remove']],
  summary: 'Remove a tag from a cluster',
  description:
    'Removes a tag: pods that name it get no sidecar any more when they start. Warns of namespaces that use it, ' +
    'and asks.',
  examples: [{ text: 'The tag prod', command: 'mesh tag remove prod' }],
  args: [{ name: 'TAG', description: 'Name of the tag', complete: 'tags' }],
  flags: {
    'skip-confirmation': {
      type: 'boolean',
      short: 'y',
      settable: false,
      description: 'Do not ask when namespaces use the tag',
    },
  },
  exitCodes: { 0: 'It is gone', 1: 'There is no such tag, or you said no', 2: 'Wrong usage' },
} as const satisfies CommandMetadata;

export async function run(
  { args, flags }: Invocation<typeof metadata.flags & GlobalFlags>,
  context: Context,
): Promise<number> {
  const [{ openCluster }, { tagSelector, tagsOf }, { ownedObjects }, { removeAll }, { confirmed }] =
    await Promise.all([
      import('../../cluster.ts'),
      import('../../lifecycle/tags.ts'),
      import('../../lifecycle/plan.ts'),
      import('../../lifecycle/apply-plan.ts'),
      import('../../lifecycle/confirm.ts'),
    ]);
  const tag = args[0] ?? '';
  const { client } = await openCluster(flags, context);
  const { signal } = new AbortController();
  const all = await tagsOf(client, signal);
  const found = all.find((one) => one.tag === tag);
  if (found === undefined) {
    throw new MeshError('NotFound', `there is no tag ${tag}`, {
      hint: all.length === 0 ? 'There are none.' : `There are ${all.map((one) => one.tag).join(', ')}.`,
    });
  }
  if (found.namespaces.length > 0 && !flags['skip-confirmation']) {
    const question = `Namespaces use the tag: ${found.namespaces.join(', ')}. Their new pods will get no sidecar. Proceed?`;
    if (!(await confirmed(question, context))) return 1;
  }
  await removeAll(client, await ownedObjects(client, tagSelector(tag), { signal }), { signal });
  context.stdout.write(`Revision tag ${tag} removed\n`);
  return 0;
}
