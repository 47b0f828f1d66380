/** `mesh tag set`: leads a tag to a revision, in a cluster. */

import { MeshError } from '../../../base/mesh-error.ts';
import type { CommandMetadata, Invocation } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { GlobalFlags } from '../../global-flags.ts';

export const metadata = {
  path: ['tag', 'set'],
  formerly: [['experimental', 'revision', 'tag', 'set']],
  summary: 'Make a tag lead to a revision',
  description:
    'Makes pods that name the tag get their sidecar from the control plane of a revision, or, with --overwrite, ' +
    'from another one than before. Namespaces that name a tag need no change when a new control plane takes over. ' +
    'Pods keep the sidecar that they have until they are restarted.',
  examples: [
    { text: 'The tag prod leads to the revision 1-4-9', command: 'mesh tag set prod --revision 1-4-9' },
    { text: 'From now on to canary', command: 'mesh tag set prod --revision canary --overwrite' },
    { text: 'Namespaces with istio-injection=enabled', command: 'mesh tag set default --revision canary' },
  ],
  args: [{ name: 'TAG', description: 'Name of the tag, a DNS label', complete: 'tags' }],
  flags: {
    revision: {
      type: 'string',
      short: 'r',
      value: 'NAME',
      complete: 'revisions',
      settable: false,
      description: 'Revision that the tag leads to; default for the control plane without one',
    },
    overwrite: { type: 'boolean', settable: false, description: 'Change a tag that leads elsewhere' },
    'skip-confirmation': {
      type: 'boolean',
      short: 'y',
      settable: false,
      description: 'Go on where another webhook answers for the same pods',
    },
    'webhook-name': {
      type: 'string',
      value: 'NAME',
      settable: false,
      description: 'Name of the webhook; istio-revision-tag-TAG when left out',
    },
    'auto-inject-namespaces': {
      type: 'boolean',
      settable: false,
      description: 'With the tag default: inject namespaces without labels, too',
    },
    manifests: {
      type: 'string',
      short: 'd',
      value: 'FOLDER',
      hidden: true,
      description: 'Accepted: profiles are built in',
    },
  },
  exitCodes: { 0: 'The tag leads there', 1: 'It cannot', 2: 'Wrong usage' },
} as const satisfies CommandMetadata;

export async function run(
  { args, flags }: Invocation<typeof metadata.flags & GlobalFlags>,
  context: Context,
): Promise<number> {
  if ((flags.revision ?? '') === '') {
    throw new MeshError('MissingArgument', 'a tag must lead to a revision', { hint: 'Add --revision NAME.' });
  }
  const [{ openCluster }, { setTag }] = await Promise.all([
    import('../../cluster.ts'),
    import('../../lifecycle/set-tag.ts'),
  ]);
  const cluster = await openCluster(flags, context);
  return setTag(
    cluster,
    {
      tag: args[0] ?? '',
      revision: flags.revision ?? '',
      overwrite: flags.overwrite,
      force: flags['skip-confirmation'],
      webhookName: flags['webhook-name'],
      autoInject: flags['auto-inject-namespaces'],
      istioNamespace: flags.istioNamespace,
    },
    context,
  );
}
