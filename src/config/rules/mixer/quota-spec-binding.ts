/** Rules of QuotaSpecBinding: the services and specs that it names. */

import type { QuotaSpecBinding } from '../../../api/generated/types/config.istio.io/QuotaSpecBinding.ts';
import type { KindRules } from '../rule.ts';
import { checkServices, checkSpecs } from './istio-service.ts';

export const kinds = ['config.istio.io/QuotaSpecBinding'] as const;

export const rules: KindRules<QuotaSpecBinding> = (object, report) => {
  checkServices(report, object.value.spec?.services ?? []);
  checkSpecs(report, 'quotaSpecs', object.value.spec?.quotaSpecs ?? []);
};
