/** `/stats`, `/stats/prometheus` and what belongs to them. */

import { compileRe2 } from '../../../base/re2.ts';
import { prometheusText } from '../../stats/prometheus.ts';
import { type StatRow, rowTitle } from '../../stats/store.ts';
import { type BucketMode, statsJson, statsText } from '../../stats/text.ts';
import type { AdminPage, AdminParameter, AdminRequest, AdminResponse, AdminView } from '../page.ts';
import { text } from '../page.ts';

const USED_ONLY: AdminParameter = {
  name: 'usedonly',
  description: 'Only include stats that have been written by system since restart',
};
const FILTERS: readonly AdminParameter[] = [
  { name: 'filter', description: 'Regular expression (Google re2) for filtering stats' },
  { name: 'invert_filter', description: 'Invert the filter regex' },
];

const KINDS: ReadonlyMap<string, StatRow['kind'] | 'all' | 'none'> = new Map([
  ['all', 'all'],
  ['counters', 'counter'],
  ['gauges', 'gauge'],
  ['histograms', 'histogram'],
  ['textreadouts', 'none'],
]);

const MODES: ReadonlyMap<string, BucketMode> = new Map([
  ['', 'summary'],
  ['none', 'summary'],
  ['summary', 'summary'],
  ['cumulative', 'cumulative'],
  ['disjoint', 'disjoint'],
  ['detailed', 'disjoint'],
]);

export const STATS: AdminPage = {
  path: '/stats',
  description: 'print server stats',
  parameters: [
    USED_ONLY,
    ...FILTERS,
    { name: 'format', description: 'Format to use; One of (text, json, prometheus)' },
    {
      name: 'type',
      description: 'Stat types to include.; One of (All, Counters, Histograms, Gauges, TextReadouts)',
    },
    {
      name: 'histogram_buckets',
      description: 'Histogram bucket display mode; One of (cumulative, disjoint, detailed, summary)',
    },
  ],
  async respond(request, view) {
    const format = request.query.get('format') ?? 'text';
    if (format === 'prometheus') return prometheus(request, view);
    const mode = MODES.get(request.query.get('histogram_buckets') ?? '');
    if (mode === undefined) {
      return text('usage: /stats?histogram_buckets=(summary|cumulative|disjoint|detailed)\n', 400);
    }
    const kind = KINDS.get((request.query.get('type') ?? 'all').toLowerCase());
    if (kind === undefined) {
      return text('usage: /stats?type=(All|Counters|Gauges|Histograms|TextReadouts)\n', 400);
    }
    const rows = await view.rows();
    const shown = filtered(rows, request).filter((row) => kind === 'all' || row.kind === kind);
    const intervals = view.intervals.of(rows);
    switch (format) {
      case 'text':
      case 'html':
      case 'active-html':
        return text(statsText(shown, intervals, mode));
      case 'json':
        return { status: 200, type: 'json', body: JSON.stringify(statsJson(shown, intervals, mode)) };
      default:
        return text('usage: /stats?format=(text|json|prometheus)\n', 400);
    }
  },
};

export const PROMETHEUS: AdminPage = {
  path: '/stats/prometheus',
  description: 'print server stats in prometheus format',
  parameters: [USED_ONLY, ...FILTERS],
  respond: prometheus,
};

async function prometheus(request: AdminRequest, view: AdminView): Promise<AdminResponse> {
  const rows = filtered(await view.rows(), request);
  return { status: 200, type: 'prometheus', body: prometheusText(rows, view.tags) };
}

/** Throws a `SyntaxError` for a bad filter. */
function filtered(rows: readonly StatRow[], { query }: AdminRequest): readonly StatRow[] {
  const filter = query.get('filter');
  const isInverted = query.has('invert_filter');
  const regex = filter === null ? undefined : compileRe2(filter);
  const usedOnly = query.has('usedonly');
  return rows.filter(
    (row) =>
      (!usedOnly || isUsed(row)) &&
      (regex === undefined || (regex.find(rowTitle(row)) === undefined) === isInverted),
  );
}

function isUsed(row: StatRow): boolean {
  return row.kind === 'histogram' ? row.bins.length > 0 : row.value !== 0;
}

export const RESET_COUNTERS: AdminPage = {
  path: '/reset_counters',
  description: 'reset all counters to zero',
  mutates: true,
  respond(_request, view) {
    view.resetCounters();
    return text('OK\n');
  },
};
