/** How ports of a Service say their protocol: by appProtocol or by name, so that nobody has to guess. */

import { protocolOfName, protocolOfPort } from '../../../base/protocol.ts';
import { isControlPlane, isMadeForGateway } from '../../../model/control-plane.ts';
import { isSystemNamespace } from '../../../model/system-namespaces.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';

export const analyzer: Analyzer = {
  name: 'service.PortNameAnalyzer',
  summary: 'Ports of Services say their protocol',
  reads: ['core/Service'],
  messages: [MESSAGES.PortNameIsNotUnderNamingConvention, MESSAGES.ExternalNameServiceTypeInvalidPortName],
  analyze({ snapshot, report }) {
    for (const object of snapshot.list('core/Service')) {
      const { labels } = object.meta;
      if (isControlPlane(labels) || isMadeForGateway(labels)) continue;
      if (isSystemNamespace(snapshot.namespaceOf(object))) continue;
      const { type, ports = [] } = object.value.spec ?? {};
      for (const [index, port] of ports.entries()) {
        const { name = '', port: number = 0, targetPort = number, protocol, appProtocol } = port;
        if (protocol === 'SCTP') continue;
        const declared = protocolOfPort({ name, number, transport: protocol, appProtocol });
        const path = ['spec', 'ports', index, 'name'];
        if (type === 'ExternalName') {
          // A port that is TCP only by its number was not said to be so.
          const saidTcp = protocolOfName(appProtocol ?? name) === 'TCP';
          if (declared !== undefined && !saidTcp) continue;
          report(MESSAGES.ExternalNameServiceTypeInvalidPortName, object, path, { port: name });
        } else if (declared === undefined) {
          report(MESSAGES.PortNameIsNotUnderNamingConvention, object, path, {
            port: name,
            number,
            target: targetPort,
          });
        }
      }
    }
  },
};
