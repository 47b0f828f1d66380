/** Rules of HTTPAPISpec: its attributes and patterns. That texts are not empty is up to the schema. */

import { HTTP_METHODS, isHeaderName } from '../../../base/http.ts';
import { re2Problem } from '../../../base/re2.ts';
import type {
  HTTPAPISpec,
  HTTPAPISpecPattern,
} from '../../../api/generated/types/config.istio.io/HTTPAPISpec.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { KindRules, RuleReport } from '../rule.ts';

export const kinds = ['config.istio.io/HTTPAPISpec'] as const;

export const rules: KindRules<HTTPAPISpec> = (object, report) => {
  const { attributes, patterns = [], apiKeys = [] } = object.value.spec ?? {};
  if (attributes !== undefined && Object.keys(attributes.attributes ?? {}).length === 0) {
    report.error(['spec', 'attributes', 'attributes'], 'there is no attribute', {
      check: 'MissingField',
      hint: 'Set at least one, as api.service.',
    });
  }
  for (const [index, pattern] of patterns.entries())
    checkPattern(report, ['spec', 'patterns', index], pattern);
  for (const [index, { header }] of apiKeys.entries()) {
    if (header === undefined || header === '' || isHeaderName(header)) continue;
    report.error(['spec', 'apiKeys', index, 'header'], `${JSON.stringify(header)} is no name of a header`);
  }
};

function checkPattern(
  report: RuleReport,
  path: FieldPath,
  { httpMethod = '', uriTemplate, regex }: HTTPAPISpecPattern,
): void {
  if (httpMethod !== '' && !HTTP_METHODS.includes(httpMethod)) {
    report.warn([...path, 'httpMethod'], `${JSON.stringify(httpMethod)} is no method of HTTP`, {
      hint: 'Methods are written in capitals.',
    });
  }
  const fault = uriTemplate === undefined ? undefined : templateProblem(uriTemplate);
  if (fault !== undefined)
    report.error([...path, 'uriTemplate'], `${JSON.stringify(uriTemplate)} is no URI template: ${fault}`);
  // The proxy reads it as ECMAScript does, which has more than RE2.
  const problem = regex === undefined ? undefined : re2Problem(regex);
  if (problem !== undefined)
    report.warn([...path, 'regex'], `the regular expression is not one of RE2: ${problem}`);
}

/** https://www.rfc-editor.org/rfc/rfc6570: each `{` has its `}`, with something in between and no `{`. */
function templateProblem(template: string): string | undefined {
  const rest = template.replaceAll(/\{[^{}]+\}/g, '');
  if (rest.includes('{}')) return 'an expression is empty';
  return /[{}]/.test(rest) ? 'a brace has no partner' : undefined;
}
