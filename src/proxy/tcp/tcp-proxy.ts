/** Carries connections on to an endpoint of a cluster, whatever they speak. */

import type { Any } from '@bufbuild/protobuf/wkt';
import type { Socket } from 'node:net';
import { TcpProxySchema } from '../../xds/proto/generated/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js';
import { type Place, placeText } from '../address.ts';
import { unpacked } from '../config-error.ts';
import type { DownstreamConnection } from '../listeners/connection.ts';
import { connectionInfo } from '../listeners/connection-info.ts';
import type { NetworkFilterContext, NetworkFilterKind } from '../listeners/network-filter.ts';
import type { AccessLogger, StreamInfo } from '../stream-info.ts';
import type { Cluster, LoadBalancerContext } from '../upstream/types.ts';
import { forward } from './forwarding.ts';
import { IdleTimer } from './idle-timer.ts';
import { CLUSTER_KEY } from './sni-cluster.ts';
import { type TcpSettings, type TcpTarget, tcpSettings } from './tcp-settings.ts';
import { type TcpStats, clusterTcpStats, tcpStats } from './tcp-stats.ts';
import { type UpstreamConnection, openUpstream } from './upstream-connection.ts';

/** https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/network_filters/tcp_proxy_filter */
export const TCP_PROXY: NetworkFilterKind = {
  kind: 'terminal',
  typeName: TcpProxySchema.typeName,
  compile: (any: Any, context: NetworkFilterContext) => {
    const message = unpacked('tcp_proxy', any, TcpProxySchema);
    const settings = tcpSettings(message);
    const log = message.accessLog.length === 0 ? undefined : context.accessLogs(message.accessLog);
    const scope = context.stats.scope(`tcp.${message.statPrefix}.`);
    const shared = { settings, context, log, stats: tcpStats(scope) };
    return {
      onConnection: (connection) => new TcpSession(connection, shared).start(),
      close: () => scope.release(),
    };
  },
};

interface Shared {
  readonly settings: TcpSettings;
  readonly context: NetworkFilterContext;
  readonly log: AccessLogger | undefined;
  readonly stats: TcpStats;
}

class TcpSession {
  readonly #connection: DownstreamConnection;
  readonly #client: Socket;
  readonly #shared: Shared;
  readonly #info: StreamInfo;
  readonly #tried: string[] = [];
  #upstream: UpstreamConnection | undefined;
  #idle: IdleTimer | undefined;
  #durationTimer: NodeJS.Timeout | undefined;
  #logTimer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(connection: DownstreamConnection, shared: Shared) {
    this.#connection = connection;
    this.#client = connection.socket;
    this.#shared = shared;
    this.#info = connectionInfo(connection);
  }

  start(): void {
    const { settings, stats, context } = this.#shared;
    stats.total.value++;
    this.#client.once('close', () => this.#end());
    if (settings.maxDuration > 0) {
      this.#durationTimer = setTimeout(() => {
        stats.maxDuration.value++;
        this.#flag('DT', 'max_duration_reached');
        this.#close();
      }, settings.maxDuration);
    }
    const target = settings.target(() => context.random());
    const name = this.#connection.filterState.get(CLUSTER_KEY) ?? target.cluster;
    const cluster = context.clusters.get(name);
    if (cluster === undefined) {
      stats.noRoute.value++;
      this.#flag('NC', 'cluster_not_found');
      this.#close();
      return;
    }
    this.#info.upstreamCluster = cluster;
    this.#connect(cluster, target);
  }

  #connect(cluster: Cluster, target: TcpTarget): void {
    const { settings } = this.#shared;
    const more = clusterTcpStats(cluster);
    const limit = cluster.breaker('default').connections;
    if (limit.current >= limit.max) {
      more.overflow.value++;
      this.#flag('UO', 'upstream_overflow');
      this.#close();
      return;
    }
    const host = cluster.choose(this.#balancing(target));
    if (host === undefined) {
      more.noneHealthy.value++;
      this.#flag('UH', 'no_healthy_upstream');
      this.#close();
      return;
    }
    this.#tried.push(host.id);
    this.#info.upstreamHost = host;
    this.#info.upstreamAttempts++;
    const { remotePlace, localPlace, upstreamSource } = this.#connection;
    const options = {
      alpn: [],
      downstream: { source: remotePlace, destination: localPlace },
      source: upstreamSource,
    };
    const upstream = openUpstream(cluster, host, options, {
      onConnect: (socket) => this.#forward(cluster, socket),
      onFailure: (reason) => {
        this.#info.upstreamTransportFailureReason = reason;
        if (this.#isOver) return;
        if (this.#tried.length < settings.connectAttempts) {
          this.#connect(cluster, target);
          return;
        }
        more.attemptsExceeded.value++;
        this.#flag('UF', 'upstream_connection_failure');
        this.#close();
      },
    });
    this.#upstream = upstream;
  }

  #forward(cluster: Cluster, endpoint: Socket): void {
    const { settings, stats, log } = this.#shared;
    const info = this.#info;
    const { times } = info;
    info.upstreamLocalAddress = localAddress(endpoint);
    times.upstreamFirstSent = performance.now();
    if (settings.logsOnConnect) log?.(info);
    if (settings.logInterval > 0 && log !== undefined) {
      this.#logTimer = setInterval(() => log(info), settings.logInterval);
    }
    const idle =
      settings.idleTimeout > 0 ? new IdleTimer(settings.idleTimeout, () => this.#onIdle()) : undefined;
    this.#idle = idle;
    const { cxRxBytesTotal, cxTxBytesTotal } = cluster.stats;
    forward(this.#client, endpoint, {
      onBytes: (fromClient, count) => {
        idle?.touch();
        if (fromClient) {
          info.bytesReceived += count;
          stats.rxBytes.value += count;
          cxTxBytesTotal.value += count;
        } else {
          info.bytesSent += count;
          stats.txBytes.value += count;
          cxRxBytesTotal.value += count;
        }
      },
      onPause: (fromClient, isPaused) => {
        if (fromClient) (isPaused ? stats.pausedReading : stats.resumedReading).value++;
      },
      onEnd: () => this.#end(),
    });
  }

  #onIdle(): void {
    this.#shared.stats.idleTimeout.value++;
    this.#flag('', 'idle_timeout');
    this.#close();
  }

  #balancing(target: TcpTarget): LoadBalancerContext {
    const { settings } = this.#shared;
    const connection = this.#connection;
    return {
      hash: () => settings.hash(connection),
      metadataMatch: target.metadataMatch,
      originalDestination:
        connection.restored && connection.localPlace.kind === 'ip' ? connection.localPlace : undefined,
    };
  }

  #flag(flag: StreamInfo['responseFlags'][number] | '', details: string): void {
    if (flag !== '') this.#info.responseFlags.push(flag);
    this.#info.connectionTerminationDetails = details;
  }

  #close(): void {
    this.#client.destroy();
    this.#upstream?.close();
    this.#end();
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#idle?.stop();
    clearTimeout(this.#durationTimer);
    clearInterval(this.#logTimer);
    // A connection that is only being opened is of no use to anyone.
    if (this.#info.times.upstreamFirstSent === 0) this.#upstream?.close();
    else this.#upstream?.finish();
    this.#info.times.end = performance.now();
    this.#shared.log?.(this.#info);
  }
}

function localAddress(socket: Socket): string {
  const place: Place | undefined =
    socket.localAddress === undefined
      ? undefined
      : { kind: 'ip', ip: socket.localAddress, port: socket.localPort ?? 0 };
  return place === undefined ? '' : placeText(place);
}
