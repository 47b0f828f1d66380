/** The ports of a Service: their protocol for the mesh, and names and numbers that Kubernetes refuses. */

import type { ServicePort } from '../../../api/generated/types/core/Service.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import { labelKeyProblem } from '../../../base/labels.ts';
import { nearestName } from '../../../base/nearest.ts';
import { protocolOfPort } from '../../../base/protocol.ts';
import type { RuleReport } from '../rule.ts';
import { portOrNameProblem } from './port-syntax.ts';

const PREFIXES = [
  'http',
  'http2',
  'https',
  'grpc',
  'grpc-web',
  'tcp',
  'tls',
  'udp',
  'mongo',
  'mysql',
  'redis',
];

/** Checks all ports. `naming`: also warn of ports whose protocol the mesh has to guess. */
export function checkServicePorts(
  report: RuleReport,
  ports: readonly ServicePort[],
  options: { readonly naming: boolean },
): void {
  const names = new Set<string>();
  const numbers = new Set<string>();
  const nodePorts = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const at = ['spec', 'ports', index];
    checkSyntax(report, at, port);
    if (port.name === undefined && ports.length > 1) {
      report.error([...at, 'name'], 'a Service with more than one port needs a name for each', {
        check: 'MissingField',
      });
    } else if (options.naming) checkProtocol(report, at, port);
    const duplicate = (field: string, seen: Set<string>, key: string | undefined): void => {
      if (key === undefined) return;
      if (seen.has(key)) {
        report.error([...at, field], `another port of the Service has the ${field} ${key} too`, {
          check: 'Duplicate',
        });
      }
      seen.add(key);
    };
    const transport = port.protocol ?? 'TCP';
    duplicate('name', names, port.name);
    duplicate('port', numbers, port.port === undefined ? undefined : `${port.port}/${transport}`);
    duplicate('nodePort', nodePorts, port.nodePort ? `${port.nodePort}/${transport}` : undefined);
  }
}

function checkSyntax(report: RuleReport, at: FieldPath, port: ServicePort): void {
  const { name, targetPort, appProtocol } = port;
  if (name !== undefined && !(name.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name))) {
    report.error(
      [...at, 'name'],
      `port name "${name}" is no DNS label: lower-case letters, digits and inner dashes, 63 at most`,
    );
  }
  const problem = targetPort === undefined ? undefined : portOrNameProblem(targetPort);
  if (problem !== undefined)
    report.error([...at, 'targetPort'], `targetPort ${JSON.stringify(targetPort)} ${problem}`);
  const badProtocol = appProtocol === undefined ? undefined : labelKeyProblem(appProtocol);
  if (badProtocol !== undefined)
    report.error([...at, 'appProtocol'], `appProtocol "${appProtocol}" ${badProtocol}`);
}

/** https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/ */
function checkProtocol(report: RuleReport, at: FieldPath, port: ServicePort): void {
  const { name, appProtocol, protocol } = port;
  if (protocol?.toUpperCase() === 'UDP') return;
  if (protocolOfPort({ name, appProtocol, transport: protocol }) !== undefined) return;
  const text = appProtocol ?? name;
  if (text === undefined) {
    report.warn(at, 'the port has no name, so the mesh has to guess its protocol from the traffic', {
      check: 'PortName',
      hint: 'Name it <protocol>[-<suffix>], as http or tcp-api, or set appProtocol.',
    });
    return;
  }
  const near = nearestName(text.split('-', 1)[0] ?? '', PREFIXES);
  const question = near === undefined ? '' : ` Did you mean ${near}?`;
  if (appProtocol !== undefined) {
    report.warn([...at, 'appProtocol'], `the mesh does not know the protocol "${appProtocol}".${question}`, {
      check: 'PortName',
      hint: `Use one of ${PREFIXES.join(', ')}.`,
    });
  } else {
    report.warn(
      [...at, 'name'],
      `the name "${name}" does not begin with a protocol, so the mesh has to guess it.${question}`,
      {
        check: 'PortName',
        hint: 'Name it <protocol>[-<suffix>], as http or tcp-api, or set appProtocol.',
      },
    );
  }
}
