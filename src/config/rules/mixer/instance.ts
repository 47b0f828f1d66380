/** Rules of instance: which template it fills. The expressions are checked as those of the template's kind. */

import { nearestName } from '../../../base/nearest.ts';
import type { Instance } from '../../../api/generated/types/config.istio.io/instance.ts';
import type { KindRules } from '../rule.ts';
import { checkBindings } from './attribute-bindings.ts';
import { COMPILED_TEMPLATES } from './embedded.ts';
import { usesCexl } from './expressions.ts';

export const kinds = ['config.istio.io/instance'] as const;

export const rules: KindRules<Instance> = (object, report) => {
  const { compiledTemplate = '', template = '', attributeBindings } = object.value.spec ?? {};
  if (compiledTemplate === '' && template === '') {
    report.error(['spec'], 'the instance names no template', {
      check: 'MissingField',
      hint: 'Set compiledTemplate for a template that is built in, or template for another one.',
    });
  } else if (compiledTemplate !== '' && template !== '') {
    report.warn(['spec', 'template'], 'compiledTemplate is set, so template has no effect', {
      hint: 'Remove one of them.',
    });
  }
  if (compiledTemplate !== '' && !COMPILED_TEMPLATES.includes(compiledTemplate)) {
    const nearest = nearestName(compiledTemplate, COMPILED_TEMPLATES);
    const hint =
      nearest === undefined ? `There are ${COMPILED_TEMPLATES.join(', ')}.` : `Did you mean ${nearest}?`;
    report.error(
      ['spec', 'compiledTemplate'],
      `there is no built-in template ${JSON.stringify(compiledTemplate)}`,
      { hint },
    );
    return;
  }
  if (attributeBindings === undefined || Object.keys(attributeBindings).length === 0) return;
  const path = ['spec', 'attributeBindings'];
  if (compiledTemplate !== '' && compiledTemplate !== 'kubernetes') {
    report.error(path, `template ${compiledTemplate} gives nothing back that attributes could be bound to`, {
      hint: 'Remove attributeBindings.',
    });
  } else if (usesCexl(object))
    checkBindings(report, path, attributeBindings, compiledTemplate === 'kubernetes');
};
