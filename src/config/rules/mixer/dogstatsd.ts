/** Rules of dogstatsd: the agent and the metrics that are sent to it. */

import type { Dogstatsd } from '../../../api/generated/types/config.istio.io/dogstatsd.ts';
import type { KindRules } from '../rule.ts';
import { checkAddress } from './address.ts';
import { checkCount, checkShare } from './limits.ts';
import { enumName } from './values.ts';

export const kinds = ['config.istio.io/dogstatsd'] as const;

const TYPES = ['UNKNOWN_TYPE', 'COUNTER', 'GAUGE', 'DISTRIBUTION'] as const;

export const rules: KindRules<Dogstatsd> = (object, report) => {
  const spec = object.value.spec ?? {};
  checkAddress(report, ['spec', 'address'], spec.address);
  checkCount(report, ['spec', 'bufferLength'], spec.bufferLength);
  checkShare(report, ['spec', 'sampleRate'], spec.sampleRate);
  for (const [name, { type }] of Object.entries(spec.metrics ?? {})) {
    if (enumName(type ?? 'UNKNOWN_TYPE', TYPES) !== 'UNKNOWN_TYPE') continue;
    report.error(['spec', 'metrics', name, 'type'], 'the metric has no type', {
      check: 'MissingField',
      hint: 'Set it to COUNTER, GAUGE or DISTRIBUTION.',
    });
  }
};
