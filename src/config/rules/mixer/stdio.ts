/** Rules of stdio: where it writes. */

import type { Stdio } from '../../../api/generated/types/config.istio.io/stdio.ts';
import type { KindRules } from '../rule.ts';
import { checkCount } from './limits.ts';
import { enumName } from './values.ts';

export const kinds = ['config.istio.io/stdio'] as const;

const STREAMS = ['STDOUT', 'STDERR', 'FILE', 'ROTATED_FILE'] as const;

export const rules: KindRules<Stdio> = (object, report) => {
  const spec = object.value.spec ?? {};
  const stream = enumName(spec.logStream ?? 'STDOUT', STREAMS);
  const toFile = stream === 'FILE' || stream === 'ROTATED_FILE';
  const outputPath = spec.outputPath ?? '';
  if (toFile && outputPath === '') {
    report.error(['spec', 'outputPath'], `logStream ${stream} needs a file`, {
      check: 'MissingField',
      hint: 'Set outputPath.',
    });
  } else if (stream !== undefined && !toFile && outputPath !== '') {
    report.error(['spec', 'outputPath'], `logStream ${stream} does not write to a file`, {
      hint: 'Remove outputPath, or set logStream to FILE or ROTATED_FILE.',
    });
  }
  checkCount(report, ['spec', 'maxMegabytesBeforeRotation'], spec.maxMegabytesBeforeRotation);
  checkCount(report, ['spec', 'maxDaysBeforeRotation'], spec.maxDaysBeforeRotation);
  checkCount(report, ['spec', 'maxRotatedFiles'], spec.maxRotatedFiles);
};
