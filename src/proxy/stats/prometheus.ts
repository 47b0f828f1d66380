/** Statistics in the text format of Prometheus, named and labelled as Envoy does. */

import { BUCKET_BOUNDS, countOf, countsUpTo, sumOf } from './log-linear-histogram.ts';
import type { StatTags } from './stats.ts';
import type { StatRow } from './store.ts';
import type { TagExtractor } from './tags.ts';

/** Metrics of Istio, and others that carry their own labels, keep their names. */
const OWN_NAME = /^istio_/;

interface Metric {
  readonly name: string;
  readonly kind: StatRow['kind'];
  readonly lines: string[];
}

const ORDER: readonly StatRow['kind'][] = ['counter', 'gauge', 'histogram'];

/** `rows` in the order in which the lines of one metric should stand. */
export function prometheusText(rows: Iterable<StatRow>, tags: TagExtractor): string {
  const metrics = new Map<string, Metric>();
  for (const row of rows) {
    const { name, labels } = named(row, tags);
    const key = `${row.kind} ${name}`;
    let metric = metrics.get(key);
    if (metric === undefined) {
      metric = { name, kind: row.kind, lines: [] };
      metrics.set(key, metric);
    }
    addLines(metric.lines, name, labels, row);
  }
  const sorted = [...metrics.values()].sort(
    (left, right) =>
      ORDER.indexOf(left.kind) - ORDER.indexOf(right.kind) || (left.name < right.name ? -1 : 1),
  );
  return sorted.map(({ name, kind, lines }) => `# TYPE ${name} ${kind}\n${lines.join('')}`).join('');
}

function named(row: StatRow, tags: TagExtractor): { name: string; labels: string } {
  if (row.tags !== undefined) {
    const name = cleanName(row.name);
    return { name: OWN_NAME.test(name) ? name : `envoy_${name}`, labels: labelsText(row.tags) };
  }
  const extracted = tags.extract(row.name);
  return { name: `envoy_${cleanName(extracted.name)}`, labels: labelsText(extracted.tags) };
}

function addLines(lines: string[], name: string, labels: string, row: StatRow): void {
  if (row.kind !== 'histogram') {
    lines.push(`${name}{${labels}} ${row.value}\n`);
    return;
  }
  const more = labels === '' ? '' : `${labels},`;
  for (const [index, count] of countsUpTo(row.bins).entries()) {
    lines.push(`${name}_bucket{${more}le="${BUCKET_BOUNDS[index]}"} ${count}\n`);
  }
  const count = countOf(row.bins);
  lines.push(
    `${name}_bucket{${more}le="+Inf"} ${count}\n`,
    `${name}_sum{${labels}} ${sumOf(row.bins)}\n`,
    `${name}_count{${labels}} ${count}\n`,
  );
}

function cleanName(name: string): string {
  const clean = name.replaceAll(/[^a-zA-Z0-9_]/g, '_');
  return /^\d/.test(clean) ? `_${clean}` : clean;
}

function labelsText(tags: StatTags): string {
  return tags.map(([tag, value]) => `${cleanName(tag)}="${cleanValue(value)}"`).join(',');
}

function cleanValue(value: string): string {
  return value.replaceAll(/[\\"\n]/g, (char) => (char === '\n' ? String.raw`\n` : `\\${char}`));
}
