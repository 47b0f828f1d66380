/** Checks on ports: numbers, names and protocols. */

import { isDnsLabel } from '../../../base/labels.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import { parseProtocol } from '../../../base/protocol.ts';
import type { RuleReport } from '../rule.ts';
import { didYouMean } from './suggestion.ts';

const COMMON_PROTOCOLS = 'HTTP HTTPS HTTP2 GRPC GRPC-Web TCP TLS Mongo Redis MySQL UDP'.split(' ');

/** Whether the number can be a TCP or UDP port that one can connect to. */
export function isPortNumber(number: number): boolean {
  return number >= 1 && number <= 65535;
}

/** The number of a port must be 1 to 65535; an absent one counts as 0. */
export function checkPortNumber(report: RuleReport, path: FieldPath, number: number | undefined): void {
  if (isPortNumber(number ?? 0)) return;
  const found = number === undefined ? 'a port needs a number' : `${number} is not a port`;
  report.error(path, `${found}: it must be from 1 to 65535`);
}

/** The name of a port must be a DNS label. */
export function checkPortName(report: RuleReport, path: FieldPath, name: string): void {
  if (isDnsLabel(name)) return;
  if (name === '') report.error(path, 'the name of a port must not be empty');
  else {
    report.error(
      path,
      `"${name}" is no name of a port: use letters, digits and inner dashes, 63 characters at most`,
    );
  }
}

/** The protocol must be a known one; where it is optional, an empty one has it detected. */
export function checkProtocol(
  report: RuleReport,
  path: FieldPath,
  protocol: string | undefined,
  options: { readonly optional: boolean },
): void {
  if (protocol === undefined || (protocol === '' && options.optional)) return;
  if (parseProtocol(protocol) !== undefined) return;
  report.error(
    path,
    `"${protocol}" is no protocol that is known: use one of ${COMMON_PROTOCOLS.join(', ')}`,
    didYouMean(protocol, COMMON_PROTOCOLS),
  );
}
