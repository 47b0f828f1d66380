/** Carries connections on to an endpoint of a cluster, whatever they speak. */

import { randomUUID } from 'node:crypto';
import type { Any } from '@bufbuild/protobuf/wkt';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { TcpProxySchema } from '../../xds/proto/generated/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js';
import { unpacked } from '../config-error.ts';
import type { DownstreamConnection } from '../listeners/connection.ts';
import { connectionInfo } from '../listeners/connection-info.ts';
import type { NetworkFilterContext, NetworkFilterKind } from '../listeners/network-filter.ts';
import { type BufferedBytes, bufferedUnder } from '../stats/buffered-bytes.ts';
import type { AccessLogger, ResponseFlag, StreamInfo } from '../stream-info.ts';
import {
  type ConnectionMetrics,
  type ConnectionMetricsOf,
  connectionMetrics,
} from '../telemetry/istio/connection-metrics.ts';
import { DYNAMIC_HOST_KEY } from '../upstream/discovery/dynamic-hosts.ts';
import type { Cluster, LoadBalancerContext } from '../upstream/types.ts';
import { IdleTimer } from './idle-timer.ts';
import { CLUSTER_KEY } from './sni-cluster.ts';
import { type TcpSettings, type TcpTarget, tcpSettings } from './tcp-settings.ts';
import { type TcpStats, clusterTcpStats, tcpStats } from './tcp-stats.ts';
import { Tunnel } from './tunnel.ts';
import { type ConnectHooks, type UpstreamConnection, openUpstream } from './upstream-connection.ts';

/** https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/network_filters/tcp_proxy_filter */
export const TCP_PROXY: NetworkFilterKind = {
  kind: 'terminal',
  typeName: TcpProxySchema.typeName,
  compile: (any: Any, context: NetworkFilterContext) => {
    const message = unpacked('tcp_proxy', any, TcpProxySchema);
    const settings = tcpSettings(message);
    const log = message.accessLog.length === 0 ? undefined : context.accessLogs(message.accessLog);
    const scope = context.stats.scope(`tcp.${message.statPrefix}.`);
    const metricsOf = connectionMetrics(context.stats, context.node, context.listener.direction);
    const { buffered, release } = bufferedUnder(context.stats, scope.prefix);
    const shared = { settings, context, log, stats: tcpStats(scope), metricsOf, buffered };
    return {
      onConnection: (connection) => new TcpSession(connection, shared).start(),
      close() {
        scope.release();
        release();
      },
    };
  },
};

interface Shared {
  readonly settings: TcpSettings;
  readonly context: NetworkFilterContext;
  readonly log: AccessLogger | undefined;
  readonly stats: TcpStats;
  readonly metricsOf: ConnectionMetricsOf | undefined;
  readonly buffered: BufferedBytes;
}

class TcpSession {
  readonly #connection: DownstreamConnection;
  readonly #client: Socket;
  readonly #shared: Shared;
  readonly #info: StreamInfo;
  readonly #tried: string[] = [];
  #upstream: UpstreamConnection | undefined;
  #metrics: ConnectionMetrics | undefined;
  #idle: IdleTimer | undefined;
  #durationTimer: NodeJS.Timeout | undefined;
  #logTimer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(connection: DownstreamConnection, shared: Shared) {
    this.#connection = connection;
    this.#client = connection.socket;
    this.#shared = shared;
    this.#info = connectionInfo(connection);
    this.#info.requestId = randomUUID();
  }

  start(): void {
    const { settings, stats, context } = this.#shared;
    stats.total.value++;
    this.#shared.buffered.add(this.#client);
    this.#client.once('close', () => this.#end());
    if (settings.maxDuration > 0) {
      this.#durationTimer = setTimeout(() => {
        stats.maxDuration.value++;
        this.#flag('DT');
        this.#close();
      }, settings.maxDuration);
    }
    // It runs while the endpoint is connected to, too.
    if (settings.idleTimeout > 0) this.#idle = new IdleTimer(settings.idleTimeout, () => this.#onIdle());
    const target = settings.target(() => context.random());
    const name = this.#connection.filterState.get(CLUSTER_KEY) ?? target.cluster;
    const cluster = context.clusters.get(name);
    if (cluster === undefined) {
      stats.noRoute.value++;
      this.#flag('NC');
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
      this.#flag('UO');
      this.#close();
      return;
    }
    const host = cluster.choose(this.#balancing(target));
    if (host === undefined) {
      more.noneHealthy.value++;
      this.#flag('UH');
      this.#close();
      return;
    }
    const owner = cluster.owner?.(host) ?? cluster;
    this.#tried.push(host.id);
    this.#info.upstreamHost = host;
    this.#info.upstreamAttempts++;
    const { remotePlace, localPlace, upstreamSource } = this.#connection;
    const options = {
      alpn: [],
      downstream: { source: remotePlace, destination: localPlace },
      source: upstreamSource,
    };
    const hooks: ConnectHooks = {
      onConnect: (upstream) => this.#forward(upstream),
      onFailure: (reason) => {
        this.#info.upstreamTransportFailureReason = reason;
        if (this.#isOver) return;
        this.#flag('UF');
        if (this.#tried.length < settings.connectAttempts) {
          this.#connect(cluster, target);
          return;
        }
        more.attemptsExceeded.value++;
        this.#flag('URX');
        this.#close();
      },
    };
    const { tunnel } = settings;
    if (tunnel === undefined) {
      this.#upstream = openUpstream(owner, host, options, hooks);
      return;
    }
    const request = tunnel.request(this.#info, owner.settings.tls ? 'https' : 'http');
    const opened = new Tunnel(owner, host, request, hooks);
    this.#upstream = opened;
    opened.open(options);
  }

  #forward(upstream: UpstreamConnection): void {
    const { settings, stats, log } = this.#shared;
    const info = this.#info;
    const { times } = info;
    info.upstreamSocket = upstream.socket;
    info.upstreamLocalAddress = upstream.localAddress;
    times.upstreamFirstSent = performance.now();
    if (settings.logsOnConnect) log?.(info);
    if (settings.logInterval > 0 && log !== undefined) {
      this.#logTimer = setInterval(() => log(info), settings.logInterval);
    }
    const metrics = this.#beginMetrics();
    const idle = this.#idle;
    idle?.touch();
    upstream.forward(this.#client, {
      onBytes: (fromClient, count) => {
        idle?.touch();
        if (fromClient) {
          info.bytesReceived += count;
          stats.rxBytes.value += count;
          if (metrics !== undefined) metrics.receivedBytes.value += count;
        } else {
          info.bytesSent += count;
          stats.txBytes.value += count;
          if (metrics !== undefined) metrics.sentBytes.value += count;
        }
      },
      onPause: (fromClient, isPaused) => {
        if (fromClient) (isPaused ? stats.pausedReading : stats.resumedReading).value++;
      },
      onEnd: (reason) => {
        if (reason === 'reset') this.#flag('UR');
        this.#end();
      },
    });
  }

  #beginMetrics(): ConnectionMetrics | undefined {
    const metrics = this.#shared.metricsOf?.(this.#info);
    if (metrics !== undefined) metrics.opened.value++;
    this.#metrics = metrics;
    return metrics;
  }

  #onIdle(): void {
    this.#shared.stats.idleTimeout.value++;
    this.#close();
  }

  #balancing(target: TcpTarget): LoadBalancerContext {
    const { settings } = this.#shared;
    const connection = this.#connection;
    return {
      hash: () => settings.hash(connection),
      metadataMatch: target.metadataMatch,
      authority: connection.filterState.get(DYNAMIC_HOST_KEY),
      originalDestination:
        connection.restored && connection.localPlace.kind === 'ip' ? connection.localPlace : undefined,
    };
  }

  #flag(flag: ResponseFlag): void {
    const { responseFlags } = this.#info;
    if (!responseFlags.includes(flag)) responseFlags.push(flag);
  }

  #close(): void {
    const client = this.#client;
    // Envoy leaves with the kernel what it has nobody to give to, and the kernel resets a connection that is closed so.
    if (client.readableLength > 0 && !(client instanceof TLSSocket)) client.resetAndDestroy();
    else client.destroy();
    if (this.#upstream?.isAsked === true) this.#flag('UF');
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
    // One that came to nothing was opened nonetheless.
    const metrics = this.#metrics ?? this.#beginMetrics();
    if (metrics !== undefined) metrics.closed.value++;
    this.#shared.log?.(this.#info);
  }
}
