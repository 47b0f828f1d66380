/** What a debug page is: a path, what it shows, and how. */

import type { TranslationProblem } from '../../xds/problem.ts';
import type { DiscoveryServer } from '../discovery/server.ts';
import type { Log } from '../../base/log.ts';
import type { MeshState } from '../mesh-state.ts';

export interface DebugContext {
  readonly state: MeshState;
  readonly discovery: DiscoveryServer;
  readonly log: Log;
  /** What of the configuration could not be put into force for some proxy. */
  readonly problems: () => readonly TranslationProblem[];
}

export interface DebugAnswer {
  readonly status: number;
  /** Shown as JSON. */
  readonly body: unknown;
}

export interface DebugPage {
  /** Below `/debug/`. */
  readonly name: string;
  readonly summary: string;
  /** Only pages that change something take POST. */
  readonly method?: 'POST';
  show(context: DebugContext, query: URLSearchParams): DebugAnswer;
}
