/** Runs all of `validate` on objects written as YAML, and gives the findings as short texts. */

import { formatFieldPath } from '../../../../src/base/field-path.ts';
import { parseText } from '../../../../src/config/parse/parse.ts';
import { validate } from '../../../../src/config/validate.ts';

/** `Error path: message` of each finding, but for those that say that a kind or version is of the past. */
export async function findingsOf(yaml: string): Promise<string[]> {
  const { objects, problems } = parseText(yaml, 'test.yaml');
  const results = await validate(objects, { referential: false });
  return [
    ...problems.map(({ level, message }) => `${level}: ${message}`),
    ...results.flatMap(({ findings }) =>
      findings
        .filter(({ check }) => check !== 'DeprecatedVersion')
        .map(({ level, path, message }) => `${level} ${formatFieldPath(path)}: ${message}`),
    ),
  ];
}

/** The paths of the errors. */
export async function errorsOf(yaml: string): Promise<string[]> {
  return pathsOf(await findingsOf(yaml), 'Error');
}

/** The paths of the warnings. */
export async function warningsOf(yaml: string): Promise<string[]> {
  return pathsOf(await findingsOf(yaml), 'Warning');
}

function pathsOf(lines: readonly string[], level: string): string[] {
  return lines
    .filter((line) => line.startsWith(`${level} `))
    .map((line) => line.slice(level.length + 1, line.indexOf(': ')));
}

/** An object of a Mixer kind. `spec` is YAML in one line. */
export function mixerObject(kind: string, spec: string, annotations = '{}'): string {
  return `{apiVersion: config.istio.io/v1alpha2, kind: ${kind}, metadata: {name: x, annotations: ${annotations}}, spec: ${spec}}`;
}
