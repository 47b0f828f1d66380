/** Rules of Telemetry. https://istio.io/latest/docs/reference/config/telemetry/ */

import type {
  AccessLogging,
  CustomTag,
  Metrics,
  TagOverride,
  Telemetry,
  Tracing,
} from '../../../api/generated/types/telemetry.istio.io/Telemetry.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import { isDurationSyntax, MILLISECOND, parseDuration } from '../../../base/duration.ts';
import type { KindRules, RuleReport } from '../rule.ts';
import { checkAttachment } from '../security/target-ref.ts';
import { celProblem } from './cel-syntax.ts';

export const kinds = ['telemetry.istio.io/Telemetry'] as const;

export const rules: KindRules<Telemetry> = (object, report) => {
  const spec = object.value.spec ?? {};
  checkAttachment(report, ['spec'], spec);
  checkTracing(report, ['spec', 'tracing'], spec.tracing ?? []);
  for (const [index, entry] of (spec.metrics ?? []).entries()) {
    checkMetrics(report, ['spec', 'metrics', index], entry);
  }
  for (const [index, entry] of (spec.accessLogging ?? []).entries()) {
    checkAccessLogging(report, ['spec', 'accessLogging', index], entry);
  }
};

function checkTracing(report: RuleReport, path: FieldPath, entries: readonly Tracing[]): void {
  if (entries.length > 1) report.warn([...path, 1], 'only one entry of tracing is used; merge them');
  for (const [index, { providers = [], customTags = {} }] of entries.entries()) {
    const place = [...path, index];
    if (providers.length > 1) report.warn([...place, 'providers', 1], 'only one provider of tracing is used');
    for (const [name, tag] of Object.entries(customTags))
      checkCustomTag(report, [...place, 'customTags', name], name, tag);
  }
}

function checkCustomTag(report: RuleReport, path: FieldPath, name: string, tag: CustomTag): void {
  if (name === '') report.error(path, 'a tag must have a name');
  if (Object.keys(tag).length === 0) {
    report.warn(path, `the tag "${name}" has no value`, {
      hint: 'Set one of literal, environment, header and formatter.',
    });
  }
}

function checkMetrics(report: RuleReport, path: FieldPath, metrics: Metrics): void {
  checkInterval(report, [...path, 'reportingInterval'], metrics.reportingInterval);
  for (const [index, { tagOverrides = {} }] of (metrics.overrides ?? []).entries()) {
    for (const [name, override] of Object.entries(tagOverrides)) {
      checkTagOverride(report, [...path, 'overrides', index, 'tagOverrides', name], name, override);
    }
  }
}

function checkTagOverride(report: RuleReport, path: FieldPath, name: string, override: TagOverride): void {
  const { operation = 'UPSERT', value } = override;
  if (name === '') report.warn(path, 'a tag should have a name');
  if (operation === 'REMOVE') {
    if (value !== undefined)
      report.error([...path, 'value'], 'a tag that is removed has no value; leave it out');
    return;
  }
  // The schema reports an unknown operation.
  if (operation !== 'UPSERT') return;
  if (value === undefined || value === '') {
    report.error([...path, 'value'], `the tag "${name}" needs a value, since it is added or changed`, {
      check: 'MissingField',
      hint: 'Give a CEL expression, such as request.host, or set operation: REMOVE.',
    });
    return;
  }
  const problem = celProblem(value);
  if (problem !== undefined) report.warn([...path, 'value'], `is no CEL expression: ${problem}`);
}

/** Unlike other durations it may have fractions of a millisecond. */
function checkInterval(report: RuleReport, path: FieldPath, interval: string | undefined): void {
  if (interval === undefined || !isDurationSyntax(interval)) return;
  const nanos = parseDuration(interval);
  if (nanos === undefined) report.error(path, `${interval} is longer than a duration can be (292 years)`);
  else if (nanos < MILLISECOND) report.error(path, `must be at least 1ms, and is ${interval}`);
}

function checkAccessLogging(report: RuleReport, path: FieldPath, logging: AccessLogging): void {
  if (logging.filter === undefined) return;
  const problem = celProblem(logging.filter.expression ?? '');
  if (problem === undefined) return;
  report.error([...path, 'filter', 'expression'], `is no CEL expression: ${problem}`, {
    hint: 'Write a condition such as response.code >= 400.',
  });
}
