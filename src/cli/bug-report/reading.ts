/** What all parts of a report are read with, and what each part is. */

import type { Cluster } from '../cluster.ts';
import type { BugReportInvocation } from '../commands/bug-report.ts';
import type { Redactor } from './redactor.ts';
import type { Selection } from './selection.ts';

export interface Reading {
  readonly cluster: Cluster;
  readonly selection: Selection;
  readonly redactor: Redactor;
  readonly signal: AbortSignal;
  readonly istioNamespace: string;
  readonly flags: BugReportInvocation['flags'];
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface ReportItem {
  /** In the archive. */
  readonly path: string;
  read(): Promise<{ readonly text: string; readonly isCut?: boolean }>;
}
