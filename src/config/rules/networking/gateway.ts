/** Rules of Gateway. https://istio.io/latest/docs/reference/config/networking/gateway/ */

import type { Gateway, Server } from '../../../api/generated/types/networking.istio.io/Gateway.ts';
import { isIp } from '../../../base/cidr.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import { isDnsLabel } from '../../../base/labels.ts';
import { isHttp, isTls, parseProtocol } from '../../../base/protocol.ts';
import type { KindRules, RuleReport } from '../rule.ts';
import { checkPortNumber, checkProtocol } from './port.ts';
import { checkGatewayHost } from './scoped-host.ts';
import { checkServerTls } from './server-tls.ts';
import { unixPath, unixPathProblem } from './unix-address.ts';

export const kinds = ['networking.istio.io/Gateway'] as const;

// Set by controllers on objects that they make from a Gateway of the Gateway API.
const SEMANTICS = 'internal.istio.io/gateway-semantics';

export const rules: KindRules<Gateway> = (object, report) => {
  const converted = object.meta.annotations[SEMANTICS] === 'gateway';
  const { name } = object.meta;
  if (!converted && name !== '' && !isDnsLabel(name)) {
    report.error(
      ['metadata', 'name'],
      `"${name}" is no name of a Gateway: it must be a DNS label, so without dots`,
      {
        check: 'BadMetadata',
      },
    );
  }
  const servers = object.value.spec?.servers ?? [];
  if (servers.length === 0)
    report.error(['spec', 'servers'], 'a gateway needs at least one server', { check: 'MissingField' });
  const portNames = new Map<string, number>();
  for (const [index, server] of servers.entries()) {
    const path = ['spec', 'servers', index];
    checkServer(report, path, server, converted);
    const portName = server.port?.name ?? '';
    if (portName === '') continue;
    const first = portNames.get(portName);
    if (first === undefined) portNames.set(portName, index);
    else {
      report.error(
        [...path, 'port', 'name'],
        `the port of spec.servers[${first}] has the name "${portName}" already: names must be unique in a gateway`,
        {
          check: 'Duplicate',
        },
      );
    }
  }
};

function checkServer(report: RuleReport, path: FieldPath, server: Server, converted: boolean): void {
  const { hosts, tls } = server;
  if (hosts?.length === 0)
    report.error([...path, 'hosts'], 'a server needs at least one host', { check: 'MissingField' });
  for (const [index, host] of (hosts ?? []).entries()) {
    checkGatewayHost(report, [...path, 'hosts', index], host, { mayHide: converted });
  }
  const before = report.findings.length;
  checkPort(report, path, server);
  const portIsSound = server.port !== undefined && report.findings.length === before;
  checkBind(report, path, server);
  if (tls !== undefined) checkServerTls(report, [...path, 'tls'], tls);
  const protocol = parseProtocol(server.port?.protocol ?? '');
  if (server.port !== undefined && tls?.httpsRedirect === true && !isHttp(protocol)) {
    report.warn([...path, 'tls', 'httpsRedirect'], 'httpsRedirect has an effect on HTTP servers only', {
      hint: 'Put it on the server of port 80.',
    });
  }
  if (portIsSound) checkTlsFits(report, path, server);
}

function checkPort(report: RuleReport, path: FieldPath, { port, bind = '' }: Server): void {
  if (port === undefined) return;
  const place = [...path, 'port'];
  checkProtocol(report, [...place, 'protocol'], port.protocol, { optional: false });
  const isSocket = unixPath(bind) !== undefined;
  if (port.number !== undefined && (port.number > 0 || !isSocket)) {
    checkPortNumber(report, [...place, 'number'], port.number);
  }
  if ((port.targetPort ?? 0) > 0) {
    report.error([...place, 'targetPort'], 'targetPort has no effect on gateways: remove it');
  }
  if (port.name === '') report.error([...place, 'name'], 'the name of a port must not be empty');
}

function checkBind(report: RuleReport, path: FieldPath, { bind = '', port }: Server): void {
  if (bind === '') return;
  const socket = unixPath(bind);
  if (socket === undefined) {
    if (!isIp(bind))
      report.error([...path, 'bind'], `"${bind}" is neither an IP address nor a unix:// socket`);
    return;
  }
  const problem = unixPathProblem(socket);
  if (problem !== undefined) report.error([...path, 'bind'], `"${bind}" ${problem}`);
  if ((port?.number ?? 0) !== 0) {
    report.error(
      [...path, 'port', 'number'],
      'a server on a Unix domain socket has no port: set the number to 0',
    );
  }
}

/** Encrypted protocols need TLS settings, others may not have any but a redirect. */
function checkTlsFits(report: RuleReport, path: FieldPath, { port, tls }: Server): void {
  const protocol = parseProtocol(port?.protocol ?? '');
  if (protocol === undefined) return;
  if (isTls(protocol)) {
    if (tls !== undefined) return;
    report.error(path, `a server of protocol ${protocol} needs tls settings`, {
      check: 'MissingField',
      hint: 'Add tls with a mode, such as SIMPLE with a credentialName.',
    });
    return;
  }
  if (tls === undefined) return;
  if (!isHttp(protocol)) {
    report.error([...path, 'tls'], `protocol ${protocol} has no TLS: remove tls, or use protocol TLS`);
    return;
  }
  const { mode = 'PASSTHROUGH', caCertificates = '', privateKey = '', serverCertificate = '' } = tls;
  const terminates = mode !== 'PASSTHROUGH' && mode !== 'AUTO_PASSTHROUGH';
  if (terminates || caCertificates !== '' || privateKey !== '' || serverCertificate !== '') {
    report.error([...path, 'tls'], `protocol ${protocol} is plain text: only httpsRedirect may be set here`, {
      hint: 'Use protocol HTTPS for a server that terminates TLS.',
    });
  }
}
