/** The network filters that listeners may name. */

import type { NetworkFilterKind } from './listeners/network-filter.ts';
import { TCP_KINDS } from './tcp/kinds.ts';

export const NETWORK_FILTERS: readonly NetworkFilterKind[] = [...TCP_KINDS];
