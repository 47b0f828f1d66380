/** Checks preferences by locality: `region/zone/subzone`. */

import type {
  Distribute,
  Failover,
  LocalityLoadBalancerSetting,
  OutlierDetection,
  ZoneAwareLoadBalancerSetting,
} from '../../../api/generated/types/networking.istio.io/DestinationRule.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { RuleReport } from '../rule.ts';

const TOPOLOGY_LABELS: ReadonlySet<string> = new Set([
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'topology.istio.io/subzone',
]);

/**
 * Weights or failover by locality; also a setting of the mesh. `outlier` is the outlier detection beside it,
 * without which endpoints never count as unhealthy.
 * https://istio.io/latest/docs/reference/config/networking/destination-rule/#LocalityLoadBalancerSetting
 */
export function checkLocality(
  report: RuleReport,
  path: FieldPath,
  setting: LocalityLoadBalancerSetting | undefined,
  outlier: OutlierDetection | undefined,
): void {
  if (setting === undefined) return;
  const { distribute = [], failover = [], failoverPriority = [] } = setting;
  if (distribute.length > 0 && failover.length > 0) {
    report.error(path, 'distribute and failover exclude each other; keep one', { check: 'ExclusiveFields' });
    return;
  }
  if (failover.length > 0) {
    for (const [index, label] of failoverPriority.entries()) {
      if (!TOPOLOGY_LABELS.has(label)) continue;
      report.error(
        [...path, 'failoverPriority', index],
        `"${label}" cannot stand beside failover; keep one`,
        {
          check: 'ExclusiveFields',
        },
      );
    }
  }
  for (const [index, one] of distribute.entries()) checkShares(report, [...path, 'distribute', index], one);
  checkLocalities(
    report,
    distribute.map(({ from = '' }, index) => ({
      locality: from,
      path: [...path, 'distribute', index, 'from'],
    })),
    true,
  );
  warnWithoutOutlier(report, path, setting, outlier);
  checkFailover(report, [...path, 'failover'], failover);
}

/** https://istio.io/latest/docs/reference/config/networking/destination-rule/#ZoneAwareLoadBalancerSetting */
export function checkZoneAware(
  report: RuleReport,
  path: FieldPath,
  setting: ZoneAwareLoadBalancerSetting | undefined,
  outlier: OutlierDetection | undefined,
): void {
  if (setting === undefined) return;
  for (const [index, label] of (setting.failoverPriority ?? []).entries()) {
    if (!TOPOLOGY_LABELS.has(label)) continue;
    report.error(
      [...path, 'failoverPriority', index],
      `"${label}" is taken into account anyway by zone-aware balancing; remove it`,
    );
  }
  warnWithoutOutlier(report, path, setting, outlier);
  checkFailover(report, [...path, 'failover'], setting.failover ?? []);
}

function warnWithoutOutlier(
  report: RuleReport,
  path: FieldPath,
  setting: Pick<ZoneAwareLoadBalancerSetting, 'failover' | 'failoverPriority'>,
  outlier: OutlierDetection | undefined,
): void {
  if (outlier !== undefined) return;
  for (const field of ['failover', 'failoverPriority'] as const) {
    if ((setting[field]?.length ?? 0) === 0) continue;
    report.warn(
      [...path, field],
      'has no effect without outlierDetection, since no endpoint ever counts as unhealthy; add it',
    );
  }
}

function checkFailover(report: RuleReport, path: FieldPath, failover: readonly Failover[]): void {
  for (const [index, { from = '', to = '' }] of failover.entries()) {
    const place = [...path, index];
    if (from === to) report.error(place, `"${from}" cannot take over from itself; name two regions`);
    for (const [field, region] of [['from', from] as const, ['to', to] as const]) {
      if (region.includes('/')) {
        report.error(
          [...place, field],
          `"${region}" must be a region, without zone; zones take over by themselves`,
        );
      }
      if (region.includes('*'))
        report.error([...place, field], `"${region}" must be a region, without wildcard`);
    }
  }
}

/** The schema keeps each share between 1 and 100. */
function checkShares(report: RuleReport, path: FieldPath, { to = {} }: Distribute): void {
  const shares = Object.entries(to);
  const sum = shares.reduce((total, [, share]) => total + share, 0);
  if (sum !== 100) report.error([...path, 'to'], `shares must add up to 100, and are ${sum}`);
  checkLocalities(
    report,
    shares.map(([locality]) => ({ locality, path: [...path, 'to', locality] })),
    false,
  );
}

interface Place {
  readonly locality: string;
  readonly path: FieldPath;
}

/**
 * Localities must be well formed, and none may lie within another. `ordered`: the first that fits is used, so
 * that a wildcard may follow what lies within it.
 */
function checkLocalities(report: RuleReport, places: readonly Place[], ordered: boolean): void {
  const areas = new Set<string>();
  /** All areas that have some of `areas` within. */
  const around = new Set<string>();
  for (const { locality, path } of places) {
    const problem = localityProblem(locality);
    if (problem !== undefined) {
      report.error(path, `"${locality}" ${problem}`);
      continue;
    }
    const area = areaOf(locality);
    const outer = outerAreas(area);
    const mayFollow = ordered && locality.endsWith('*');
    if (areas.has(area) || (around.has(area) && !mayFollow) || outer.some((one) => areas.has(one))) {
      report.error(path, `"${locality}" overlaps with another locality of the list`, { check: 'Duplicate' });
      continue;
    }
    areas.add(area);
    for (const one of outer) around.add(one);
  }
}

function localityProblem(locality: string): string | undefined {
  const star = locality.indexOf('*');
  if (star >= 0 && star !== locality.length - 1) return 'may have "*" only at its end';
  if (locality.split('/', 3).includes(''))
    return 'has an empty part; write region/zone/subzone, or fewer of them';
  return undefined;
}

/** The locality without what a trailing wildcard leaves open; `*` itself becomes empty. */
function areaOf(locality: string): string {
  if (locality === '*') return '';
  return locality.endsWith('/*') ? locality.slice(0, -2) : locality;
}

/** All areas that the area lies within, the whole world first. */
function outerAreas(area: string): string[] {
  if (area === '') return [];
  const [region = '', zone = '', ...rest] = area.split('/');
  if (zone === '') return [''];
  return rest.length === 0 ? ['', region] : ['', region, `${region}/${zone}`];
}
