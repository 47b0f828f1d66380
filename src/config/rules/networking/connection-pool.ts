/** Checks on limits of connections and requests, which destination rules and sidecars share. */

import type {
  ConnectionPoolSettings,
  HTTPSettings,
  TCPSettings,
} from '../../../api/generated/types/networking.istio.io/Sidecar.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { RuleReport } from '../rule.ts';
import { checkDuration } from './duration-field.ts';

const HTTP_COUNTS = [
  ...(['http1MaxPendingRequests', 'http2MaxRequests', 'maxRequestsPerConnection'] as const),
  ...(['maxRetries', 'maxConcurrentStreams'] as const),
];

/** https://istio.io/latest/docs/reference/config/networking/destination-rule/#ConnectionPoolSettings */
export function checkConnectionPool(
  report: RuleReport,
  path: FieldPath,
  pool: ConnectionPoolSettings | undefined,
): void {
  if (pool === undefined) return;
  if (pool.http === undefined && pool.tcp === undefined) {
    report.error(path, 'limits nothing: set tcp or http, or leave it out', { check: 'MissingField' });
  }
  if (pool.http !== undefined) checkHttp(report, [...path, 'http'], pool.http);
  if (pool.tcp !== undefined) checkTcp(report, [...path, 'tcp'], pool.tcp);
}

function checkHttp(report: RuleReport, path: FieldPath, http: HTTPSettings): void {
  for (const field of HTTP_COUNTS) checkCount(report, [...path, field], http[field]);
  checkDuration(report, [...path, 'idleTimeout'], http.idleTimeout);
  if (http.h2UpgradePolicy === 'UPGRADE' && http.useClientProtocol === true) {
    report.error(
      [...path, 'useClientProtocol'],
      'cannot be true together with h2UpgradePolicy UPGRADE: keep one',
      {
        check: 'ExclusiveFields',
      },
    );
  }
  const keepAlive = http.http2KeepAlive;
  if (keepAlive === undefined) return;
  for (const field of ['interval', 'timeout'] as const) {
    const place = [...path, 'http2KeepAlive', field];
    if (keepAlive[field] === undefined) {
      report.error(place, `http2KeepAlive needs the ${field} too`, { check: 'MissingField' });
    }
    checkDuration(report, place, keepAlive[field]);
  }
}

function checkTcp(report: RuleReport, path: FieldPath, tcp: TCPSettings): void {
  checkCount(report, [...path, 'maxConnections'], tcp.maxConnections);
  checkDuration(report, [...path, 'connectTimeout'], tcp.connectTimeout);
  checkDuration(report, [...path, 'maxConnectionDuration'], tcp.maxConnectionDuration);
  checkDuration(report, [...path, 'idleTimeout'], tcp.idleTimeout, { zero: true });
  checkDuration(report, [...path, 'tcpKeepalive', 'time'], tcp.tcpKeepalive?.time);
  checkDuration(report, [...path, 'tcpKeepalive', 'interval'], tcp.tcpKeepalive?.interval);
}

function checkCount(report: RuleReport, path: FieldPath, count: number | undefined): void {
  if (count !== undefined && count < 0) report.error(path, `must not be negative, and is ${count}`);
}
