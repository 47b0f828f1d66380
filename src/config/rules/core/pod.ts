/** Rules of Pods: the ports of their containers. */

import type { Pod } from '../../../api/generated/types/core/Pod.ts';
import type { KindRules } from '../rule.ts';
import { checkPodPorts } from './pod-ports.ts';

export const kinds = ['core/Pod'] as const;

export const rules: KindRules<Pod> = (object, report) => {
  checkPodPorts(report, ['spec'], object.value.spec);
};
