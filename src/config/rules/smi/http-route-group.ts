/** Rules of HTTPRouteGroup: its names and regular expressions. */

import type { FieldPath } from '../../../base/field-path.ts';
import { isHeaderName, isPseudoHeader } from '../../../base/http.ts';
import { re2Problem } from '../../../base/re2.ts';
import type { HTTPRouteGroup, Match } from '../../../api/generated/types/specs.smi-spec.io/HTTPRouteGroup.ts';
import type { KindRules, RuleReport } from '../rule.ts';

export const kinds = ['specs.smi-spec.io/HTTPRouteGroup'] as const;

/** The matches, wherever the version puts them. */
interface Group {
  readonly matches?: readonly Match[];
}

export const rules: KindRules<HTTPRouteGroup> = (object, report) => {
  // Before v1alpha3 the matches stood beside the metadata.
  const early = object.version === 'v1alpha1' || object.version === 'v1alpha2';
  const value = object.value as Group & { readonly spec?: Group };
  const matches = (early ? value : value.spec)?.matches ?? [];
  const names = new Set<string>();
  for (const [index, match] of matches.entries()) {
    const path: FieldPath = [...(early ? [] : ['spec']), 'matches', index];
    const { name = '' } = match;
    if (name !== '' && names.has(name)) {
      report.error([...path, 'name'], `another match is called ${name}, too`, {
        check: 'Duplicate',
        hint: 'Give each a name of its own.',
      });
    }
    names.add(name);
    checkMatch(report, path, match);
  }
};

function checkMatch(report: RuleReport, path: FieldPath, { pathRegex, methods, headers }: Match): void {
  const problem = pathRegex === undefined ? undefined : re2Problem(pathRegex);
  if (problem !== undefined) {
    report.error(
      [...path, 'pathRegex'],
      `${JSON.stringify(pathRegex)} is no regular expression of RE2: ${problem}`,
    );
  }
  if (methods !== undefined && methods.length > 1 && methods.includes('*')) {
    report.warn([...path, 'methods'], '"*" stands for all methods, so the others have no effect');
  }
  if (headers === undefined) return;
  const place = [...path, 'headers'];
  if (!Array.isArray(headers)) return checkHeaders(report, place, headers);
  for (const [index, some] of headers.entries()) checkHeaders(report, [...place, index], some);
}

function checkHeaders(report: RuleReport, path: FieldPath, headers: unknown): void {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) {
    return report.error(path, 'must be a map from names of headers to regular expressions', {
      check: 'WrongType',
    });
  }
  for (const [name, value] of Object.entries(headers)) {
    const place = [...path, name];
    if (!isHeaderName(name) && !isPseudoHeader(name))
      report.error(place, `${JSON.stringify(name)} is no name of a header`);
    if (typeof value !== 'string') {
      report.error(place, 'must be a regular expression in a string', {
        check: 'WrongType',
        hint: 'Put the value in quotes.',
      });
      continue;
    }
    const problem = re2Problem(value);
    if (problem !== undefined)
      report.error(place, `${JSON.stringify(value)} is no regular expression of RE2: ${problem}`);
  }
}
