/** Limits of the connections to a cluster: circuit breakers, time limits, protocol options. */

import { isHttp, isHttp2, type Protocol } from '../../base/protocol.ts';
import type { MeshConfig } from '../../model/mesh-settings.ts';
import type { CircuitBreakersSchema } from '../proto/generated/envoy/config/cluster/v3/circuit_breaker_pb.js';
import type { UpstreamConnectionOptionsSchema } from '../proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import type {
  Http1ProtocolOptionsSchema,
  Http2ProtocolOptionsSchema,
} from '../proto/generated/envoy/config/core/v3/protocol_pb.js';
import { HttpProtocolOptionsSchema } from '../proto/generated/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js';
import { pack } from '../proto/registry.ts';
import { type Init, UNLIMITED, defined, durationOf, seconds } from '../values.ts';
import type { EffectivePolicy } from '../../model/traffic-policy.ts';
import { errorMatcher } from './outlier-detection.ts';

type Pool = NonNullable<EffectivePolicy['connectionPool']>;
type HttpOptions = Init<typeof HttpProtocolOptionsSchema>;
type Http2Options = Init<typeof Http2ProtocolOptionsSchema>;

/** The name under which a cluster keeps its HTTP options. */
export const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** A number that limits something, undefined when it is absent or 0, which means no limit. */
function limit(value: number | null | undefined): number | undefined {
  return value === undefined || value === null || value <= 0 ? undefined : value;
}

/** No limits but those that the policy names. Envoy's own defaults would be 1024 and 3 retries. */
export function circuitBreakers(policy: EffectivePolicy): Init<typeof CircuitBreakersSchema> {
  const { tcp, http } = policy.connectionPool ?? {};
  const budget = policy.retryBudget;
  return {
    thresholds: [
      {
        maxConnections: limit(tcp?.maxConnections) ?? UNLIMITED,
        maxPendingRequests: limit(http?.http1MaxPendingRequests) ?? UNLIMITED,
        maxRequests: limit(http?.http2MaxRequests) ?? UNLIMITED,
        maxRetries: limit(http?.maxRetries) ?? UNLIMITED,
        ...(budget !== undefined && {
          retryBudget: defined({
            budgetPercent: { value: budget.percent ?? 20 },
            budgetInterval: durationOf(budget.budgetInterval),
            // 0 is what is left when nothing is said.
            minRetryConcurrency: limit(budget.minRetryConcurrency) ?? 3,
          }),
        }),
      },
    ],
  };
}

/** How long a connection may take to open: the policy's word, else the mesh's. */
export function connectTimeout(policy: EffectivePolicy, mesh: MeshConfig) {
  return durationOf(policy.connectionPool?.tcp?.connectTimeout) ?? meshConnectTimeout(mesh);
}

/** MeshConfig.connectTimeout. */
export function meshConnectTimeout(mesh: MeshConfig) {
  return durationOf(mesh.connectTimeout) ?? seconds(10);
}

/** TCP keep-alive: each number the policy's, else the mesh's; undefined leaves it to the system. */
export function keepalive(
  policy: EffectivePolicy,
  mesh: MeshConfig,
): Init<typeof UpstreamConnectionOptionsSchema> | undefined {
  const own = policy.connectionPool?.tcp?.tcpKeepalive;
  if (own === undefined && mesh.tcpKeepalive === undefined) return undefined;
  const whole = (text: string | undefined) => {
    const duration = durationOf(text);
    return duration === undefined ? undefined : Number(duration.seconds);
  };
  return {
    tcpKeepalive: defined({
      keepaliveProbes: limit(own?.probes) ?? limit(mesh.tcpKeepalive?.probes),
      keepaliveTime: whole(own?.time ?? mesh.tcpKeepalive?.time),
      keepaliveInterval: whole(own?.interval ?? mesh.tcpKeepalive?.interval),
    }),
  };
}

export interface HttpChoice {
  /** What the port declares; undefined when it is detected. */
  readonly protocol: Protocol | undefined;
  readonly outbound: boolean;
  /** A gateway ends the client's connection, so it cannot carry its protocol on when that is detected. */
  readonly sidecar: boolean;
  readonly mesh: MeshConfig;
  /** What the proxy wants of HTTP/1; Envoy's own options when absent. */
  readonly http1?: Init<typeof Http1ProtocolOptionsSchema> | undefined;
  /** What of TLS comes from each request's host; nothing unless said. */
  readonly tls?: { readonly sniFromHost: boolean; readonly verifiesHost: boolean };
}

/** HTTP options, packed as a cluster keeps them; undefined when Envoy's defaults (HTTP/1.1) do. */
export function httpOptions(policy: EffectivePolicy, choice: HttpChoice) {
  const pool = policy.connectionPool ?? {};
  const common = commonOptions(pool);
  const upstream = upstreamProtocol(pool, choice);
  const outlier = choice.outbound
    ? errorMatcher(policy.outlierDetection?.outlierDetectionHttpErrorCodes ?? [])
    : undefined;
  if (
    common === undefined &&
    upstream === undefined &&
    outlier === undefined &&
    choice.http1 === undefined &&
    choice.tls?.sniFromHost !== true &&
    choice.tls?.verifiesHost !== true
  )
    return undefined;
  return {
    [HTTP_OPTIONS]: pack(HttpProtocolOptionsSchema, {
      ...(common !== undefined && { commonHttpProtocolOptions: common }),
      upstreamProtocolOptions:
        upstream ?? explicit({ case: 'httpProtocolOptions', value: choice.http1 ?? {} }),
      ...(outlier !== undefined && { outlierDetection: outlier }),
      ...namesOfHosts(choice.tls),
    }),
  };
}

/** What of TLS comes from each request's host. */
export function namesOfHosts(tls: HttpChoice['tls']): Pick<HttpOptions, 'upstreamHttpProtocolOptions'> {
  const { sniFromHost = false, verifiesHost = false } = tls ?? {};
  if (!sniFromHost && !verifiesHost) return {};
  return { upstreamHttpProtocolOptions: { autoSni: sniFromHost, autoSanValidation: verifiesHost } };
}

function commonOptions(pool: Pool): HttpOptions['commonHttpProtocolOptions'] | undefined {
  const options = defined({
    idleTimeout: durationOf(pool.http?.idleTimeout ?? pool.tcp?.idleTimeout),
    maxRequestsPerConnection: limit(pool.http?.maxRequestsPerConnection),
    maxConnectionDuration: durationOf(pool.tcp?.maxConnectionDuration),
  });
  return Object.keys(options).length === 0 ? undefined : options;
}

type Upstream = NonNullable<HttpOptions['upstreamProtocolOptions']>;
type Explicit = Extract<Upstream, { case: 'explicitHttpConfig' }>['value']['protocolConfig'];

function explicit(protocolConfig: Explicit): Upstream {
  return { case: 'explicitHttpConfig', value: { protocolConfig } };
}

function upstreamProtocol(pool: Pool, choice: HttpChoice): Upstream | undefined {
  const { protocol, outbound, sidecar } = choice;
  const http2 = http2Options(pool);
  if (pool.http?.useClientProtocol === true || (protocol === undefined && outbound && sidecar)) {
    return {
      case: 'useDownstreamProtocolConfig',
      value: { httpProtocolOptions: choice.http1 ?? {}, http2ProtocolOptions: http2 },
    };
  }
  if (isHttp2(protocol) || (outbound && upgrades(pool, choice))) {
    return explicit({ case: 'http2ProtocolOptions', value: http2 });
  }
  return undefined;
}

/** Whether requests that arrive as HTTP/1.1 are sent on as HTTP/2. */
function upgrades(pool: Pool, { protocol, mesh }: HttpChoice): boolean {
  const policy = pool.http?.h2UpgradePolicy;
  if (policy === 'UPGRADE') return true;
  if (policy === 'DO_NOT_UPGRADE') return false;
  return isHttp(protocol) && mesh.h2UpgradePolicy === 'UPGRADE';
}

function http2Options(pool: Pool): Http2Options {
  const alive = pool.http?.http2KeepAlive;
  return defined({
    maxConcurrentStreams: limit(pool.http?.maxConcurrentStreams),
    connectionKeepalive:
      alive === undefined
        ? undefined
        : defined({ interval: durationOf(alive.interval), timeout: durationOf(alive.timeout) }),
  });
}
