/** `mesh tag generate`: the webhook of a tag, as YAML, without a cluster. */

import { MeshError } from '../../../base/mesh-error.ts';
import type { CommandMetadata, Invocation } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { GlobalFlags } from '../../global-flags.ts';
import { namedByFlags, OPERATOR_FLAGS, readOperatorFlags, writeWarnings } from '../../operator-flags.ts';

const { filename, set, manifests } = OPERATOR_FLAGS;

export const metadata = {
  path: ['tag', 'generate'],
  formerly: [['experimental', 'revision', 'tag', 'generate']],
  summary: 'Print what makes a tag lead to a revision',
  description:
    'Prints the webhook through which pods that name the tag get their sidecar from a revision, and the right ' +
    'of that revision to put its certificate there. Pass the settings of the revision, if it has any (-f, ' +
    '--set), so that both fit together. Needs no cluster.\n\n' +
    'The tag default is for namespaces labelled istio-injection=enabled, too.',
  examples: [
    {
      text: 'The tag prod leads to the revision 1-4-9',
      command: 'mesh tag generate prod --revision 1-4-9 > tag-prod.yaml',
    },
    {
      text: 'Namespaces with istio-injection=enabled, too',
      command: 'mesh tag generate default --revision 1-4-9',
    },
  ],
  args: [{ name: 'TAG', description: 'Name of the tag, a DNS label' }],
  flags: {
    filename,
    set,
    manifests,
    revision: {
      type: 'string',
      short: 'r',
      value: 'NAME',
      complete: 'revisions',
      description: 'Revision that the tag leads to',
    },
    'webhook-name': {
      type: 'string',
      value: 'NAME',
      settable: false,
      description: 'Name of the webhook; istio-revision-tag-TAG when left out',
    },
    'auto-inject-namespaces': {
      type: 'boolean',
      description: 'With the tag default: inject namespaces without labels, too',
    },
    overwrite: { type: 'boolean', hidden: true, description: 'Accepted: nothing is overwritten' },
  },
  exitCodes: { 0: 'The webhook was printed', 1: 'A file or setting is wrong', 2: 'Wrong usage' },
} as const satisfies CommandMetadata;

export async function run(
  { args, flags, given }: Invocation<typeof metadata.flags & GlobalFlags>,
  context: Context,
): Promise<number> {
  const [{ settingsOf }, { tagManifest }, { manifestText }, { packageParts }, input] = await Promise.all([
    import('../../../install/render.ts'),
    import('../../../install/tag.ts'),
    import('../../../install/manifest-text.ts'),
    import('../../package-parts.ts'),
    readOperatorFlags(flags, context),
  ]);
  const parts = packageParts();
  const { spec, warnings } = await settingsOf({ ...input, ...namedByFlags(flags, given) }, parts);
  if ((spec.revision ?? '') === '') {
    throw new MeshError('MissingArgument', 'a tag must lead to a revision', { hint: 'Add --revision NAME.' });
  }
  writeWarnings(warnings, context);
  const resources = tagManifest(spec, {
    tag: args[0] ?? '',
    version: parts.version,
    webhookName: flags['webhook-name'],
    autoInject: flags['auto-inject-namespaces'],
  });
  context.stdout.write(manifestText(resources));
  return 0;
}
