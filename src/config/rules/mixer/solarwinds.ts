/** Rules of solarwinds: limits of AppOptics and the address of Papertrail. */

import type { Solarwinds } from '../../../api/generated/types/config.istio.io/solarwinds.ts';
import type { KindRules } from '../rule.ts';
import { checkTemplate } from './go-template.ts';
import { checkNotNegative } from './limits.ts';

export const kinds = ['config.istio.io/solarwinds'] as const;

/** The most that AppOptics takes at once. */
const MAX_BATCH = 1000;
const PAPERTRAIL = /logs\d+.papertrailapp.com:\d{3,5}/;

export const rules: KindRules<Solarwinds> = (object, report) => {
  const { appopticsBatchSize: size = 0, papertrailUrl: url = '', ...spec } = object.value.spec ?? {};
  if (size < 0 || size > MAX_BATCH) {
    report.error(['spec', 'appopticsBatchSize'], `${size} is no number from 1 to ${MAX_BATCH}`);
  }
  if (url !== '' && !PAPERTRAIL.test(url)) {
    report.error(['spec', 'papertrailUrl'], `${JSON.stringify(url)} is no address of Papertrail`, {
      hint: 'Write it as logs<number>.papertrailapp.com:<port>.',
    });
  }
  checkNotNegative(
    report,
    ['spec', 'papertrailLocalRetentionDuration'],
    spec.papertrailLocalRetentionDuration,
  );
  for (const [name, { payloadTemplate }] of Object.entries(spec.logs ?? {})) {
    checkTemplate(report, ['spec', 'logs', name, 'payloadTemplate'], payloadTemplate);
  }
};
