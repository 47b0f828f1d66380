/** Reads what `-f` and `--set` say of an installation, checks it against the schema, and makes layers of it. */

import { formatFieldPath } from '../base/field-path.ts';
import { MeshError } from '../base/mesh-error.ts';
import { printable } from '../base/printable.ts';
import type { Finding } from '../config/finding.ts';
import type { MeshObject } from '../config/object.ts';
import { parseText } from '../config/parse/parse.ts';
import { validate } from '../config/validate.ts';
import type { PackageParts } from './package-parts.ts';
import { isTree, type Tree } from './setting-path.ts';
import type { Layer } from './settings.ts';
import { OPERATOR_KEY, sentence } from './operator-check.ts';
import { readSetting } from './set-argument.ts';

export interface OperatorInput {
  /** Files in the order to lay them over the profile; `path` is how messages name them. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** `path=value`, laid over the files. */
  readonly sets: readonly string[];
}

export interface OperatorLayers {
  readonly layers: readonly Layer[];
  /** What the user should know, each a line with its place. */
  readonly warnings: readonly string[];
}

/**
 * The layers of an installation. Throws a `MeshError` (code `BadOperator` for a file, `BadSetting` for an
 * argument) with the place of the first mistake; unknown keys name the nearest.
 */
export async function readOperatorInput(
  { files, sets }: OperatorInput,
  parts: PackageParts,
): Promise<OperatorLayers> {
  const layers: Layer[] = [];
  const warnings: string[] = [];
  for (const { path, text } of files) {
    const { specs, warnings: said } = await readOperatorText(text, path);
    for (const spec of specs) layers.push({ spec });
    warnings.push(...said);
  }
  for (const argument of sets) {
    const { layer, warnings: said } = await readSetting(argument, parts);
    layers.push(layer);
    warnings.push(...said);
  }
  return { layers, warnings };
}

/** The `spec` of each IstioOperator of a text; a text may hold several. */
export async function readOperatorText(
  text: string,
  path: string,
): Promise<{ readonly specs: readonly Tree[]; readonly warnings: readonly string[] }> {
  const { objects, problems, skipped } = parseText(text, path);
  const problem = problems.find(({ level }) => level === 'Error');
  if (problem !== undefined) {
    const { message, hint, line, column } = problem;
    throw new MeshError('BadOperator', message, { hint, where: { file: path, line, column } });
  }
  for (const object of objects) requireOperator(object, path);
  if (skipped > 0 || objects.length === 0) {
    throw new MeshError(
      'BadOperator',
      skipped > 0 ? 'a document has no apiVersion and kind' : 'there is no document in it',
      {
        hint: 'Write apiVersion: install.istio.io/v1alpha1 and kind: IstioOperator, with the settings under spec.',
        where: { file: path },
      },
    );
  }
  const checked = await validate(objects, { referential: false });
  const warnings: string[] = [];
  for (const { object, findings } of checked) {
    const errors = findings.filter(({ level }) => level === 'Error');
    const first = errors.toSorted((left, right) => lineOf(object, left) - lineOf(object, right))[0];
    if (first !== undefined) {
      const { message, hint, path: field } = first;
      const more =
        errors.length === 1
          ? ''
          : `${hint === undefined ? '' : ' '}${errors.length === 2 ? 'There is one' : `There are ${errors.length - 1}`} more; run "mesh validate -f ${path}".`;
      throw new MeshError('BadOperator', message, {
        hint: `${hint ?? ''}${more}` === '' ? undefined : `${hint ?? ''}${more}`,
        where: { file: path, ...object.source.locate(field), field: formatFieldPath(field) },
      });
    }
    for (const { message, hint, path: field } of findings) {
      const { line, column } = object.source.locate(field);
      warnings.push(`${path}:${line}:${column}: ${formatFieldPath(field)}: ${sentence(message, hint)}`);
    }
  }
  const specs = objects.map(({ value }) => value['spec']).filter(isTree);
  return { specs, warnings };
}

function lineOf({ source }: MeshObject, { path }: Finding): number {
  return source.locate(path).line;
}

function requireOperator(object: MeshObject, path: string): void {
  if (object.key === OPERATOR_KEY) return;
  const { line, column } = object.source.locate(['kind']);
  const isOld = object.kind === 'IstioControlPlane';
  throw new MeshError(
    'BadOperator',
    `${printable(object.kind)} is not what an installation is described by`,
    {
      hint: isOld
        ? 'IstioControlPlane is of the operator of 1.4; write it as an IstioOperator of install.istio.io/v1alpha1.'
        : 'Name files that hold an IstioOperator of install.istio.io/v1alpha1.',
      where: { file: path, line, column },
    },
  );
}
