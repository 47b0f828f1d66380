/** What the two proxies are asked: configuration, requests, and what of the answers may differ. */

import type { BackendName } from './backends.ts';
import type { Sent } from './client.ts';
import type { JsonMap } from './json.ts';

export interface Question extends Partial<Sent> {
  readonly title?: string;
  /** Orders for the endpoint, as `status=503;times=2`. */
  readonly do?: string;
  /** How many endpoints see it, when that is later than the answer, as mirrored requests. */
  readonly seen?: number;
  /** Headers of the answer or of the request that may differ, each with the reason. */
  readonly excused?: Readonly<Record<string, string>>;
  /** Asked so often, one after the other; what was got and seen is compared as a whole. */
  readonly repeat?: number;
  /** The heading in docs/differences.md under which it stands why the two do not do the same here. */
  readonly differs?: string;
  /**
   * Balancers choose by chance: only how often each answer came must agree, within so many of them. Five standard
   * deviations of a difference, which is twice the variance of one engine's share, are one case in two million.
   */
  readonly within?: number;
}

export type Ports = Readonly<Record<BackendName, number>>;

export interface Scenario {
  readonly title: string;
  /** Routes of a virtual host whose domain is the scenario's own; on the common listener unless `manager` is given. */
  readonly routes?: readonly JsonMap[];
  /** Further fields of the virtual host. */
  readonly host?: JsonMap;
  /** Fields of a connection manager of its own, with a listener of its own. */
  readonly manager?: JsonMap;
  /** Filters before the router, with a listener of their own. */
  readonly filters?: readonly JsonMap[];
  /** In place of HTTP: network filters, and the fields of the listener. */
  readonly network?: (ports: Ports) => readonly JsonMap[];
  readonly listener?: JsonMap;
  /** Clusters beside the common ones. */
  readonly clusters?: (ports: Ports) => readonly JsonMap[];
  readonly questions: readonly Question[];
}

/** The host that the requests of a scenario go to. */
export function hostOf(index: number): string {
  return `s${index}.example`;
}
