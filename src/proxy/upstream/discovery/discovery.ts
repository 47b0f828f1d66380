/** How a cluster comes to its endpoints. */

import type { Assignment } from '../assignment.ts';
import type { EndpointSpec } from '../host.ts';

export type OnDiscovered = (specs: readonly EndpointSpec[], assignment: Assignment) => void;

export interface Discovery {
  /** The name that endpoints are assigned under; undefined when they do not come by EDS. */
  readonly edsName: string | undefined;
  /** Endpoints change by what is assigned only. */
  readonly isIdle: boolean;
  /** Calls back with all endpoints, each time that they may have changed. */
  start(onDiscovered: OnDiscovered): void;
  /** Only where endpoints come by EDS. */
  assign?(assignment: Assignment): void;
  close(): void;
}
