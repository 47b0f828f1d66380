/** Checks on the inbound listeners of a Sidecar. */

import type {
  IstioIngressListener,
  ServerTLSSettings,
  SidecarPort,
} from '../../../api/generated/types/networking.istio.io/Sidecar.ts';
import { isIp } from '../../../base/cidr.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import { splitHostPort } from '../../../base/host-port.ts';
import { isHttp, isTls, parseProtocol } from '../../../base/protocol.ts';
import type { RuleReport } from '../rule.ts';
import { checkConnectionPool } from './connection-pool.ts';
import { checkPortName, checkPortNumber, checkProtocol, isPortNumber } from './port.ts';
import { checkServerTls } from './server-tls.ts';
import { unixPath, unixPathProblem } from './unix-address.ts';

/** Where a listener may forward to without leaving the workload. */
const LOCAL_HOSTS = new Set(['', '127.0.0.1', '0.0.0.0', '::1', '::']);
const UNSUPPORTED_TLS = ['subjectAltNames', 'credentialNames', 'tlsCertificates'] as const;

/** https://istio.io/latest/docs/reference/config/networking/sidecar/#IstioIngressListener */
export function checkIngress(report: RuleReport, listeners: readonly IstioIngressListener[]): void {
  const ports = new Map<number, number>();
  for (const [index, listener] of listeners.entries()) {
    const path = ['spec', 'ingress', index];
    const { port, bind = '', defaultEndpoint = '', tls, connectionPool } = listener;
    if (port === undefined) continue;
    checkListenerPort(report, [...path, 'port'], port);
    checkPortNumber(report, [...path, 'port', 'number'], port.number);
    if (bind !== '' && !isIp(bind)) {
      report.error([...path, 'bind'], `"${bind}" is no IP address: inbound listeners listen on one`);
    }
    checkPortIsFree(report, [...path, 'port', 'number'], port.number ?? 0, index, ports);
    if (defaultEndpoint !== '') checkDefaultEndpoint(report, [...path, 'defaultEndpoint'], defaultEndpoint);
    if (tls !== undefined) checkIngressTls(report, [...path, 'tls'], tls, port);
    checkConnectionPool(report, [...path, 'connectionPool'], connectionPool);
    if (connectionPool?.http !== undefined && !isHttp(parseProtocol(port.protocol ?? ''))) {
      report.warn(
        [...path, 'connectionPool', 'http'],
        'has no effect, as the protocol of the port is not HTTP',
        {
          hint: 'Set the protocol of the port to HTTP, or limit tcp.',
        },
      );
    }
  }
}

/** What holds for the ports of listeners in both directions. */
export function checkListenerPort(report: RuleReport, path: FieldPath, port: SidecarPort): void {
  if ((port.name ?? '') !== '') checkPortName(report, [...path, 'name'], port.name ?? '');
  checkProtocol(report, [...path, 'protocol'], port.protocol, { optional: true });
  if ((port.targetPort ?? 0) > 0) {
    report.error([...path, 'targetPort'], 'targetPort has no effect on sidecars: remove it');
  }
}

/** Two listeners of one direction cannot have the same port, whatever they bind to. */
export function checkPortIsFree(
  report: RuleReport,
  path: FieldPath,
  number: number,
  index: number,
  taken: Map<number, number>,
): void {
  const first = taken.get(number);
  if (first === undefined) taken.set(number, index);
  else
    report.error(path, `the listener with index ${first} has port ${number} already: ports must be unique`, {
      check: 'Duplicate',
    });
}

function checkDefaultEndpoint(report: RuleReport, path: FieldPath, endpoint: string): void {
  const socket = unixPath(endpoint);
  if (socket !== undefined) {
    const problem = unixPathProblem(socket);
    if (problem !== undefined) report.error(path, `"${endpoint}" ${problem}`);
    return;
  }
  const parts = splitHostPort(endpoint);
  if (parts === undefined || !LOCAL_HOSTS.has(parts.host)) {
    report.error(
      path,
      `"${endpoint}" must be 127.0.0.1:PORT, [::1]:PORT, 0.0.0.0:PORT, [::]:PORT, :PORT or unix:///path`,
    );
  } else if (!/^[-+]?\d+$/.test(parts.port) || !isPortNumber(Number(parts.port))) {
    report.error(path, `"${endpoint}" has "${parts.port}" for a port: it must be a number from 1 to 65535`);
  }
}

function checkIngressTls(
  report: RuleReport,
  path: FieldPath,
  tls: ServerTLSSettings,
  port: SidecarPort,
): void {
  for (const field of UNSUPPORTED_TLS) {
    if ((tls[field] ?? []).length > 0)
      report.error([...path, field], `sidecars do not support ${field}: remove it`);
  }
  if (tls.httpsRedirect === true) {
    report.error([...path, 'httpsRedirect'], 'sidecars do not support httpsRedirect: remove it');
  }
  if ((tls.credentialName ?? '') !== '') {
    report.error([...path, 'credentialName'], 'sidecars do not support credentialName: name files instead');
  }
  if (tls.mode === 'ISTIO_MUTUAL' || tls.mode === 'AUTO_PASSTHROUGH') {
    report.error([...path, 'mode'], `sidecars do not support mode ${tls.mode}: use SIMPLE or MUTUAL`);
  }
  if (!isTls(parseProtocol(port.protocol ?? ''))) {
    report.error(path, 'only a port of protocol HTTPS or TLS can have tls settings', {
      hint: 'Set the protocol of the port to HTTPS.',
    });
  }
  checkServerTls(report, path, tls);
}
