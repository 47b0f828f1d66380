/** The network filters that listeners may name. */

import type { NetworkFilterKind } from './listeners/network-filter.ts';
import { connectionManagerKind } from './http/connection-manager.ts';
import { HTTP_FILTERS } from './http-filters/filters.ts';
import { TCP_KINDS } from './tcp/kinds.ts';

/** `healthCheckFailed`: whether the proxy was told to fail its health checks. */
export function networkFilters(healthCheckFailed: () => boolean): readonly NetworkFilterKind[] {
  return [...TCP_KINDS, connectionManagerKind(HTTP_FILTERS, healthCheckFailed)];
}
