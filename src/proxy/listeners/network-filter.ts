/** What a kind of network filter is to the listeners, and what it may use. */

import type { Any } from '@bufbuild/protobuf/wkt';
import type { AccessLog } from '../../xds/proto/generated/envoy/config/accesslog/v3/accesslog_pb.js';
import type { ConfigSource } from '../../xds/proto/generated/envoy/config/core/v3/config_source_pb.js';
import type { EncodedRoutes } from '../route/encoded-routes.ts';
import type { RouteTable } from '../route/route-table.ts';
import type { StatsScope } from '../stats/stats.ts';
import type { AccessLogger } from '../stream-info.ts';
import type { Clusters } from '../upstream/types.ts';
import type { DownstreamConnection, ListenerInfo, TerminalFilter } from './connection.ts';

/** A route configuration that listeners use by name; the newest good one is in force. */
export interface RouteHandle {
  /** Undefined until the first has come: requests get 404 then. */
  readonly table: RouteTable | undefined;
  /** Resolves when the first has come, or nobody waits for it any longer; a listener is not warm before. */
  readonly warm: Promise<void>;
  release(): void;
}

/** Route configurations by name (RDS), and inline ones. */
export interface Routes {
  /**
   * `source`: where they come from (`rds.config_source`); `statPrefix`: of the manager that wants them. Throws an
   * `UnsupportedError` when there is no such source.
   */
  subscribe(name: string, source: ConfigSource, statPrefix: string): RouteHandle;
  /** Throws an `UnsupportedError` for what is not understood. */
  inline(routes: EncodedRoutes): RouteHandle;
}

export interface NodeInfo {
  readonly id: string;
  readonly cluster: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Settings of filters that come by name (ECDS). */
export interface ExtensionConfigs {
  /**
   * Calls back with each version, at once when there is one. A version at which `onConfig` throws is refused; the one
   * before stays. Throws an `UnsupportedError` for a source that is not there.
   */
  subscribe(name: string, source: ConfigSource, onConfig: (settings: Any) => void): ExtensionHandle;
}

export interface ExtensionHandle {
  /** Resolves when the first has come, or nobody waits for it any longer. */
  readonly warm: Promise<void>;
  release(): void;
}

export interface NetworkFilterContext {
  readonly listener: ListenerInfo;
  readonly clusters: Clusters;
  readonly routes: Routes;
  /** Undefined where nothing comes by discovery. */
  readonly extensions?: ExtensionConfigs | undefined;
  /** All statistics; a connection manager takes `http.STAT_PREFIX.`, a TCP proxy `tcp.STAT_PREFIX.`. */
  readonly stats: StatsScope;
  readonly node: NodeInfo;
  /** Compiles the `access_log` list of a listener, connection manager or TCP proxy. */
  accessLogs(logs: readonly AccessLog[]): AccessLogger | undefined;
  /** A whole number from 0 to 2^32 - 1. */
  random(): number;
}

/** A filter before the last one: it may refuse the connection, or change what the last one sees of it. */
export interface GateFilter {
  /** `held`: nothing else sees the connection until the filter calls `resume`; else it closes it. */
  onConnection(connection: DownstreamConnection, resume: () => void): 'continue' | 'close' | 'held';
  close?(): void;
}

/** One kind of network filter. `compile` throws an `UnsupportedError` for settings that it does not have. */
export type NetworkFilterKind =
  | {
      readonly kind: 'terminal';
      /** Of the settings, without its prefix. */
      readonly typeName: string;
      compile(settings: Any, context: NetworkFilterContext): TerminalFilter;
    }
  | {
      readonly kind: 'gate';
      readonly typeName: string;
      compile(settings: Any, context: NetworkFilterContext): GateFilter;
    };
