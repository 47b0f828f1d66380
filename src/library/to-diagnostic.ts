/** Findings of files, validation and analysis, in the one shape that the library gives. */

import type { FieldPath } from '../base/field-path.ts';
import { formatFieldPath } from '../base/field-path.ts';
import { printable } from '../base/printable.ts';
import type { Message } from '../analysis/message.ts';
import { CHECK_CODES } from '../config/finding.ts';
import type { CheckName, Finding } from '../config/finding.ts';
import { objectName } from '../config/object.ts';
import type { MeshObject } from '../config/object.ts';
import type { Problem } from '../config/parse/problem.ts';
import type { Diagnostic, Result } from './diagnostic.ts';
import type { ParsedFiles } from './parse-files.ts';

/** Findings with the counts that go with them. */
export function resultOf(findings: readonly Diagnostic[], { objects, skipped }: ParsedFiles): Result {
  return {
    valid: !findings.some(({ level }) => level === 'Error'),
    findings,
    objects: objects.length,
    skipped,
  };
}

/** A fault of a file. */
export function problemDiagnostic(problem: Problem): Diagnostic {
  const { check, level, message, hint, file, line, column } = problem;
  return { ...named(check), level, message, ...hinted(hint), file, line, column, path: [], field: '' };
}

/** What validation says of an object. */
export function findingDiagnostic(object: MeshObject, finding: Finding): Diagnostic {
  const { check, level, message, hint, path } = finding;
  return { ...named(check), level, message, ...hinted(hint), ...placed(object, path) };
}

/** What an analyzer says. */
export function messageDiagnostic({ type, text, object, path, hint }: Message): Diagnostic {
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
