/** Rules of zipkin: the endpoint and the share of traces. */

import type { Zipkin } from '../../../api/generated/types/config.istio.io/zipkin.ts';
import type { KindRules } from '../rule.ts';
import { checkUrl } from './address.ts';
import { checkShare } from './limits.ts';

export const kinds = ['config.istio.io/zipkin'] as const;

export const rules: KindRules<Zipkin> = (object, report) => {
  const { url = '', sampleProbability } = object.value.spec ?? {};
  if (url === '')
    report.error(['spec', 'url'], 'there is no URL to send spans to', {
      check: 'MissingField',
      hint: 'Set url.',
    });
  else checkUrl(report, ['spec', 'url'], url, 'a Zipkin endpoint');
  checkShare(report, ['spec', 'sampleProbability'], sampleProbability);
};
