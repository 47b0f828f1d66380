/** `mesh proxy-config ecds`: filters that the proxy discovers by name. */

import { tabwriter } from '../output/tabwriter.ts';
import { compareTexts } from './cluster-name.ts';
import type { ConfigDump } from './dump.ts';
import { field, text } from './fields.ts';

const PADDING = 5;

/** All sections put into one. */
export function ecdsDump(dump: ConfigDump): { readonly ecds_filters: readonly unknown[] } {
  return { ecds_filters: [...dump.entriesOfAll('EcdsConfigDump', 'ecds_filters')] };
}

export function ecdsTable(dump: ConfigDump): string {
  const rows = ecdsDump(dump)
    .ecds_filters.map((entry) => field(entry, 'ecds_filter'))
    .map((filter) => ({
      name: text(filter, 'name'),
      type: text(filter, 'typed_config', '@type').replace(/^type\.googleapis\.com\//, ''),
    }))
    .sort((one, other) => compareTexts(one.type, other.type) || compareTexts(one.name, other.name))
    .map(({ name, type }) => [name, type]);
  return tabwriter([['ECDS NAME', 'TYPE'], ...rows], PADDING);
}
