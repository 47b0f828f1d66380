/** Rules of adapter and template: their protobuf descriptors are base64. */

import type { Adapter } from '../../../api/generated/types/config.istio.io/adapter.ts';
import type { Template } from '../../../api/generated/types/config.istio.io/template.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { KindRules, RuleReport } from '../rule.ts';

export const kinds = ['config.istio.io/adapter', 'config.istio.io/template'] as const;

export const rules: KindRules<Adapter | Template> = (object, report) => {
  const spec: Readonly<Record<string, unknown>> = object.value.spec ?? {};
  if (object.kind === 'adapter') checkBase64(report, ['spec', 'config'], spec['config']);
  else if (spec['descriptor'] === undefined || spec['descriptor'] === '') {
    report.error(['spec', 'descriptor'], 'the template has no descriptor', {
      check: 'MissingField',
      hint: 'Set it to the file descriptor set of the template, in base64.',
    });
  } else checkBase64(report, ['spec', 'descriptor'], spec['descriptor']);
};

function checkBase64(report: RuleReport, path: FieldPath, value: unknown): void {
  if (typeof value !== 'string') return;
  const text = value.replaceAll(/[\r\n]/g, '');
  if (text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)) return;
  report.error(path, 'the descriptor is not base64', {
    hint: 'Make it with protoc, as the tools for Mixer adapters do.',
  });
}
