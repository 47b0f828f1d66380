/** Checks on the outbound listeners of a Sidecar. */

import type {
  IstioEgressListener,
  SidecarPort,
} from '../../../api/generated/types/networking.istio.io/Sidecar.ts';
import { isIp } from '../../../base/cidr.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { RuleReport } from '../rule.ts';
import { checkPortNumber } from './port.ts';
import { checkSidecarHost } from './scoped-host.ts';
import { checkListenerPort, checkPortIsFree } from './sidecar-ingress.ts';
import { unixPath, unixPathProblem } from './unix-address.ts';

/** https://istio.io/latest/docs/reference/config/networking/sidecar/#IstioEgressListener */
export function checkEgress(
  report: RuleReport,
  listeners: readonly IstioEgressListener[],
  namespace: string,
): void {
  const ports = new Map<number, number>();
  const sockets = new Map<string, number>();
  for (const [index, listener] of listeners.entries()) {
    const path = ['spec', 'egress', index];
    const { port, bind = '' } = listener;
    if (port !== undefined) {
      checkPort(report, path, listener, port);
      if ((port.number ?? 0) !== 0)
        checkPortIsFree(report, [...path, 'port', 'number'], port.number ?? 0, index, ports);
      else if (sockets.has(bind)) {
        report.error(
          [...path, 'bind'],
          `the listener with index ${sockets.get(bind)} is on this socket already: sockets must be unique`,
          {
            check: 'Duplicate',
          },
        );
      } else sockets.set(bind, index);
    } else if (index < listeners.length - 1) {
      report.error(
        path,
        'a listener without a port takes what the others leave, so it must be the last of the list',
        {
          hint: 'Give it a port, or move it to the end; there can be one such listener.',
        },
      );
    }
    checkHosts(report, [...path, 'hosts'], listener.hosts, namespace);
  }
}

function checkPort(
  report: RuleReport,
  path: FieldPath,
  listener: IstioEgressListener,
  port: SidecarPort,
): void {
  const { bind = '', captureMode = 'DEFAULT' } = listener;
  checkListenerPort(report, [...path, 'port'], port);
  if ((port.number ?? 0) !== 0) {
    checkPortNumber(report, [...path, 'port', 'number'], port.number);
    if (bind !== '' && !isIp(bind)) {
      report.error([...path, 'bind'], `"${bind}" is no IP address; a Unix domain socket needs port number 0`);
    }
    return;
  }
  const socket = unixPath(bind);
  if (socket === undefined) {
    report.error(
      [...path, 'port', 'number'],
      'a port needs a number from 1 to 65535; 0 is for a bind to unix:///path',
    );
  } else {
    const problem = unixPathProblem(socket);
    if (problem !== undefined) report.error([...path, 'bind'], `"${bind}" ${problem}`);
  }
  if (captureMode === 'IPTABLES') {
    report.error(
      [...path, 'captureMode'],
      'traffic to a Unix domain socket cannot be captured: use DEFAULT or NONE',
    );
  }
}

function checkHosts(
  report: RuleReport,
  path: FieldPath,
  hosts: readonly string[] | undefined,
  namespace: string,
): void {
  if (hosts?.length === 0)
    report.error(path, 'a listener needs at least one host', { check: 'MissingField' });
  const names = new Map<string, Set<string>>();
  for (const [index, host] of (hosts ?? []).entries()) {
    const slash = host.indexOf('/');
    if (slash >= 0 && !host.startsWith('~')) {
      const scope = host.startsWith('./') ? namespace : host.slice(0, slash);
      const known = names.get(scope) ?? new Set<string>();
      const name = host.slice(slash + 1);
      const covered = name === '*' ? known.size > 0 : known.has(name) || known.has('*');
      if (covered) warnCovered(report, [...path, index], host, name === '*' && !known.has('*'));
      names.set(scope, known.add(name));
    }
    checkSidecarHost(report, [...path, index], host);
  }
  if (names.get('*')?.has('*') === true && names.size > 1) {
    report.warn(path, '"*/*" covers all hosts, so that the others have no effect', { check: 'Duplicate' });
  }
}

function warnCovered(report: RuleReport, path: FieldPath, host: string, covers: boolean): void {
  const message = covers
    ? `"${host}" covers hosts before it, which have no effect`
    : `"${host}" is covered by a host before it`;
  report.warn(path, message, { check: 'Duplicate', hint: 'Remove the narrower one.' });
}
