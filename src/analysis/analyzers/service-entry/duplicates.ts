/** ServiceEntries for one host and port, of which a proxy takes one and ignores the others. */

import type { KindTypes } from '../../../api/generated/kind-types.ts';
import type { MeshObject } from '../../../config/object.ts';
import { formatLabels } from '../../../model/selectors.ts';
import { type Visibility, visibilitiesMeet, visibilityOf } from '../../../model/visibility.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';
import { groupBy } from '../group-by.ts';

type ServiceEntry = MeshObject<KindTypes['networking.istio.io/ServiceEntry']>;

interface Entry {
  readonly object: ServiceEntry;
  readonly name: string;
  readonly namespace: string;
  readonly visibility: Visibility;
  readonly host: string;
  readonly port: number;
  readonly protocol: string;
  readonly portIndex: number;
  /** Entries of one namespace with the same key are taken together. */
  readonly mergeKey: string;
  /** What an entry says, but for who sees it. */
  readonly content: string;
}

export const analyzer: Analyzer = {
  name: 'serviceentry.DuplicateAnalyzer',
  summary: 'No two ServiceEntries define the same host and port',
  reads: ['networking.istio.io/ServiceEntry'],
  messages: [MESH_MESSAGES.DuplicateServiceEntry],
  analyze({ snapshot, report }) {
    const entries = snapshot.list('networking.istio.io/ServiceEntry').flatMap((object): Entry[] => {
      const { hosts = [], ports = [], exportTo } = object.value.spec ?? {};
      const namespace = snapshot.namespaceOf(object);
      const visibility = visibilityOf(exportTo, namespace, snapshot.mesh.config.defaultServiceExportTo);
      const key = mergeKey(object);
      const content = JSON.stringify({ ...object.value.spec, exportTo: undefined });
      return hosts.flatMap((host) =>
        ports.map(({ number = 0, protocol = '' }, portIndex) => ({
          object,
          name: `${namespace}/${object.meta.name}`,
          namespace,
          visibility,
          host: host.toLowerCase(),
          port: number,
          protocol: protocol.toUpperCase(),
          portIndex,
          mergeKey: key,
          content,
        })),
      );
    });
    const reported = new Set<ServiceEntry>();
    for (const group of groupBy(entries, ({ host, port }) => `${host}:${port}`).values()) {
      for (const entry of group) {
        const rivals = group.filter((other) => isRival(entry, other));
        if (rivals.length === 0 || reported.has(entry.object)) continue;
        reported.add(entry.object);
        report(MESH_MESSAGES.DuplicateServiceEntry, entry.object, ['spec', 'ports', entry.portIndex], {
          entries: [...new Set([entry, ...rivals].map(({ name }) => name))].sort(),
          host: entry.host,
          port: entry.port,
        });
      }
    }
  },
};

/**
 * Some namespace sees both, they differ, and they are not merged. Different protocols are another message's
 * business.
 */
function isRival(entry: Entry, other: Entry): boolean {
  return (
    other.name !== entry.name &&
    other.protocol === entry.protocol &&
    other.content !== entry.content &&
    visibilitiesMeet(other.visibility, entry.visibility) &&
    !(other.namespace === entry.namespace && other.mergeKey === entry.mergeKey)
  );
}

/** What entries of one namespace must agree in to be taken together. */
function mergeKey({ value: { spec = {} }, meta }: ServiceEntry): string {
  const { resolution = 'NONE', exportTo = [], workloadSelector } = spec;
  return JSON.stringify([
    resolution,
    [...exportTo].sort(),
    formatLabels(workloadSelector?.labels ?? {}),
    formatLabels(meta.labels),
  ]);
}
