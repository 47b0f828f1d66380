/**
 * The library: what `mesh validate`, `mesh analyze`, `mesh kube-inject` and `mesh manifest generate` do, for other
 * tools.
 *
 * ```js
 * import { readFiles, validate } from 'lateen';
 * const { valid, findings } = await validate({ files: await readFiles(['manifests/']) });
 * for (const { file, line, column, level, message } of findings) console.log(file, line, column, level, message);
 * ```
 */

export { MeshError } from './base/mesh-error.ts';
export { analyze } from './library/analyze.ts';
export { inject, uninject } from './library/inject.ts';
export { readFiles } from './library/read-files.ts';
export { renderManifest } from './library/render-manifest.ts';
export { validate } from './library/validate.ts';

export type { FieldPath } from './base/field-path.ts';
export type { Where } from './base/mesh-error.ts';
export type { Level } from './config/finding.ts';
export type { AnalyzeOptions } from './library/analyze.ts';
export type { Diagnostic, Result } from './library/diagnostic.ts';
export type { InjectOptions, InjectedFile, ResourceReport } from './library/inject.ts';
export type { Input, SourceFile } from './library/input.ts';
export type { Manifest, ManifestOptions, ManifestResource } from './library/render-manifest.ts';
export type { ValidateOptions } from './library/validate.ts';
