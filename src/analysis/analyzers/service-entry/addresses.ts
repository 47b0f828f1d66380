/** ServiceEntries for TCP: without an address, their traffic cannot be told from that of others. */

import type { Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';

/** Settings of the proxy that give a ServiceEntry an address by itself: the first, with one of the others. */
const CAPTURE = 'ISTIO_META_DNS_CAPTURE';
const ALLOCATE = ['ISTIO_META_DNS_AUTO_ALLOCATE', 'PILOT_ENABLE_IP_AUTOALLOCATE'];

export const analyzer: Analyzer = {
  name: 'serviceentry.Analyzer',
  summary: 'ServiceEntries with TCP ports have addresses',
  reads: ['networking.istio.io/ServiceEntry'],
  messages: [MESSAGES.ServiceEntryAddressesRequired],
  analyze({ snapshot, report }) {
    const settings = snapshot.mesh.config.defaultConfig?.proxyMetadata ?? {};
    if (settings[CAPTURE] === 'true' && ALLOCATE.some((name) => settings[name] === 'true')) return;
    for (const object of snapshot.list('networking.istio.io/ServiceEntry')) {
      const { spec = {}, status = {} } = object.value;
      if ((spec.addresses ?? []).length > 0 || (status.addresses ?? []).length > 0) continue;
      for (const [index, { number = 0, protocol = '' }] of (spec.ports ?? []).entries()) {
        if (protocol !== '' && protocol.toUpperCase() !== 'TCP') continue;
        report(MESSAGES.ServiceEntryAddressesRequired, object, ['spec', 'ports', index], { port: number });
      }
    }
  },
};
