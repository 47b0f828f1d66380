/** The listener of a sidecar for requests to its own workload. */

import { isHttp, type Protocol } from '../../base/protocol.ts';
import { connectionManager } from '../http-filters/connection-manager.ts';
import type { Input } from '../input.ts';
import {
  BLACK_HOLE_CLUSTER,
  INBOUND_CAPTURE_PORT,
  INBOUND_PASSTHROUGH_CLUSTER,
  WILDCARD_ADDRESS,
  inboundCluster,
  listenerName,
} from '../names.ts';
import { TrafficDirection } from '../proto/generated/envoy/config/core/v3/base_pb.js';
import type { RouteInit } from '../routes/action.ts';
import type { RouteConfigurationInit } from '../routes/configuration.ts';
import { matchAll } from '../routes/match.ts';
import { inboundRetryPolicy } from '../routes/retry.ts';
import { secretFault } from '../secrets/fault.ts';
import { ZERO, addressOf, durationOf } from '../values.ts';
import {
  type DisabledFor,
  type FilterChain,
  type FilterChainMatch,
  type ListenerInit,
  TLS_TRANSPORT,
  httpInspector,
  originalDestination,
  originalSource,
  tlsInspector,
} from './chains.ts';
import { type InboundPort, sidecarOf } from './inbound-ports.ts';
import { serverTls } from './server-tls.ts';
import { tcpToFixed } from './tcp-proxy.ts';

/**
 * What the first bytes of HTTP are detected as. The transport is not named: Envoy looks for the chain of the transport
 * first and does not come back to those that name none, so that other bytes would find no chain.
 */
const HTTP_BYTES: FilterChainMatch = { applicationProtocols: ['http/1.1', 'h2c'] };

/** Where the requests of one port go, and under which names. */
interface InboundTarget {
  readonly cluster: string;
  readonly statPrefix: string;
  readonly servicePort: number;
  readonly host: string;
  readonly speaks: Protocol | undefined;
}

/** The listener behind redirection, and one for each port that a Sidecar binds by itself. */
export function inboundListeners(ports: readonly InboundPort[], input: Input): ListenerInit[] {
  const captured = ports.filter(({ bind }) => bind === undefined);
  const own = ports.flatMap((port) =>
    port.bind === undefined ? [] : [boundListener(port, port.bind, input)],
  );
  return input.proxy.interceptionMode === 'NONE' ? own : [virtualInbound(captured, input), ...own];
}

function virtualInbound(ports: readonly InboundPort[], input: Input): ListenerInit {
  const isTransparent = input.proxy.interceptionMode === 'TPROXY';
  // Where nothing is to be detected the inspector would keep servers that speak first waiting.
  const settled = ports.filter(({ speaks }) => speaks !== undefined).map(({ port }) => port);
  const secured = ports.filter(({ tls }) => tls !== undefined).map(({ port }) => port);
  return {
    name: 'virtualInbound',
    address: addressOf(WILDCARD_ADDRESS, INBOUND_CAPTURE_PORT),
    trafficDirection: TrafficDirection.INBOUND,
    transparent: isTransparent,
    filterChains: [
      {
        name: 'virtualInbound-blackhole',
        filterChainMatch: { destinationPort: INBOUND_CAPTURE_PORT },
        filters: [tcpToFixed(BLACK_HOLE_CLUSTER, input)],
      },
      ...undeclared(input),
      ...ports.flatMap((port) => portChains(port, { destinationPort: port.port }, input)),
    ],
    listenerFilters: [
      ...(isTransparent ? [originalSource()] : [originalDestination()]),
      ...(secured.length === 0 ? [] : [tlsInspector(enabledFor(secured))]),
      httpInspector(disabledFor([...settled, INBOUND_CAPTURE_PORT])),
    ],
    listenerFiltersTimeout: durationOf(input.snapshot.mesh.config.protocolDetectionTimeout) ?? ZERO,
    continueOnListenerFiltersTimeout: true,
    maxConnectionsToAcceptPerSocketEvent: 1,
  };
}

/** Ports that no service declares: connections go to the address that they were sent to. */
function undeclared(input: Input): FilterChain[] {
  const target: InboundTarget = {
    cluster: INBOUND_PASSTHROUGH_CLUSTER,
    statPrefix: `${INBOUND_PASSTHROUGH_CLUSTER};`,
    servicePort: 0,
    host: '',
    speaks: undefined,
  };
  return [
    {
      name: 'virtualInbound-catchall-http',
      filterChainMatch: HTTP_BYTES,
      filters: [httpManager(target, input)],
    },
    { name: 'virtualInbound', filters: [tcpToFixed(INBOUND_PASSTHROUGH_CLUSTER, input)] },
  ];
}

function portChains(port: InboundPort, match: FilterChainMatch, input: Input): FilterChain[] {
  const cluster = inboundCluster(port.port);
  const name = listenerName(WILDCARD_ADDRESS, port.port);
  const target: InboundTarget = {
    cluster,
    statPrefix: `inbound_${name};`,
    servicePort: port.servicePort,
    host: port.host,
    speaks: port.speaks,
  };
  const http = (condition: FilterChainMatch): FilterChain => ({
    name,
    filterChainMatch: { ...match, ...condition },
    filters: [httpManager(target, input)],
  });
  const tcp = (): FilterChain => ({
    name,
    filterChainMatch: match,
    filters: [tcpToFixed(cluster, input)],
  });
  if (port.tls !== undefined)
    return [{ ...(isHttp(port.speaks) ? http({}) : tcp()), ...secured(port, match, input) }];
  if (isHttp(port.speaks)) return [http({})];
  return port.speaks === undefined ? [http(HTTP_BYTES), tcp()] : [tcp()];
}

/** TLS alone is taken; no connection at all where there is no certificate. */
function secured(port: InboundPort, match: FilterChainMatch, input: Input): Partial<FilterChain> {
  const transportSocket = serverTls(
    { spec: { tls: port.tls } },
    {
      proxyCertificate: () => input.proxy.serverCertificate,
      carriesBytes: !isHttp(port.speaks),
      mesh: input.snapshot.mesh.config,
      secretFault: (name) => secretFault(name, input),
      lack: (message) =>
        input.report(
          sidecarOf(input),
          `Port ${port.port} of ingress lacks one of its certificates: ${message}.`,
        ),
      refuse: (message) =>
        input.report(sidecarOf(input), `Port ${port.port} of ingress is not open: ${message}.`),
    },
  );
  if (transportSocket === undefined) return { filters: [tcpToFixed(BLACK_HOLE_CLUSTER, input)] };
  return { filterChainMatch: { ...match, ...TLS_TRANSPORT }, transportSocket };
}

function boundListener(port: InboundPort, bind: string, input: Input): ListenerInit {
  const chains = portChains({ ...port, bind: undefined }, {}, input);
  return {
    name: listenerName(bind, port.port),
    address: addressOf(bind, port.port),
    trafficDirection: TrafficDirection.INBOUND,
    filterChains: chains,
    listenerFilters: [
      ...(port.tls === undefined ? [] : [tlsInspector()]),
      ...(port.speaks === undefined ? [httpInspector()] : []),
    ],
    listenerFiltersTimeout: ZERO,
    continueOnListenerFiltersTimeout: true,
  };
}

function httpManager(target: InboundTarget, input: Input) {
  return connectionManager(
    {
      statPrefix: target.statPrefix,
      trafficClass: 'inbound',
      routes: inboundRoutes(target, input),
      grpcWeb: target.speaks === 'GRPC-Web',
    },
    input,
  );
}

/** One route for everything: what the workload does with requests is its own affair. */
function inboundRoutes(target: InboundTarget, input: Input): RouteConfigurationInit {
  const { speaks, cluster, servicePort, host } = target;
  // A stream of gRPC that was reset may have had effects already.
  const isGrpc = speaks === 'GRPC' || speaks === 'GRPC-Web';
  const retries = isGrpc ? undefined : inboundRetryPolicy(input.snapshot.mesh.config);
  const route: RouteInit = {
    name: 'default',
    match: matchAll(),
    action: {
      case: 'route',
      value: {
        clusterSpecifier: { case: 'cluster', value: cluster },
        timeout: ZERO,
        maxStreamDuration: { maxStreamDuration: ZERO, grpcTimeoutHeaderMax: ZERO },
        ...(retries !== undefined && { retryPolicy: retries }),
      },
    },
    decorator: { operation: `${host}:${servicePort}/*` },
  };
  return {
    name: cluster,
    virtualHosts: [{ name: `inbound|http|${servicePort}`, domains: ['*'], routes: [route] }],
    validateClusters: false,
  };
}

function disabledFor(ports: readonly number[]): DisabledFor {
  const rules = [...new Set(ports)]
    .sort((a, b) => a - b)
    .map((port): DisabledFor => ({
      rule: { case: 'destinationPortRange', value: { start: port, end: port + 1 } },
    }));
  const [first] = rules;
  return rules.length === 1 && first !== undefined ? first : { rule: { case: 'orMatch', value: { rules } } };
}

/** Only for these ports. */
function enabledFor(ports: readonly number[]): DisabledFor {
  return { rule: { case: 'notMatch', value: disabledFor(ports) } };
}
