/** `mesh manifest generate`: everything that an installation consists of, as YAML. */

import { COMPONENTS } from '../../../install/components.ts';
import type { CommandMetadata, Invocation } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { GlobalFlags } from '../../global-flags.ts';
import { namedByFlags, OPERATOR_FLAGS, readOperatorFlags, writeWarnings } from '../../operator-flags.ts';

export const metadata = {
  path: ['manifest', 'generate'],
  summary: 'Print the manifests of an installation',
  description:
    'Prints the manifests of an installation: namespace, CustomResourceDefinitions, roles, ConfigMaps, control ' +
    'plane, gateways, webhooks and addons, in the order to apply them. Settings start from a profile; files ' +
    '(-f) are laid over it from left to right, then single settings (--set). The keys of Helm charts of Istio ' +
    '1.2 to 1.6 are understood, too. Needs no cluster; the same settings give the same bytes.',
  examples: [
    {
      text: 'Install the profile default',
      command: 'mesh manifest generate | kubectl apply --server-side -f -',
    },
    { text: 'The profile demo', command: 'mesh manifest generate --set profile=demo > demo.yaml' },
    {
      text: 'A file of your own, a file for each resource',
      command: 'mesh manifest generate -f mesh.yaml -o manifests/',
    },
    {
      text: 'Keys of older charts',
      command: 'mesh manifest generate --set tracing.enabled=true --set tracing.provider=zipkin',
    },
    { text: 'A second control plane', command: 'mesh manifest generate --revision canary --filter Pilot' },
  ],
  args: [],
  flags: {
    ...OPERATOR_FLAGS,
    revision: {
      type: 'string',
      short: 'r',
      value: 'NAME',
      description: 'Name of the control plane beside others',
    },
    output: {
      type: 'string',
      short: 'o',
      value: 'PLACE',
      settable: false,
      complete: 'files',
      description: 'Folder for a file a resource, or a single file, whose name ends in .yaml or .yml',
    },
    filter: {
      type: 'strings',
      value: 'COMPONENT',
      commas: true,
      settable: false,
      values: COMPONENTS,
      description: 'Only this component; may be repeated',
    },
    'cluster-specific': { type: 'boolean', hidden: true, description: 'Accepted: no cluster is asked' },
  },
  exitCodes: {
    0: 'The manifests were printed or written',
    1: 'A setting or file is wrong',
    2: 'Wrong usage',
  },
} as const satisfies CommandMetadata;

export async function run(
  { flags, given }: Invocation<typeof metadata.flags & GlobalFlags>,
  context: Context,
): Promise<number> {
  const [{ renderInstallation }, { packageParts }, input] = await Promise.all([
    import('../../../install/render.ts'),
    import('../../package-parts.ts'),
    readOperatorFlags(flags, context),
  ]);
  const { resources, warnings } = await renderInstallation(
    { ...input, ...namedByFlags(flags, given) },
    packageParts(),
    flags.filter,
  );
  writeWarnings(warnings, context);
  const place = flags.output;
  if (place === undefined) {
    const { manifestText } = await import('../../../install/manifest-text.ts');
    context.stdout.write(manifestText(resources));
    return 0;
  }
  const { writeManifest } = await import('../../write-manifest.ts');
  const count = await writeManifest(resources, place, context.cwd);
  context.stderr.write(
    `Wrote ${resources.length} resources to ${count === 1 ? place : `${count} files in ${place}`}\n`,
  );
  return 0;
}
