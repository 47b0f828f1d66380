/** The objects of an installation that is there: from the settings that it keeps, or those that flags give. */

import { renderInstallation } from '../../install/render.ts';
import { type Cluster } from '../cluster.ts';
import type { Context } from '../context.ts';
import { namedByFlags, readOperatorFlags, writeWarnings } from '../operator-flags.ts';
import { packageParts } from '../package-parts.ts';
import type { Wanted } from './install.ts';
import { installationOfRevision, installations } from './stored.ts';

export interface InstalledFlags {
  readonly filename: readonly string[];
  readonly set: readonly string[];
  readonly revision: string | undefined;
  readonly istioNamespace: string;
}

/** Throws a `MeshError` when neither says what there should be. */
export async function installedManifest(
  { client }: Cluster,
  flags: InstalledFlags,
  given: ReadonlySet<string>,
  context: Context,
): Promise<Wanted> {
  const parts = packageParts();
  const isGiven = flags.filename.length > 0 || flags.set.length > 0;
  if (isGiven) {
    const input = await readOperatorFlags(flags, context);
    const rendered = await renderInstallation({ ...input, ...namedByFlags(flags, given) }, parts);
    writeWarnings(rendered.warnings, context);
    return { ...rendered, version: parts.version };
  }
  const { signal } = new AbortController();
  const all = await installations(client, flags.istioNamespace, signal);
  const { layers, version, revision, namespace } = installationOfRevision(all, flags.revision);
  const rendered = await renderInstallation(
    { files: [], sets: [], namespace, revision: revision === 'default' ? '' : revision, earlier: layers },
    { ...parts, version },
  );
  return { ...rendered, version };
}
