/** `validate` of the library: what `mesh validate` does, on texts. */

import type { Result } from './diagnostic.ts';
import type { Input } from './input.ts';
import { parseFiles } from './parse-files.ts';
import { findingDiagnostic, problemDiagnostic, resultOf } from './to-diagnostic.ts';

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

/**
 * Checks each object against the API: kinds, fields, limits, rules; then duplicates and references. Never
 * rejects because of what the files hold.
 */
export async function validate(input: Input, options: ValidateOptions = {}): Promise<Result> {
  const [loaded, checks] = await Promise.all([
    parseFiles(input, options.strictFiles === true),
    import('../config/validate.ts'),
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
  return resultOf(findings, loaded);
}
