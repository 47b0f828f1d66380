/** Endpoints that come as they are asked for, and go when nobody asks any more. */

import type { Place } from '../../address.ts';
import { Endpoint, NO_LOCALITY } from '../host.ts';
import type { Membership } from '../membership.ts';

export class PassingHosts {
  readonly #hosts: Membership;
  readonly #cleanupInterval: number;
  readonly #used = new Set<Endpoint>();
  #timer: NodeJS.Timeout | undefined;

  /** `cleanupInterval`: milliseconds that an endpoint stays without being asked for; twice that at most. */
  constructor(hosts: Membership, cleanupInterval: number) {
    this.#hosts = hosts;
    this.#cleanupInterval = cleanupInterval;
  }

  /** The endpoint of that key; what it is known by is its address where nothing else was said when it was added. */
  find(key: string): Endpoint | undefined {
    return this.#hosts.find(key);
  }

  /** It has been asked for. */
  use(host: Endpoint): Endpoint {
    this.#used.add(host);
    return host;
  }

  add(place: Place, hostname = '', key?: string): Endpoint {
    const host = new Endpoint({
      place,
      hostname,
      weight: 1,
      priority: 0,
      locality: NO_LOCALITY,
      metadata: undefined,
      flags: 0,
      checkPlace: undefined,
      checkHostname: '',
      isChecked: false,
    });
    this.#hosts.add(host, key);
    // Nothing to do while there are no endpoints.
    this.#timer ??= setTimeout(() => this.#cleanUp(), this.#cleanupInterval).unref();
    return host;
  }

  remove(host: Endpoint): void {
    this.#hosts.remove(host);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  /** Endpoints that nobody asked for since the last time, and that no connection goes to, are forgotten. */
  #cleanUp(): void {
    this.#timer = undefined;
    for (const host of this.#hosts.hosts) {
      if (!this.#used.has(host) && host.stats.cxActive === 0) this.#hosts.remove(host);
    }
    this.#used.clear();
    if (this.#hosts.size > 0) this.#timer = setTimeout(() => this.#cleanUp(), this.#cleanupInterval).unref();
  }
}
