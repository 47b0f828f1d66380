/** Findings and messages as reporters take them: with code, place and the name of the object. */

import type { Message } from '../analysis/message.ts';
import type { ReportFinding } from '../analysis/reporters/report.ts';
import { formatFieldPath } from '../base/field-path.ts';
import { CHECK_CODES, type Finding } from '../config/finding.ts';
import { type MeshObject, objectName } from '../config/object.ts';
import type { Problem } from '../config/parse/problem.ts';

/** A fault of a file. */
export function problemFinding({ check, level, message, hint, file, line, column }: Problem): ReportFinding {
  return { code: CHECK_CODES[check], name: check, level, message, origin: '', file, line, column, hint };
}

/** What a check says of an object. */
export function checkFinding(
  object: MeshObject,
  { check, level, message, path, hint }: Finding,
): ReportFinding {
  return { code: CHECK_CODES[check], name: check, level, message, hint, ...placeOf(object, path) };
}

/** What an analyzer says. */
export function messageFinding({ type, text, object, path, hint }: Message): ReportFinding {
  const { code, name, level } = type;
  const place = object === undefined ? { origin: '' } : placeOf(object, path);
  return { code, name, level, message: text, hint, ...place };
}

function placeOf(
  object: MeshObject,
  path: Finding['path'],
): Pick<ReportFinding, 'origin' | 'file' | 'line' | 'column' | 'path'> {
  const { line, column } = object.source.locate(path);
  return { origin: objectName(object), file: object.source.file, line, column, path: formatFieldPath(path) };
}

/** Sorts findings as a reader meets them: by file in the order of the input, then by place in the file. */
export function inFileOrder(
  files: readonly string[],
  findings: readonly ReportFinding[],
): readonly ReportFinding[] {
  const order = new Map(files.map((file, index) => [file, index]));
  const fileIndex = ({ file }: ReportFinding): number => order.get(file ?? '') ?? files.length;
  return findings.toSorted(
    (a, b) =>
      fileIndex(a) - fileIndex(b) || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
  );
}
