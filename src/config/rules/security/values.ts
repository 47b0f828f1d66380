/** Checks lists of values in rules: addresses, ports, and texts that must not be empty. */

import { parseCidr, isIp } from '../../../base/cidr.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { RuleReport } from '../rule.ts';

/** Reports each empty text. */
export function checkNotEmpty(report: RuleReport, path: FieldPath, values: readonly string[]): void {
  for (const [index, value] of values.entries()) {
    if (value === '') report.error([...path, index], 'must not be empty; "*" stands for any value');
  }
}

/** IP addresses and CIDR ranges, of either family. */
export function checkIpBlocks(report: RuleReport, path: FieldPath, values: readonly string[]): void {
  for (const [index, value] of values.entries()) {
    const place = [...path, index];
    if (value === '') report.error(place, 'must not be empty');
    else if (value.includes('/')) {
      if (parseCidr(value) === undefined)
        report.error(place, `"${value}" is no CIDR range such as 10.0.0.0/8`);
    } else if (!isIp(value))
      report.error(place, `"${value}" is no IP address, and no CIDR range such as 10.0.0.0/8`);
  }
}

const DIGITS = /^\d{1,20}$/;

/** Port numbers, as texts. 0 is allowed, since it always was. */
export function checkPorts(report: RuleReport, path: FieldPath, values: readonly string[]): void {
  for (const [index, value] of values.entries()) {
    if (DIGITS.test(value) && Number(value) <= 65_535) continue;
    const what = value === '' ? 'must not be empty' : `"${value}" must be a port number up to 65535`;
    report.error([...path, index], what);
  }
}
