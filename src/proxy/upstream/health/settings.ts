/** How endpoints are asked whether they are well. */

import type { HealthCheck } from '../../../xds/proto/generated/envoy/config/core/v3/health_check_pb.js';
import { InvalidConfigError, milliseconds, refuseFields } from '../../config-error.ts';
import type { NameStyle } from '../../http1/name-style.ts';
import { UnsupportedError } from '../../route/unsupported.ts';
import { grpcProbe } from './grpc-probe.ts';
import { httpProbe } from './http-probe.ts';
import type { ProbeFactory } from './probe.ts';
import { tcpProbe } from './tcp-probe.ts';

/** Milliseconds. https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/core/v3/health_check.proto */
export interface CheckSettings {
  readonly timeout: number;
  readonly interval: number;
  readonly noTrafficInterval: number;
  readonly noTrafficHealthyInterval: number;
  readonly unhealthyInterval: number;
  readonly unhealthyEdgeInterval: number;
  readonly healthyEdgeInterval: number;
  readonly initialJitter: number;
  readonly intervalJitter: number;
  /** Of the interval. */
  readonly intervalJitterPercent: number;
  readonly unhealthyThreshold: number;
  readonly healthyThreshold: number;
  readonly altPort: number | undefined;
  readonly probe: ProbeFactory;
}

const MINUTE = 60_000;

/** Whose endpoints are asked. */
export interface CheckedCluster {
  readonly name: string;
  /** Of headers of HTTP/1.1. */
  readonly nameStyle: NameStyle;
}

/** Throws an `UnsupportedError` or `InvalidConfigError`. */
export function checkSettings(field: string, config: HealthCheck, cluster: CheckedCluster): CheckSettings {
  refuseFields(field, {
    event_log_path: config.eventLogPath !== '',
    event_logger: config.eventLogger.length > 0,
    event_service: config.eventService !== undefined,
    transport_socket_match_criteria: config.transportSocketMatchCriteria !== undefined,
  });
  const timeout = milliseconds(config.timeout, 0);
  const interval = milliseconds(config.interval, 0);
  if (timeout <= 0) throw new InvalidConfigError(`${field}.timeout`, 'not above 0');
  if (interval <= 0) throw new InvalidConfigError(`${field}.interval`, 'not above 0');
  if (config.unhealthyThreshold === undefined || config.healthyThreshold === undefined) {
    throw new InvalidConfigError(field, 'unhealthy_threshold and healthy_threshold have both to be set');
  }
  const unhealthyInterval = milliseconds(config.unhealthyInterval, interval);
  const noTrafficInterval = milliseconds(config.noTrafficInterval, MINUTE);
  return {
    timeout,
    interval,
    noTrafficInterval,
    noTrafficHealthyInterval: milliseconds(config.noTrafficHealthyInterval, noTrafficInterval),
    unhealthyInterval,
    unhealthyEdgeInterval: milliseconds(config.unhealthyEdgeInterval, unhealthyInterval),
    healthyEdgeInterval: milliseconds(config.healthyEdgeInterval, interval),
    initialJitter: milliseconds(config.initialJitter, 0),
    intervalJitter: milliseconds(config.intervalJitter, 0),
    intervalJitterPercent: config.intervalJitterPercent,
    unhealthyThreshold: config.unhealthyThreshold,
    healthyThreshold: config.healthyThreshold,
    altPort: config.altPort,
    probe: probeOf(field, config, cluster),
  };
}

function probeOf(field: string, config: HealthCheck, { name, nameStyle }: CheckedCluster): ProbeFactory {
  const { healthChecker } = config;
  const shared = {
    clusterName: name,
    nameStyle,
    reuse: config.reuseConnection !== false,
    alpn: config.tlsOptions?.alpnProtocols ?? [],
  };
  switch (healthChecker.case) {
    case 'httpHealthCheck':
      return httpProbe(`${field}.http_health_check`, healthChecker.value, shared);
    case 'tcpHealthCheck':
      return tcpProbe(`${field}.tcp_health_check`, healthChecker.value, shared.alpn);
    case 'grpcHealthCheck':
      return grpcProbe(`${field}.grpc_health_check`, healthChecker.value, shared);
    case 'customHealthCheck':
      throw new UnsupportedError(`${field}.custom_health_check ${healthChecker.value.name}`);
    default:
      throw new InvalidConfigError(field, 'no kind of check is set');
  }
}
