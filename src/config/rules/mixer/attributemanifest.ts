/** Rules of attributemanifest: names and types of the attributes that it declares. */

import type { Attributemanifest } from '../../../api/generated/types/config.istio.io/attributemanifest.ts';
import { STANDARD_ATTRIBUTES } from '../../mixer/attributes.ts';
import { VALUE_TYPES } from '../../mixer/expression.ts';
import type { KindRules } from '../rule.ts';
import { enumName } from './values.ts';

export const kinds = ['config.istio.io/attributemanifest'] as const;

const TYPES = ['VALUE_TYPE_UNSPECIFIED', ...VALUE_TYPES] as const;
/** What an expression can name; the older form with dashes cannot be used there. */
const NAME = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/;

export const rules: KindRules<Attributemanifest> = (object, report) => {
  for (const [name, { valueType }] of Object.entries(object.value.spec?.attributes ?? {})) {
    const path = ['spec', 'attributes', name];
    if (!NAME.test(name)) {
      report.warn(path, `no expression can use an attribute called ${JSON.stringify(name)}`, {
        hint: 'Use words of letters, digits and "_", with dots between them.',
      });
    }
    const type = enumName(valueType ?? 'VALUE_TYPE_UNSPECIFIED', TYPES);
    if (type === 'VALUE_TYPE_UNSPECIFIED') {
      const hint = `Set valueType to one of ${VALUE_TYPES.join(', ')}.`;
      report.error([...path, 'valueType'], 'the attribute has no type', { check: 'MissingField', hint });
      continue;
    }
    const standard = STANDARD_ATTRIBUTES.typeOf(name);
    if (type !== undefined && standard !== undefined && standard !== type) {
      report.warn([...path, 'valueType'], `the standard attribute ${name} has type ${standard}, not ${type}`);
    }
  }
};
