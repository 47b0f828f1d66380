/**
 * The library: what `mesh validate`, `mesh analyze` and `mesh manifest generate` do, for editors and other tools.
 *
 * ```js
 * import { readFiles, validate } from 'lateen';
 * const { valid, findings } = await validate({ files: await readFiles(['manifests/']) });
 * for (const { file, line, column, level, message } of findings) console.log(file, line, column, level, message);
 * ```
 */

import type { FieldPath } from './base/field-path.ts';
import { formatFieldPath } from './base/field-path.ts';
import { MeshError } from './base/mesh-error.ts';
import { printable } from './base/printable.ts';
import type { Message } from './analysis/message.ts';
import { CHECK_CODES } from './config/finding.ts';
import type { CheckName, Finding, Level } from './config/finding.ts';
import { objectName } from './config/object.ts';
import type { MeshObject } from './config/object.ts';
import type { Problem } from './config/parse/problem.ts';

export { MeshError };
export type { FieldPath, Level };
export type { Where } from './base/mesh-error.ts';
export { renderManifest } from './render-manifest.ts';
export type { Manifest, ManifestOptions, ManifestResource } from './render-manifest.ts';

/** A text to check, of one or more YAML or JSON documents. */
export interface SourceFile {
  /** How findings name it; it is not opened. */
  readonly path: string;
  readonly text: string;
}

/** What is checked together: files see one another's objects. */
export interface Input {
  readonly files: readonly SourceFile[];
}

export interface ValidateOptions {
  /** Warnings count as errors. */
  readonly strict?: boolean;
  /** Documents that are no Kubernetes objects are errors. */
  readonly strictFiles?: boolean;
  /** Names that objects use for one another are looked up in the input; true unless said otherwise. */
  readonly referential?: boolean;
  /** Where objects without a namespace belong; `default` unless said otherwise. */
  readonly defaultNamespace?: string;
  /** Where mesh-wide policies live; `istio-system` unless said otherwise. */
  readonly rootNamespace?: string;
}

export interface AnalyzeOptions {
  /** As for `validate`. */
  readonly strictFiles?: boolean;
  /** As for `validate`. */
  readonly defaultNamespace?: string;
  /** Where the control plane runs; `istio-system` unless said otherwise. */
  readonly istioNamespace?: string;
  /** The domain of the cluster; `cluster.local` unless said otherwise. */
  readonly clusterDomain?: string;
  /** Codes to report, as `IST0101`; all unless given. */
  readonly only?: readonly string[];
  /** Codes to leave out. */
  readonly skip?: readonly string[];
  /** The time to check certificates against, in milliseconds since 1970; the clock's unless given. */
  readonly now?: number;
}

/** Something to say about the input. */
export interface Diagnostic {
  /** Stable: `IST0101`, `MESH1010`. Each is explained in `docs/messages/`. */
  readonly code: string;
  /** The code's name, as `UnknownField`. */
  readonly name: string;
  readonly level: Level;
  /** What is wrong, as one sentence without the place. */
  readonly message: string;
  /** How to mend it. */
  readonly hint?: string;
  /** The path that the file was given with. Absent only for what is about the whole. */
  readonly file?: string;
  /** From 1. */
  readonly line?: number;
  /** From 1, in UTF-16 units. */
  readonly column?: number;
  /** `Kind namespace/name`, or `Kind name` where the input names no namespace. */
  readonly object?: string;
  /** The field as keys and indexes from the object's root. */
  readonly path: FieldPath;
  /** The same as text: `spec.http[0].route`. */
  readonly field: string;
}

export interface Result {
  /** No finding is an error. */
  readonly valid: boolean;
  /** In the order of files and objects for `validate`; by level, code and object for `analyze`. */
  readonly findings: readonly Diagnostic[];
  /** Objects that were read. */
  readonly objects: number;
  /** Documents that are no Kubernetes objects. */
  readonly skipped: number;
}

/**
 * Checks each object against the API: kinds, fields, limits, rules; then duplicates and references. Never
 * rejects because of what the files hold.
 */
export async function validate(input: Input, options: ValidateOptions = {}): Promise<Result> {
  const [loaded, checks] = await Promise.all([
    parseFiles(input, options.strictFiles === true),
    import('./config/validate.ts'),
  ]);
  const checked = await checks.validate(loaded.objects, options);
  const byFile = Map.groupBy(
    [
      ...loaded.problems.map(problemDiagnostic),
      ...checked.flatMap(({ object, findings }) => findings.map((one) => findingDiagnostic(object, one))),
    ],
    ({ file }) => file,
  );
  const findings = [...new Set(input.files.map(({ path }) => path))].flatMap(
    (file) => byFile.get(file) ?? [],
  );
  return result(findings, loaded);
}

/**
 * Checks how the objects work together, as the control plane would see them, with all analyzers. Errors of
 * `validate` are findings here, too. Never rejects because of what the files hold.
 */
export async function analyze(input: Input, options: AnalyzeOptions = {}): Promise<Result> {
  const [loaded, checks, analysis, { ANALYZERS }, { meshFromObjects }, { meshSettings }] = await Promise.all([
    parseFiles(input, options.strictFiles === true),
    import('./config/validate.ts'),
    import('./analysis/analyze.ts'),
    import('./analysis/generated/analyzers.ts'),
    import('./analysis/mesh-input.ts'),
    import('./model/mesh-settings.ts'),
  ]);
  const { defaultNamespace = 'default', istioNamespace = 'istio-system' } = options;
  const settings = meshFromObjects(loaded.objects, istioNamespace, defaultNamespace);
  const mesh = meshSettings(settings.config, {
    networks: settings.networks,
    istioNamespace,
    domain: options.clusterDomain,
  });
  const checked = await checks.validate(loaded.objects, {
    // References are what analyzers are there for.
    referential: false,
    defaultNamespace,
    rootNamespace: mesh.rootNamespace,
  });
  const findingsOf = new Map(checked.map(({ object, findings }) => [object, findings]));
  const { messages } = analysis.analyzeObjects(
    loaded.objects.map((object) => {
      const findings = findingsOf.get(object) ?? [];
      return { object, findings, wellTyped: !findings.some(({ check }) => check === 'WrongType') };
    }),
    {
      analyzers: ANALYZERS,
      mesh,
      now: options.now ?? Date.now(),
      defaultNamespace,
      ...(options.only === undefined ? {} : { only: new Set(options.only) }),
      ...(options.skip === undefined ? {} : { skip: new Set(options.skip) }),
    },
  );
  return result([...loaded.problems.map(problemDiagnostic), ...messages.map(messageDiagnostic)], loaded);
}

/**
 * Reads what paths name: files, folders (with all .yaml, .yml and .json files below them, but for those that a
 * .meshignore lists, and for templates of Helm charts) and patterns such as `conf/*.yaml`. Throws a MeshError for a path that does not exist, and
 * for a file that cannot be read or is no text.
 */
export async function readFiles(paths: readonly string[]): Promise<readonly SourceFile[]> {
  const { collectFiles, isChartTemplate, readText } = await import('./config/sources/files.ts');
  const { problemError } = await import('./config/parse/problem.ts');
  return collectFiles(paths).files.flatMap((path) => {
    const read = readText(path);
    if ('problem' in read) throw problemError(read.problem);
    return isChartTemplate(path, read.text) ? [] : [{ path, text: read.text }];
  });
}

interface ParsedFiles {
  readonly objects: readonly MeshObject[];
  readonly problems: readonly Problem[];
  readonly skipped: number;
}

async function parseFiles({ files }: Input, strictFiles: boolean): Promise<ParsedFiles> {
  const { parseText } = await import('./config/parse/parse.ts');
  const parsed = files.map(({ path, text }) => parseText(text, path, { strictFiles }));
  return {
    objects: parsed.flatMap(({ objects }) => objects),
    problems: parsed.flatMap(({ problems }) => problems),
    skipped: parsed.reduce((sum, { skipped }) => sum + skipped, 0),
  };
}

function result(findings: readonly Diagnostic[], { objects, skipped }: ParsedFiles): Result {
  return {
    valid: !findings.some(({ level }) => level === 'Error'),
    findings,
    objects: objects.length,
    skipped,
  };
}

function problemDiagnostic(problem: Problem): Diagnostic {
  const { check, level, message, hint, file, line, column } = problem;
  return { ...named(check), level, message, ...hinted(hint), file, line, column, path: [], field: '' };
}

function findingDiagnostic(object: MeshObject, finding: Finding): Diagnostic {
  const { check, level, message, hint, path } = finding;
  return { ...named(check), level, message, ...hinted(hint), ...placed(object, path) };
}

function messageDiagnostic({ type, text, object, path, hint }: Message): Diagnostic {
  const place = object === undefined ? { path, field: formatFieldPath(path) } : placed(object, path);
  return {
    code: type.code,
    name: type.name,
    level: type.level,
    message: printable(text),
    ...hinted(hint),
    ...place,
  };
}

function named(check: CheckName): Pick<Diagnostic, 'code' | 'name'> {
  return { code: CHECK_CODES[check], name: check };
}

function hinted(hint: string | undefined): Pick<Diagnostic, 'hint'> {
  return hint === undefined ? {} : { hint: printable(hint) };
}

function placed(
  object: MeshObject,
  path: FieldPath,
): Pick<Diagnostic, 'file' | 'line' | 'column' | 'object' | 'path' | 'field'> {
  const { line, column } = object.source.locate(path);
  return {
    file: object.source.file,
    line,
    column,
    object: printable(objectName(object)),
    path,
    field: formatFieldPath(path),
  };
}
