/** Rules of prometheus: the metrics that it gives. */

import type { MetricInfo, Prometheus } from '../../../api/generated/types/config.istio.io/prometheus.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { KindRules, RuleReport } from '../rule.ts';
import { checkBuckets } from './buckets.ts';
import { checkNotNegative } from './limits.ts';
import { enumName, nanoseconds } from './values.ts';

export const kinds = ['config.istio.io/prometheus'] as const;

const KINDS = ['UNSPECIFIED', 'GAUGE', 'COUNTER', 'DISTRIBUTION'] as const;

export const rules: KindRules<Prometheus> = (object, report) => {
  const { metrics = [], metricsExpirationPolicy: expiry } = object.value.spec ?? {};
  const names = new Map<string, number>();
  for (const [index, metric] of metrics.entries()) {
    const path: FieldPath = ['spec', 'metrics', index];
    checkMetric(report, path, metric);
    const name = `${safeName(metric.namespace ?? '') || 'istio'}_${safeName(metric.name || metric.instanceName || '')}`;
    const earlier = names.get(name);
    if (earlier !== undefined) {
      const field = (metric.name ?? '') === '' ? 'instanceName' : 'name';
      report.error([...path, field], `metric ${earlier} has the same full name, ${name}`, {
        check: 'Duplicate',
        hint: 'Give each metric a name of its own.',
      });
    } else names.set(name, index);
  }
  if (expiry === undefined) return;
  const path = ['spec', 'metricsExpirationPolicy'];
  const life = nanoseconds(expiry.metricsExpiryDuration ?? '0s');
  if (life !== undefined && life <= 0n) {
    report.error([...path, 'metricsExpiryDuration'], 'metrics would be dropped at once', {
      hint: 'Set it to more than 0s.',
    });
  }
  checkNotNegative(report, [...path, 'expiryCheckIntervalDuration'], expiry.expiryCheckIntervalDuration);
};

function checkMetric(report: RuleReport, path: FieldPath, metric: MetricInfo): void {
  if ((metric.instanceName ?? '') === '') {
    report.error([...path, 'instanceName'], 'the metric names no instance, so it gets no values', {
      check: 'MissingField',
      hint: 'Name the metric instance, as "requestcount.instance.istio-system".',
    });
  }
  const kind = enumName(metric.kind ?? 'UNSPECIFIED', KINDS);
  if (kind === 'UNSPECIFIED') {
    report.error([...path, 'kind'], 'the metric has no kind', {
      check: 'MissingField',
      hint: 'Set it to COUNTER, GAUGE or DISTRIBUTION.',
    });
  }
  checkLabelNames(report, [...path, 'labelNames'], metric.labelNames ?? []);
  if (metric.buckets === undefined) {
    if (kind === 'DISTRIBUTION') {
      report.warn(path, 'the distribution has no buckets, so those that Prometheus has by default are used', {
        hint: 'Set buckets.',
      });
    }
  } else if (kind === 'DISTRIBUTION') checkBuckets(report, [...path, 'buckets'], metric.buckets);
  else
    report.warn(
      [...path, 'buckets'],
      `a ${kind ?? 'metric of this kind'} has no buckets, so this has no effect`,
    );
}

/** Label names must differ also in the form that Prometheus gets. */
function checkLabelNames(report: RuleReport, path: FieldPath, labels: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const [index, label] of labels.entries()) {
    const safe = safeName(label);
    const earlier = seen.get(safe);
    if (label === '') report.error([...path, index], 'the label has no name');
    else if (earlier !== undefined) {
      const message =
        earlier === label
          ? `label ${label} stands twice`
          : `labels ${earlier} and ${label} are one to Prometheus: ${safe}`;
      report.error([...path, index], message, { check: 'Duplicate', hint: 'Remove one.' });
    } else if (safe.startsWith('__')) {
      report.error([...path, index], `label ${label} begins with "__", which Prometheus keeps for itself`);
    }
    seen.set(safe, label);
  }
}

/** The name as Prometheus gets it: everything that it does not take becomes an underscore. */
function safeName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_]/g, '_');
}
