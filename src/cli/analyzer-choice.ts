/** `--analyzer` and `--list-analyzers`. */

import type { Analyzer } from '../analysis/analyzer.ts';
import { MeshError } from '../base/mesh-error.ts';
import { nearestName } from '../base/nearest.ts';

/** Istio's name for the checks of schemas; one of it exists for each kind, as `….VirtualService`. */
export const VALIDATION_ANALYZER = 'schema.ValidationAnalyzer';

export interface AnalyzerChoice {
  readonly analyzers: readonly Analyzer[];
  /** Whether analyzers that run only on request are among those chosen by name. */
  readonly withOnRequest: boolean;
  /** Whether the findings of validate are messages too. */
  readonly withValidation: boolean;
}

/** The analyzers of those names; all of them for no name. Throws a `MeshError` for a name that is none. */
export function chooseAnalyzers(names: readonly string[], all: readonly Analyzer[]): AnalyzerChoice {
  if (names.length === 0) return { analyzers: all, withOnRequest: false, withValidation: true };
  const wanted = new Set(names.map((name) => properName(name, all)));
  return {
    analyzers: all.filter(({ name }) => wanted.has(name)),
    withOnRequest: true,
    withValidation: wanted.has(VALIDATION_ANALYZER),
  };
}

function properName(word: string, all: readonly Analyzer[]): string {
  const lower = word.toLowerCase();
  if (
    lower === VALIDATION_ANALYZER.toLowerCase() ||
    lower.startsWith(`${VALIDATION_ANALYZER.toLowerCase()}.`)
  ) {
    return VALIDATION_ANALYZER;
  }
  const match = all.find(({ name }) => name.toLowerCase() === lower);
  if (match !== undefined) return match.name;
  const near = nearestName(word, [VALIDATION_ANALYZER, ...all.map(({ name }) => name)]);
  throw new MeshError('UnknownAnalyzer', `there is no analyzer "${word}"`, {
    hint:
      near === undefined ? 'Run "mesh analyze --list-analyzers" for their names.' : `Did you mean ${near}?`,
  });
}

/** A row for each analyzer, for people and for programs. */
export function analyzerRows(
  all: readonly Analyzer[],
): readonly { readonly name: string; readonly summary: string; readonly codes: readonly string[] }[] {
  const validation = {
    name: VALIDATION_ANALYZER,
    summary: 'Checks each object against its schema and the rules of its kind, as "mesh validate" does.',
    codes: ['IST0106', 'IST0133', 'IST0130', 'IST0131'],
  };
  const rows = all.map(({ name, summary, messages, onRequest }) => ({
    name,
    summary: onRequest === true ? `${summary} (runs only when it or one of its codes is named)` : summary,
    codes: messages.map(({ code }) => code),
  }));
  return [validation, ...rows].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
