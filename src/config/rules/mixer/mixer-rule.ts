/** Rules of rule: its condition, its actions and its changes to headers. */

import { isHeaderName, isPseudoHeader } from '../../../base/http.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type {
  Action,
  HeaderOperationTemplate,
  Rule,
  Sampling,
} from '../../../api/generated/types/config.istio.io/rule.ts';
import { STANDARD_ATTRIBUTES, scopeWithOutputs } from '../../mixer/attributes.ts';
import type { AttributeScope } from '../../mixer/attributes.ts';
import type { KindRules, RuleReport } from '../rule.ts';
import { reportExpression, usesCexl } from './expressions.ts';
import { checkCount, checkPositive } from './limits.ts';
import { enumName } from './values.ts';

export const kinds = ['config.istio.io/rule'] as const;

export const rules: KindRules<Rule> = (object, report) => {
  const spec = object.value.spec ?? {};
  const { match = '', actions = [], requestHeaderOperations = [], responseHeaderOperations = [] } = spec;
  const cexl = usesCexl(object);
  if (match !== '' && cexl) reportExpression(report, ['spec', 'match'], match, 'BOOL', STANDARD_ATTRIBUTES);
  if (actions.length + requestHeaderOperations.length + responseHeaderOperations.length === 0) {
    report.error(['spec', 'actions'], 'the rule does nothing', {
      check: 'MissingField',
      hint: 'Add an action with a handler and its instances.',
    });
  }
  checkActions(report, actions);
  const outputs = actions.flatMap(({ name = '' }) => (name === '' ? [] : [`${name}.output.`]));
  const scope = cexl ? scopeWithOutputs(outputs) : undefined;
  checkHeaders(report, ['spec', 'requestHeaderOperations'], requestHeaderOperations, scope);
  checkHeaders(report, ['spec', 'responseHeaderOperations'], responseHeaderOperations, scope);
  if (spec.sampling !== undefined) checkSampling(report, spec.sampling, cexl);
};

function checkActions(report: RuleReport, actions: readonly Action[]): void {
  const names = new Set<string>();
  for (const [index, action] of actions.entries()) {
    const path: FieldPath = ['spec', 'actions', index];
    const { handler = '', instances = [], name = '' } = action;
    if (handler !== '') checkReference(report, [...path, 'handler'], handler);
    if (instances.length === 0) {
      report.error([...path, 'instances'], 'the action names no instance, so its handler is never called', {
        check: 'MissingField',
        hint: 'Name at least one instance.',
      });
    }
    const seen = new Set<string>();
    for (const [at, instance] of instances.entries()) {
      const place = [...path, 'instances', at];
      if (seen.has(instance)) {
        report.error(place, `instance ${instance} is named twice in this action`, {
          check: 'Duplicate',
          hint: 'Remove one.',
        });
      } else if (instance !== '') checkReference(report, place, instance);
      seen.add(instance);
    }
    if (name !== '' && names.has(name)) {
      report.error([...path, 'name'], `another action is called ${name}, too`, {
        check: 'Duplicate',
        hint: 'Give each a name of its own.',
      });
    }
    names.add(name);
  }
}

/** `name`, `name.namespace` (or an older `name.kind`), or `name.kind.namespace`. */
function checkReference(report: RuleReport, path: FieldPath, name: string): void {
  const parts = name.split('.');
  if (parts.includes('')) {
    report.error(path, `${JSON.stringify(name)} is no name of an object`, {
      hint: 'Write name, name.namespace or name.kind.namespace.',
    });
  } else if (parts.length > 3) {
    report.warn(path, `${JSON.stringify(name)} has more parts than name, kind and namespace`);
  }
}

function checkHeaders(
  report: RuleReport,
  path: FieldPath,
  operations: readonly HeaderOperationTemplate[],
  scope: AttributeScope | undefined,
): void {
  for (const [index, { name = '', values = [], operation }] of operations.entries()) {
    const place = [...path, index];
    if (name !== '' && !isHeaderName(name) && !isPseudoHeader(name)) {
      report.error([...place, 'name'], `${JSON.stringify(name)} is no name of a header`);
    }
    if (enumName(operation ?? 'REPLACE', ['REPLACE', 'REMOVE', 'APPEND']) === 'REMOVE') {
      if (values.length > 0)
        report.warn([...place, 'values'], 'the header is removed, so its values have no effect');
      continue;
    }
    if (values.length === 0) {
      report.warn([...place, 'values'], 'there is no value, so the header stays as it is', {
        hint: 'Add an expression, or use REMOVE.',
      });
    }
    if (scope === undefined) continue;
    for (const [at, value] of values.entries())
      reportExpression(report, [...place, 'values', at], value, 'STRING', scope);
  }
}

function checkSampling(report: RuleReport, { random, rateLimit }: Sampling, cexl: boolean): void {
  const path = ['spec', 'sampling'];
  const expression = random?.attributeExpression ?? '';
  if (expression !== '' && cexl) {
    reportExpression(
      report,
      [...path, 'random', 'attributeExpression'],
      expression,
      'ANY',
      STANDARD_ATTRIBUTES,
    );
  }
  checkPositive(report, [...path, 'rateLimit', 'samplingDuration'], rateLimit?.samplingDuration);
  checkCount(report, [...path, 'rateLimit', 'maxUnsampledEntries'], rateLimit?.maxUnsampledEntries);
  checkCount(report, [...path, 'rateLimit', 'samplingRate'], rateLimit?.samplingRate);
}
