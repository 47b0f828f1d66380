/** Several ServiceEntries for one host and port must agree on the protocol. */

import type { MeshObject } from '../../../config/object.ts';
import { type Visibility, visibilitiesMeet, visibilityOf } from '../../../model/visibility.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';
import { groupBy } from '../group-by.ts';

interface Entry {
  readonly object: MeshObject;
  readonly name: string;
  readonly visibility: Visibility;
  readonly host: string;
  readonly port: number;
  readonly portIndex: number;
  readonly protocol: string;
}

export const analyzer: Analyzer = {
  name: 'serviceentry.ConflictingServiceEntryProtocolAnalyzer',
  summary: 'ServiceEntries for one host and port agree on its protocol',
  reads: ['networking.istio.io/ServiceEntry'],
  messages: [MESSAGES.ConflictingServiceEntryProtocol],
  analyze({ snapshot, report }) {
    const entries = snapshot.list('networking.istio.io/ServiceEntry').flatMap((object): Entry[] => {
      const { hosts = [], ports = [], exportTo } = object.value.spec ?? {};
      const namespace = snapshot.namespaceOf(object);
      const visibility = visibilityOf(exportTo, namespace, snapshot.mesh.config.defaultServiceExportTo);
      return hosts.flatMap((host) =>
        ports.map(({ number = 0, protocol = '' }, portIndex) => ({
          object,
          name: `${namespace}/${object.meta.name}`,
          visibility,
          host: host.toLowerCase(),
          port: number,
          portIndex,
          protocol: protocol.toUpperCase(),
        })),
      );
    });
    const reported = new Set<MeshObject>();
    for (const group of groupBy(entries, ({ host, port }) => `${host}:${port}`).values()) {
      for (const entry of group) {
        const together = group.filter((other) => visibilitiesMeet(other.visibility, entry.visibility));
        const protocols = [...new Set(together.map(({ protocol }) => protocol))].sort();
        if (protocols.length < 2 || reported.has(entry.object)) continue;
        reported.add(entry.object);
        report(MESSAGES.ConflictingServiceEntryProtocol, entry.object, ['spec', 'ports', entry.portIndex], {
          names: [...new Set(together.map(({ name }) => name))].sort(),
          host: entry.host,
          port: entry.port,
          protocols: protocols.map((protocol) => (protocol === '' ? '(none)' : protocol)),
        });
      }
    }
  },
};
