/** Rules of bypass: the backend that calls are passed on to. */

import type { Bypass } from '../../../api/generated/types/config.istio.io/bypass.ts';
import type { KindRules } from '../rule.ts';
import { checkAddress } from './address.ts';

export const kinds = ['config.istio.io/bypass'] as const;

export const rules: KindRules<Bypass> = (object, report) => {
  checkAddress(report, ['spec', 'backendAddress'], object.value.spec?.backendAddress);
};
