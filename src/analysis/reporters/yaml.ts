/** `-o yaml`: the same data as `-o json`. */

import { dump } from 'js-yaml';
import { findingRecords } from './json.ts';
import type { Report } from './report.ts';

export function formatYaml(report: Report): string {
  return dump(findingRecords(report), { lineWidth: -1, noRefs: true });
}
