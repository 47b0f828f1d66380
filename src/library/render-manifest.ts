/** The library's `renderManifest`: what `mesh manifest generate` prints, for other tools. */

import type { SourceFile } from './input.ts';

export interface ManifestOptions {
  /** Built-in profile to start from; `files` and `set` may name another. `default` unless said otherwise. */
  readonly profile?: string;
  /** Files with an IstioOperator, laid over the profile in their order. */
  readonly files?: readonly SourceFile[];
  /** Single settings as `path=value`, laid over the files; keys of the charts of Istio 1.2 to 1.6 are known. */
  readonly set?: readonly string[];
  /** Name of the control plane beside others. */
  readonly revision?: string;
  /** Components to keep, as `Pilot`; all unless given. */
  readonly filter?: readonly string[];
}

/** A Kubernetes object. */
export interface ManifestResource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

export interface Manifest {
  /** In the order to apply them. */
  readonly resources: readonly ManifestResource[];
  /** The same as a stream of YAML documents; the same options give the same text. */
  readonly text: string;
  /** What there is to know of the settings, one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Everything that an installation consists of. Rejects with a `MeshError` for a setting that does not exist, or
 * has a wrong value; its `where` names the place in the files.
 */
export async function renderManifest(options: ManifestOptions = {}): Promise<Manifest> {
  const [{ renderInstallation }, { packageParts }, { manifestText }] = await Promise.all([
    import('../install/render.ts'),
    import('../cli/package-parts.ts'),
    import('../install/manifest-text.ts'),
  ]);
  const { profile, files = [], set = [], revision, filter } = options;
  const { resources, warnings } = await renderInstallation(
    { base: profile, files, sets: set, ...(revision === undefined ? {} : { revision }) },
    packageParts(),
    filter,
  );
  return { resources, text: manifestText(resources), warnings };
}
