/** Endpoints that names stand for, asked for again and again. */

import { isIP } from 'node:net';
import type { Place } from '../../address.ts';
import { InvalidConfigError } from '../../config-error.ts';
import { LONGEST_WAIT } from '../../route/milliseconds.ts';
import type { AssignedEndpoint, Assignment } from '../assignment.ts';
import type { CountMembership } from '../cluster-stats.ts';
import type { DnsAddress } from '../dns/resolver.ts';
import type { DnsSettings } from '../dns/settings.ts';
import type { EndpointSpec } from '../host.ts';
import type { Discovery, OnDiscovered } from './discovery.ts';

/** One endpoint for each address of each name. */
export function strictDns(assignment: Assignment, settings: DnsSettings, count: CountMembership): Discovery {
  const rows = assignment.endpoints.map((endpoint) => ({ endpoint, addresses: [] as readonly DnsAddress[] }));
  let report: OnDiscovered | undefined;
  const tell = () => {
    report?.(
      rows.flatMap(({ endpoint, addresses }) => {
        const { target, ...rest } = endpoint;
        if (target.kind !== 'name') return [{ ...rest, place: target }];
        return addresses.map(({ ip }) => specAt(endpoint, ip, target.port));
      }),
      assignment,
    );
  };
  const watches = rows.flatMap((row) => {
    const { target } = row.endpoint;
    if (target.kind !== 'name') return [];
    return new NameWatch(target.name, settings, count, (addresses) => {
      if (addresses !== undefined) row.addresses = addresses;
      tell();
    });
  });
  return {
    edsName: undefined,
    isIdle: false,
    start: (onDiscovered) => {
      report = onDiscovered;
      if (watches.length === 0) tell();
      for (const watch of watches) watch.start();
    },
    close: () => {
      report = undefined;
      for (const watch of watches) watch.close();
    },
  };
}

/** One endpoint, whatever the address: new connections go to the first that the name has now. */
export function logicalDns(
  owner: string,
  assignment: Assignment,
  settings: DnsSettings,
  count: CountMembership,
): Discovery {
  const [endpoint] = assignment.endpoints;
  if (endpoint === undefined || assignment.endpoints.length > 1) {
    throw new InvalidConfigError(`${owner}.load_assignment`, 'type LOGICAL_DNS takes exactly one endpoint');
  }
  const { target } = endpoint;
  if (target.kind === 'pipe') throw new InvalidConfigError(`${owner}.load_assignment`, 'a path has no name');
  const key = target.kind === 'name' ? `${target.name}:${target.port}` : undefined;
  let report: OnDiscovered | undefined;
  const tell = (ip: string | undefined) =>
    report?.(ip === undefined ? [] : [{ ...specAt(endpoint, ip, target.port), key }], assignment);
  const watch =
    target.kind === 'name'
      ? new NameWatch(target.name, settings, count, (addresses) => {
          if (addresses !== undefined) ip = addresses[0]?.ip;
          tell(ip);
        })
      : undefined;
  let ip = target.kind === 'ip' ? target.ip : undefined;
  return {
    edsName: undefined,
    isIdle: false,
    start: (onDiscovered) => {
      report = onDiscovered;
      if (watch === undefined) tell(ip);
      else watch.start();
    },
    close: () => {
      report = undefined;
      watch?.close();
    },
  };
}

function specAt(endpoint: AssignedEndpoint, ip: string, port: number): EndpointSpec {
  const { target: _target, ...rest } = endpoint;
  const place: Place = { kind: 'ip', ip, port };
  const { checkPlace } = rest;
  return {
    ...rest,
    place,
    checkPlace: checkPlace?.kind === 'ip' && isIP(checkPlace.ip) === 0 ? { ...checkPlace, ip } : checkPlace,
  };
}

/** Asks for the addresses of one name, until it is closed. */
class NameWatch {
  readonly #name: string;
  readonly #settings: DnsSettings;
  readonly #count: CountMembership;
  readonly #onAnswer: (addresses: readonly DnsAddress[] | undefined) => void;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #isClosed = false;

  /** `onAnswer` hears undefined when nothing could be found out, and what was known stays. */
  constructor(
    name: string,
    settings: DnsSettings,
    count: CountMembership,
    onAnswer: (addresses: readonly DnsAddress[] | undefined) => void,
  ) {
    this.#name = name;
    this.#settings = settings;
    this.#count = count;
    this.#onAnswer = onAnswer;
  }

  start(): void {
    void this.#ask();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #ask(): Promise<void> {
    const { resolver, families } = this.#settings;
    this.#count('update_attempt');
    let addresses: readonly DnsAddress[] | undefined;
    try {
      addresses = await resolver.resolve(this.#name, families);
      this.#count('update_success');
      this.#failures = 0;
    } catch {
      this.#count('update_failure');
      this.#failures++;
    }
    if (this.#isClosed) return;
    this.#onAnswer(addresses);
    this.#timer = setTimeout(() => void this.#ask(), Math.min(this.#wait(addresses), LONGEST_WAIT)).unref();
  }

  #wait(addresses: readonly DnsAddress[] | undefined): number {
    const { refreshRate, failureRate, respectsTtl } = this.#settings;
    if (addresses === undefined) {
      const ceiling = Math.min(failureRate.max, failureRate.base * 2 ** Math.min(30, this.#failures - 1));
      // Between the base and what it has grown to, so that proxies do not ask all at once.
      return failureRate.base + Math.random() * (ceiling - failureRate.base);
    }
    const shortest = Math.min(...addresses.flatMap(({ ttl }) => ttl ?? []));
    return respectsTtl && Number.isFinite(shortest) && shortest > 0 ? shortest * 1000 : refreshRate;
  }
}
