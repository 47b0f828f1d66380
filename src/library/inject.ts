/** The library's `inject` and `uninject`: what `mesh kube-inject` does and undoes, for other tools. */

import type { ResourceReport } from '../inject/stream.ts';
import type { JsonMap } from '../inject/yaml/value.ts';
import type { Input, SourceFile } from './input.ts';

export type { ResourceReport } from '../inject/stream.ts';

export interface InjectOptions {
  /** Values of the installation, laid over the built-in ones; keys as those of `--valuesFile`. */
  readonly values?: Readonly<Record<string, unknown>>;
  /** A MeshConfig, whose `defaultConfig` the proxies get. */
  readonly meshConfig?: Readonly<Record<string, unknown>>;
  /** The injection configuration, as the ConfigMap `istio-sidecar-injector` has it under `config`. */
  readonly injectConfig?: Readonly<Record<string, unknown>>;
  /** Revision of the control plane. */
  readonly revision?: string;
  /** Namespace of the control plane; `istio-system` unless said otherwise. */
  readonly istioNamespace?: string;
  /** Namespace of objects that name none. */
  readonly defaultNamespace?: string;
  /** The proxy runs as an init container that stays. */
  readonly nativeSidecar?: boolean;
}

/** A file as it is afterwards. */
export interface InjectedFile extends SourceFile {
  readonly changed: boolean;
  /** What became of each workload, in order. */
  readonly resources: readonly ResourceReport[];
}

/**
 * The files with sidecars in their workloads. Text that need not change keeps its bytes. Rejects with a
 * `MeshError` for files that cannot be read, and for wrong annotations; its `where` names the place.
 */
export async function inject(
  { files }: Input,
  options: InjectOptions = {},
): Promise<readonly InjectedFile[]> {
  const [{ injectText }, { injectSettings }, { packageVersion }] = await Promise.all([
    import('../inject/inject.ts'),
    import('../inject/sources.ts'),
    import('../base/package-version.ts'),
  ]);
  const { values, meshConfig, injectConfig, ...rest } = options;
  const settings = injectSettings({
    version: packageVersion(),
    ...rest,
    ...(values === undefined ? {} : { values: [plain(values)] }),
    ...(meshConfig === undefined ? {} : { mesh: plain(meshConfig) }),
    ...(injectConfig === undefined ? {} : { config: { value: plain(injectConfig), where: 'injectConfig' } }),
  });
  return files.map(({ path, text }) => {
    const result = injectText(text, settings, path);
    return { path, ...result, changed: result.text !== text };
  });
}

/** The files without sidecars. What `inject` made becomes the text that it was made from. */
export async function uninject({ files }: Input): Promise<readonly InjectedFile[]> {
  const { uninjectText } = await import('../inject/inject.ts');
  return files.map(({ path, text }) => {
    const result = uninjectText(text, path);
    return { path, ...result, changed: result.text !== text };
  });
}

/** A copy that holds nothing but what JSON has. */
function plain(value: Readonly<Record<string, unknown>>): JsonMap {
  return JSON.parse(JSON.stringify(value)) as JsonMap;
}
