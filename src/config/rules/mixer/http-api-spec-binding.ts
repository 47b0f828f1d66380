/** Rules of HTTPAPISpecBinding: the services and specs that it names. */

import type { HTTPAPISpecBinding } from '../../../api/generated/types/config.istio.io/HTTPAPISpecBinding.ts';
import type { KindRules } from '../rule.ts';
import { checkServices, checkSpecs } from './istio-service.ts';

export const kinds = ['config.istio.io/HTTPAPISpecBinding'] as const;

export const rules: KindRules<HTTPAPISpecBinding> = (object, report) => {
  checkServices(report, object.value.spec?.services ?? []);
  checkSpecs(report, 'apiSpecs', object.value.spec?.apiSpecs ?? []);
};
