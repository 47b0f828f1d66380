/** What a page of the administration interface is, and what it may look at. */

import type { Bootstrap } from '../../xds/proto/generated/envoy/config/bootstrap/v3/bootstrap_pb.js';
import type { Cluster } from '../../xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import type { Place } from '../address.ts';
import type { LogLevel, LoggerName, ProcessLog } from '../process-log.ts';
import type { HistogramIntervals } from '../stats/interval.ts';
import type { StatRow } from '../stats/store.ts';
import type { TagExtractor } from '../stats/tags.ts';
import type { BreakerLimits } from '../upstream/circuit-breakers.ts';
import type { Host } from '../upstream/types.ts';
import type { InlineRoutes } from '../xds-client/route-resources.ts';
import type { TypeState } from '../xds-client/type-state.ts';

export interface AdminRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
}

export interface AdminResponse {
  readonly status: number;
  /** Without it: plain text. */
  readonly type?: 'text' | 'json' | 'html' | 'prometheus';
  readonly body: string;
}

/** A parameter of a page, as `/help` shows it. */
export interface AdminParameter {
  readonly name: string;
  readonly description: string;
}

export interface AdminPage {
  readonly path: string;
  readonly description: string;
  /** It changes something: only POST will do. */
  readonly mutates?: true;
  readonly parameters?: readonly AdminParameter[];
  respond(request: AdminRequest, process: AdminView): AdminResponse | Promise<AdminResponse>;
}

/** An endpoint with what only the administration interface asks for. */
export interface AdminHost extends Host {
  /** Bits of `HEALTH`. */
  readonly flags: number;
  readonly outlier: { readonly externalSuccessRate: number; readonly localSuccessRate: number } | undefined;
}

export interface AdminCluster {
  readonly name: string;
  readonly statName: string;
  readonly message: Cluster;
  readonly hosts: { readonly hosts: Iterable<AdminHost> };
  limits(priority: 'default' | 'high'): BreakerLimits;
}

export interface AdminListener {
  readonly name: string;
  /** Where it listens; more than one with additional addresses. */
  readonly places: readonly Place[];
}

export type ServerState = 'LIVE' | 'DRAINING' | 'PRE_INITIALIZING' | 'INITIALIZING';

export interface DrainRequest {
  readonly graceful: boolean;
  readonly skipExit: boolean;
  readonly inboundOnly: boolean;
}

/** The process, as the pages see it. */
export interface AdminView {
  readonly version: string;
  readonly state: ServerState;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly commandLine: Readonly<Record<string, unknown>>;
  /** Without its clusters, which are `staticClusters`. */
  readonly bootstrap: Bootstrap;
  /** Those of the bootstrap, in its order. */
  readonly staticClusters: readonly Pick<AdminCluster, 'name' | 'message'>[];
  readonly log: ProcessLog;
  readonly tags: TagExtractor;
  readonly intervals: HistogramIntervals;
  /** Of all processes that serve, merged, in the order of their names. */
  rows(): Promise<readonly StatRow[]>;
  setLogLevel(level: LogLevel, logger: LoggerName | undefined): void;
  resetCounters(): void;
  readonly clusters: Iterable<AdminCluster>;
  readonly warmingClusters: ReadonlySet<string>;
  readonly listeners: Iterable<AdminListener>;
  readonly warmingListeners: ReadonlySet<string>;
  readonly inlineRoutes: Iterable<InlineRoutes>;
  /** Resources by discovery of one type, with what was refused. */
  states(typeUrl: string): Iterable<TypeState>;
  /** What the start is still waiting for, as `cluster a`. */
  readonly waitingFor: readonly string[];
  drainListeners(request: DrainRequest): void;
  quit(): void;
  failHealthChecks(isFailing: boolean): void;
  reopenLogs(): void;
}

export function text(body: string, status = 200): AdminResponse {
  return { status, body };
}

/** Indented by one space, as Envoy's JSON is. */
export function json(value: unknown, status = 200): AdminResponse {
  return { status, type: 'json', body: `${JSON.stringify(value, null, 1)}\n` };
}
