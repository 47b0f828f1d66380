/** The network filters that listeners may name. */

import type { NetworkFilterKind } from './listeners/network-filter.ts';

export const NETWORK_FILTERS: readonly NetworkFilterKind[] = [];
