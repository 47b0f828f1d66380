/** Rules of cloudwatch: the names that CloudWatch asks for. */

import type { Cloudwatch } from '../../../api/generated/types/config.istio.io/cloudwatch.ts';
import type { KindRules } from '../rule.ts';
import { checkTemplate } from './go-template.ts';

export const kinds = ['config.istio.io/cloudwatch'] as const;

export const rules: KindRules<Cloudwatch> = (object, report) => {
  const spec = object.value.spec ?? {};
  for (const field of ['namespace', 'logGroupName', 'logStreamName'] as const) {
    if ((spec[field] ?? '') !== '') continue;
    report.error(['spec', field], `CloudWatch needs ${field}`, {
      check: 'MissingField',
      hint: `Set ${field}.`,
    });
  }
  if (spec.logs === undefined) {
    report.error(['spec', 'logs'], 'the adapter needs its log entries', {
      check: 'MissingField',
      hint: 'Set logs, by the name of the instance.',
    });
  }
  for (const [name, log] of Object.entries(spec.logs ?? {})) {
    checkTemplate(report, ['spec', 'logs', name, 'payloadTemplate'], log.payloadTemplate);
  }
};
