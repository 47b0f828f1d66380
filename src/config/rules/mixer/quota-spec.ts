/** Rules of QuotaSpec: its conditions. Names and charges are up to the schema. */

import { re2Problem } from '../../../base/re2.ts';
import { STANDARD_ATTRIBUTES } from '../../mixer/attributes.ts';
import type { QuotaSpec } from '../../../api/generated/types/config.istio.io/QuotaSpec.ts';
import type { KindRules } from '../rule.ts';

export const kinds = ['config.istio.io/QuotaSpec'] as const;

export const rules: KindRules<QuotaSpec> = (object, report) => {
  for (const [index, { match = [] }] of (object.value.spec?.rules ?? []).entries()) {
    for (const [at, { clause = {} }] of match.entries()) {
      for (const [attribute, condition] of Object.entries(clause)) {
        const path = ['spec', 'rules', index, 'match', at, 'clause', attribute];
        const type = STANDARD_ATTRIBUTES.typeOf(attribute);
        if (type === undefined) {
          report.warn(path, `there is no standard attribute ${attribute}`, {
            hint: 'Declare it in an attributemanifest, or correct the name.',
          });
        } else if (type !== 'STRING') {
          report.warn(path, `${attribute} has type ${type}, so no text can match it`, {
            check: 'IneffectiveMatch',
          });
        }
        // The proxy reads it as ECMAScript does, which has more than RE2.
        const problem = condition.regex === undefined ? undefined : re2Problem(condition.regex);
        if (problem !== undefined)
          report.warn([...path, 'regex'], `the regular expression is not one of RE2: ${problem}`);
      }
    }
  }
};
