/** `mesh upgrade`: a newer version in place of an installation, or beside it. */

import type { CommandMetadata, Invocation } from '../command.ts';
import type { Context } from '../context.ts';
import type { GlobalFlags } from '../global-flags.ts';
import {
  APPLY_FLAGS,
  namedByFlags,
  OPERATOR_FLAGS,
  readOperatorFlags,
  writeWarnings,
} from '../operator-flags.ts';

export const metadata = {
  path: ['upgrade'],
  formerly: [['experimental', 'upgrade']],
  summary: 'Upgrade an installation, in place or beside it',
  description:
    'Installs the version of this mesh with the settings that the installation keeps in the cluster, and those ' +
    'of -f and --set laid over them. Shows what changes, asks, applies and waits, as "mesh install" does.\n\n' +
    'With a --revision that is not there yet, the new control plane comes up beside the old one, with the settings ' +
    'of that (of --from, where there are several); then lead pods to it with "mesh tag set" or labels of namespaces, ' +
    'restart them, and take the old one away with "mesh uninstall". Gateways are shared and change over at once.',
  examples: [
    { text: 'In place', command: 'mesh upgrade' },
    { text: 'What would change?', command: 'mesh upgrade --dry-run' },
    { text: 'A canary beside the old control plane', command: 'mesh upgrade --revision canary' },
  ],
  args: [],
  flags: {
    ...OPERATOR_FLAGS,
    ...APPLY_FLAGS,
    revision: {
      type: 'string',
      short: 'r',
      value: 'NAME',
      complete: 'revisions',
      description: 'Control plane to upgrade, or the name of a new one beside it',
    },
    from: {
      type: 'string',
      value: 'NAME',
      settable: false,
      description: 'Control plane whose settings a new one takes over',
    },
  },
  exitCodes: {
    0: 'All is upgraded and ready, or would be with --dry-run',
    1: 'Nothing is installed, a setting is wrong, the cluster refuses something, or it is not ready in time',
    2: 'Wrong usage',
  },
} as const satisfies CommandMetadata;

export async function run(
  { flags, given }: Invocation<typeof metadata.flags & GlobalFlags>,
  context: Context,
): Promise<number> {
  const [{ openCluster }, { renderInstallation }, { packageParts }, lifecycle, stored, input] =
    await Promise.all([
      import('../cluster.ts'),
      import('../../install/render.ts'),
      import('../package-parts.ts'),
      import('../lifecycle/install.ts'),
      import('../lifecycle/stored.ts'),
      readOperatorFlags(flags, context),
    ]);
  const cluster = await openCluster(flags, context);
  const parts = packageParts();
  const all = await stored.installations(cluster.client, flags.istioNamespace, new AbortController().signal);
  const itself = all.find((one) => one.revision === (flags.revision ?? 'default'));
  const base = itself ?? stored.installationOfRevision(all, flags.from);
  if (itself !== undefined) lifecycle.refuseDowngrade(base.version, parts.version, flags.force);
  const isBeside = itself === undefined && flags.revision !== undefined;
  const revision = isBeside ? (flags.revision ?? '') : base.revision;
  const rendered = await renderInstallation(
    {
      ...input,
      namespace: base.namespace,
      ...namedByFlags(flags, given),
      revision: revision === 'default' ? '' : revision,
      earlier: base.layers,
    },
    parts,
  );
  writeWarnings(rendered.warnings, context);
  const code = await lifecycle.install(
    cluster,
    { ...rendered, version: parts.version },
    {
      question: isBeside
        ? `This will install the control plane ${flags.revision} of Lateen ${parts.version} beside ${base.revision} in`
        : `This will upgrade the control plane ${base.revision} from Lateen ${base.version} to ${parts.version} in`,
      done: 'Upgrade',
    },
    flags,
    context,
  );
  if (code === 0 && isBeside && !flags['dry-run']) writeNext(flags.revision ?? '', base.revision, context);
  return code;
}

function writeNext(revision: string, old: string, { stderr }: Context): void {
  stderr.write(
    `Next:\n  Lead pods to it: mesh tag set TAG --revision ${revision} --overwrite, or kubectl label namespace ` +
      `NAME istio-injection- istio.io/rev=${revision} --overwrite\n  Restart them: kubectl rollout restart deployment -n NAME\n` +
      `  When all went well: mesh uninstall --revision ${old}\n`,
  );
}
