/** `--suppress`, `--only` and `--skip`: words of the command line about codes. */

import { RETIRED_CODES } from '../analysis/catalogue.ts';
import { allRules } from '../analysis/reporters/rule-text.ts';
import type { Suppression } from '../analysis/suppress.ts';
import { MeshError } from '../base/mesh-error.ts';
import { nearestName } from '../base/nearest.ts';

/** `CODE`, or `CODE=RESOURCE` with `Kind namespace/name` or `Kind name.namespace` and `*` in it. */
export function parseSuppression(value: string): Suppression {
  const equals = value.indexOf('=');
  const origin = `--suppress ${value}`;
  if (equals < 0) return { code: value.trim(), origin };
  return { code: value.slice(0, equals).trim(), resource: value.slice(equals + 1).trim(), origin };
}

/** The warning for a suppression of a code that nothing gives; undefined for codes of today and of the past. */
export function unknownCodeWarning({ code, origin }: Suppression): string | undefined {
  if (code === '*' || isCode(code) || Object.hasOwn(RETIRED_CODES, code)) return undefined;
  const near = nearestName(code, allRules().keys());
  return `Warning: ${origin}: there is no code ${code}${near === undefined ? '' : `; did you mean ${near}?`}\n`;
}

/** Codes from a list of codes and names of messages. Throws a `MeshError` for a word that is neither. */
export function parseCodes(flag: string, words: readonly string[]): ReadonlySet<string> {
  return new Set(words.map((word) => parseCode(flag, word)));
}

function parseCode(flag: string, word: string): string {
  const upper = word.toUpperCase();
  if (isCode(upper) || Object.hasOwn(RETIRED_CODES, upper)) return upper;
  const named = [...allRules().values()].find(({ name }) => name.toLowerCase() === word.toLowerCase());
  if (named !== undefined) return named.code;
  const near = nearestName(
    word,
    [...allRules().values()].flatMap(({ code, name }) => [code, name]),
  );
  throw new MeshError('UnknownCode', `--${flag} names ${word}, which is no code and no name of a message`, {
    hint: near === undefined ? 'Run "mesh analyze --list-analyzers" for the codes.' : `Did you mean ${near}?`,
  });
}

function isCode(code: string): boolean {
  return allRules().has(code);
}
