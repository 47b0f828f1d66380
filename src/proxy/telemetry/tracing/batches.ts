/** Spans are sent when enough have come, or after a while; what cannot be sent is dropped and counted. */

import type { StatsScope } from '../../stats/stats.ts';
import type { Clusters } from '../../upstream/types.ts';
import { type CollectorCall, callCollector } from './collector-call.ts';
import type { Span, SpanExporter } from './span.ts';

/** Spans that make a report at once, and milliseconds that others wait: Envoy's own. */
const ENOUGH = 5;
const WAIT = 5_000;
/** Reports that may be on their way at once; further ones are dropped. */
const MOST_CALLS = 10;

export interface BatchOptions {
  readonly clusters: Clusters;
  /** As `tracing.zipkin.`. */
  readonly stats: StatsScope;
  readonly enough?: number;
  encode(spans: readonly Span[]): CollectorCall;
}

export function exportInBatches({ clusters, stats, enough = ENOUGH, encode }: BatchOptions): SpanExporter {
  const sent = stats.counter('spans_sent');
  const byTimer = stats.counter('timer_flushed');
  const outcomes = {
    sent: stats.counter('reports_sent'),
    failed: stats.counter('reports_dropped'),
    dropped: stats.counter('reports_failed'),
    'no-cluster': stats.counter('reports_skipped_no_cluster'),
  };
  let spans: Span[] = [];
  let timer: NodeJS.Timeout | undefined;
  let calls = 0;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (spans.length === 0) return;
    const batch = spans;
    spans = [];
    if (calls >= MOST_CALLS) {
      outcomes.dropped.value++;
      return;
    }
    calls++;
    sent.value += batch.length;
    void callCollector(clusters, encode(batch)).then((outcome) => {
      calls--;
      outcomes[outcome].value++;
    });
  }

  return {
    add(span) {
      spans.push(span);
      if (spans.length >= enough) flush();
      else
        timer ??= setTimeout(() => {
          byTimer.value++;
          flush();
        }, WAIT).unref();
    },
    flush,
    close: flush,
  };
}
