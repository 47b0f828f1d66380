/** Checks how endpoints are chosen. */

import type {
  ConsistentHashLB,
  HTTPCookie,
  LoadBalancerSettings,
  MagLev,
  OutlierDetection,
  WarmupConfiguration,
} from '../../../api/generated/types/networking.istio.io/DestinationRule.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { RuleReport } from '../rule.ts';
import { checkDuration } from './duration-field.ts';
import { checkLocality, checkZoneAware } from './locality.ts';

/** Envoy's bound on Maglev tables. */
const MAGLEV_LIMIT = 5_000_011;

/** `outlier` is the outlier detection that stands beside it. */
export function checkLoadBalancer(
  report: RuleReport,
  path: FieldPath,
  settings: LoadBalancerSettings | undefined,
  outlier: OutlierDetection | undefined,
): void {
  if (settings === undefined) return;
  if (settings.simple === 'LEAST_CONN') {
    report.warn([...path, 'simple'], 'LEAST_CONN is the old name of LEAST_REQUEST', {
      check: 'DeprecatedField',
      hint: 'Use LEAST_REQUEST instead.',
    });
  }
  checkConsistentHash(report, [...path, 'consistentHash'], settings.consistentHash);
  checkLocality(report, [...path, 'localityLbSetting'], settings.localityLbSetting, outlier);
  checkZoneAware(report, [...path, 'zoneAwareLbSetting'], settings.zoneAwareLbSetting, outlier);
  checkDuration(report, [...path, 'warmupDurationSecs'], settings.warmupDurationSecs);
  checkWarmup(report, path, settings.warmup, settings.warmupDurationSecs);
}

function checkConsistentHash(report: RuleReport, path: FieldPath, hash: ConsistentHashLB | undefined): void {
  if (hash === undefined) return;
  checkCookie(report, [...path, 'httpCookie'], hash.httpCookie);
  const algorithm = hash.ringHash === undefined ? 'maglev' : 'ringHash';
  if ((hash.minimumRingSize ?? 0) !== 0 && hash[algorithm] !== undefined) {
    report.error(
      [...path, 'minimumRingSize'],
      `cannot stand beside ${algorithm}; use ringHash.minimumRingSize`,
      {
        check: 'ExclusiveFields',
      },
    );
  }
  if (hash.maglev !== undefined) checkMaglev(report, [...path, 'maglev'], hash.maglev);
}

function checkCookie(report: RuleReport, path: FieldPath, cookie: HTTPCookie | undefined): void {
  if (cookie === undefined) return;
  if (cookie.name === '') report.error([...path, 'name'], 'must not be empty');
  const names = new Set<string>();
  for (const [index, { name }] of (cookie.attributes ?? []).entries()) {
    const place = [...path, 'attributes', index, 'name'];
    if (name === undefined) continue;
    if (name === '') report.error(place, 'must not be empty');
    else if (names.has(name))
      report.error(place, `"${name}" is set twice; remove one`, { check: 'Duplicate' });
    names.add(name);
  }
}

function checkMaglev(report: RuleReport, path: FieldPath, { tableSize = 0 }: MagLev): void {
  const place = [...path, 'tableSize'];
  if (tableSize === 0) report.error(place, 'must be set, as in 65537', { check: 'MissingField' });
  else if (tableSize >= MAGLEV_LIMIT)
    report.error(place, `must be below ${MAGLEV_LIMIT}, and is ${tableSize}`);
  else if (!isPrime(tableSize)) {
    report.error(place, `must be a prime number, and ${tableSize} is none`, {
      hint: `The next one is ${nextPrime(tableSize)}.`,
    });
  }
}

function checkWarmup(
  report: RuleReport,
  path: FieldPath,
  warmup: WarmupConfiguration | undefined,
  oldDuration: string | undefined,
): void {
  if (warmup === undefined) return;
  checkDuration(report, [...path, 'warmup', 'duration'], warmup.duration);
  if (oldDuration !== undefined) {
    report.warn([...path, 'warmupDurationSecs'], 'is disregarded, since warmup is there; remove it');
  }
}

/** 1 counts as prime, as it does for Envoy. Only for numbers below the limit of Maglev tables. */
function isPrime(number: number): boolean {
  if (number < 4) return true;
  if (number % 2 === 0) return false;
  for (let factor = 3; factor * factor <= number; factor += 2) {
    if (number % factor === 0) return false;
  }
  return true;
}

function nextPrime(number: number): number {
  let next = number + 1;
  while (!isPrime(next)) next++;
  return next;
}
