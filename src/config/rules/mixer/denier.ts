/** Rules of denier: the answer to a refused request. */

import type { Denier } from '../../../api/generated/types/config.istio.io/denier.ts';
import type { KindRules } from '../rule.ts';
import { checkCount, checkNotNegative } from './limits.ts';

export const kinds = ['config.istio.io/denier'] as const;

/** UNAUTHENTICATED, the last code of gRPC. */
const LAST_CODE = 16;

export const rules: KindRules<Denier> = (object, report) => {
  const { status, validDuration, validUseCount } = object.value.spec ?? {};
  const code = status?.code;
  const path = ['spec', 'status', 'code'];
  const hint = 'Use a code of gRPC, as 7 for PERMISSION_DENIED.';
  if (status !== undefined && (code ?? 0) === 0) {
    report.warn(code === undefined ? ['spec', 'status'] : path, 'code 0 means OK, so no request is refused', {
      hint,
    });
  } else if (code !== undefined && (code < 0 || code > LAST_CODE)) {
    report.warn(path, `${code} is no code of gRPC; callers see UNKNOWN`, { hint });
  }
  checkNotNegative(report, ['spec', 'validDuration'], validDuration);
  checkCount(report, ['spec', 'validUseCount'], validUseCount);
};
