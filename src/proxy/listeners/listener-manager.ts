/** The listeners in force: binds their addresses, and gives each connection to the filter chain that takes it. */

import { equals } from '@bufbuild/protobuf';
import type { Socket } from 'node:net';
import type { AccessLog } from '../../xds/proto/generated/envoy/config/accesslog/v3/accesslog_pb.js';
import {
  type Listener,
  ListenerSchema,
} from '../../xds/proto/generated/envoy/config/listener/v3/listener_pb.js';
import { type Place, placeText } from '../address.ts';
import { InvalidConfigError, checkDurations } from '../config-error.ts';
import type { StatsScope } from '../stats/stats.ts';
import type { AccessLogger } from '../stream-info.ts';
import type { SecretSource } from '../tls/secrets.ts';
import type { Clusters } from '../upstream/types.ts';
import { Acceptor, acceptorKey } from './acceptor.ts';
import { type BindOptions, reusesPort } from './bind-options.ts';
import { logUnplaced, track } from './connection-tracking.ts';
import type { ListenerInfo } from './connection.ts';
import { runFilters } from './listener-filters.ts';
import { ListenerVersion, type VersionOptions, directionOf } from './listener-version.ts';
import { type ManagerStats, managerStats } from './manager-stats.ts';
import type { ExtensionConfigs, NetworkFilterKind, NodeInfo, Routes } from './network-filter.ts';
import { type PendingConnection, pendingConnection } from './pending-connection.ts';

export interface ListenerManagerOptions {
  /** All statistics: listeners take `listener.ADDRESS.`, the manager `listener_manager.`. */
  readonly stats: StatsScope;
  readonly kinds: readonly NetworkFilterKind[];
  readonly clusters: Clusters;
  readonly routes: Routes;
  readonly extensions?: ExtensionConfigs | undefined;
  readonly node: NodeInfo;
  accessLogs(logs: readonly AccessLog[]): AccessLogger | undefined;
  /** A whole number from 0 to 2^32 - 1. */
  readonly random?: () => number;
  readonly secrets?: SecretSource | undefined;
  /** Milliseconds that connections of what is gone may go on; Envoy's `--drain-time-s`, 600 s. */
  readonly drainTime?: number;
  /**
   * Which addresses are bound: all of them; those that sockets can share, in a process beside the one that has all; or
   * none, when the configuration is only looked at.
   */
  readonly binds?: 'all' | 'shared' | 'none';
  /** A listener that was taken cannot come into force: somebody else listens at its address by now. */
  onFailure?(listener: string, error: Error): void;
  /** How many connections a listener may have at once, by its name; undefined for as many as come. */
  readonly connectionLimit?: (listener: string) => number | undefined;
}

/** A listener in force, for the administration interface. */
export interface ActiveListener {
  readonly name: string;
  readonly message: Listener;
  /** With the ports that were bound. Empty for one that others hand connections to. */
  readonly places: readonly Place[];
}

interface Warming {
  readonly version: ListenerVersion;
  /** Bound for it alone. */
  readonly fresh: readonly Acceptor[];
  readonly done: Promise<void>;
}

interface Entry {
  active: ListenerVersion | undefined;
  warming: Warming | undefined;
  acceptors: readonly Acceptor[];
}

export class ListenerManager {
  readonly #options: ListenerManagerOptions;
  readonly #versionOptions: VersionOptions;
  readonly #entries = new Map<string, Entry>();
  /** Of the listeners in force, by where they are. */
  readonly #byAddress = new Map<string, ListenerVersion>();
  readonly #stats: ManagerStats;
  readonly #drainTime: number;
  #draining = 0;
  /** Of listeners that have just gone: one with another name may come for the address in the same push. */
  #leaving: Acceptor[] = [];
  #stopped: 'none' | 'inbound' | 'all' = 'none';

  constructor(options: ListenerManagerOptions) {
    this.#options = options;
    this.#stats = managerStats(options.stats.scope('listener_manager.'));
    this.#drainTime = options.drainTime ?? 600_000;
    this.#versionOptions = {
      stats: options.stats,
      kinds: new Map(options.kinds.map((kind) => [kind.typeName, kind])),
      secrets: options.secrets,
      contextOf: (listener) => ({
        listener,
        clusters: options.clusters,
        routes: options.routes,
        extensions: options.extensions,
        stats: options.stats,
        node: options.node,
        accessLogs: (logs) => options.accessLogs(logs),
        random: options.random ?? randomNumber,
      }),
    };
  }

  /**
   * Adds a listener, or replaces one: the old one goes on until the new one is warm. Throws an `UnsupportedError`,
   * `InvalidConfigError` or `BindError` for what cannot be put into force; nothing has changed then. `warm` tells when it is
   * in force.
   */
  put(message: Listener): void {
    const { name } = message;
    if (name === '') throw new InvalidConfigError('listener.name', 'empty');
    checkDurations(`listener ${name}`, message);
    const entry = this.#entries.get(name) ?? { active: undefined, warming: undefined, acceptors: [] };
    const newest = entry.warming?.version ?? entry.active;
    if (newest !== undefined && equals(ListenerSchema, newest.message, message)) return;
    // As in Envoy, who was told to stop listening does not begin anew.
    if (this.#isStopped(directionOf(message))) return;
    const version = new ListenerVersion(message, this.#versionOptions, entry.active);
    let fresh: readonly Acceptor[];
    try {
      this.#check(version, newest);
      fresh = this.#bind(entry, version);
    } catch (error) {
      version.discard(entry.active);
      throw error;
    }
    (newest === undefined ? this.#stats.added : this.#stats.modified).value++;
    if (entry.active?.keepsChainsFor(message) === true) this.#stats.updatedInPlace.value++;
    dropWarming(entry);
    this.#entries.set(name, entry);
    const done = this.#bringUp(entry, version, fresh);
    // `warm` hands the failure on; nobody may be asking.
    done.catch(() => undefined);
    entry.warming = { version, fresh, done };
    this.#count();
  }

  /** Its connections drain, and are closed when the drain time is over. */
  remove(name: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    this.#entries.delete(name);
    this.#stats.removed.value++;
    dropWarming(entry);
    this.#leave(entry.acceptors);
    if (entry.active !== undefined) this.#retire(entry.active, undefined);
    this.#count();
  }

  /** They close at the end of this turn, unless they are taken over until then. */
  #leave(acceptors: readonly Acceptor[]): void {
    if (acceptors.length === 0) return;
    if (this.#leaving.length === 0) setImmediate(() => this.#closeLeaving());
    for (const acceptor of acceptors) acceptor.handTo(undefined);
    this.#leaving.push(...acceptors);
  }

  #closeLeaving(): void {
    for (const acceptor of this.#leaving.splice(0)) acceptor.close();
  }

  /** The first listeners are in force: agents that wait for `workers_started` may go on. */
  started(): void {
    this.#stats.workersStarted.value = 1;
  }

  /** Resolves when the newest version is in force or there is no such listener; rejects when it cannot listen. */
  async warm(name: string): Promise<void> {
    for (let last: unknown; ;) {
      const warming = this.#entries.get(name)?.warming;
      if (warming === undefined || warming === last) return;
      last = warming;
      await warming.done;
    }
  }

  /** The listeners in force. */
  get active(): readonly ActiveListener[] {
    return [...this.#entries].flatMap(([name, { active, acceptors }]) =>
      active === undefined
        ? []
        : [{ name, message: active.message, places: acceptors.flatMap(({ bound }) => bound ?? []) }],
    );
  }

  get warming(): readonly Listener[] {
    return [...this.#entries.values()].flatMap(({ warming }) => warming?.version.message ?? []);
  }

  /** Connections of all listeners, or of those for requests to the workload, are told to end; nobody is refused. */
  drainAll(direction: 'all' | 'inbound' = 'all'): void {
    for (const { active } of this.#entries.values()) {
      if (active === undefined || (direction === 'inbound' && active.info.direction !== 'inbound')) continue;
      for (const chain of active.chains) chain.drainState.drain();
    }
  }

  /** Takes no more connections, and no listeners; connections that are there go on. */
  stopListening(direction: 'all' | 'inbound' = 'all'): void {
    if (this.#stopped !== 'all') this.#stopped = direction;
    for (const [name, entry] of this.#entries) {
      const version = entry.active ?? entry.warming?.version;
      if (direction === 'inbound' && version?.info.direction !== 'inbound') continue;
      dropWarming(entry);
      if (entry.active === undefined) this.#entries.delete(name);
      for (const acceptor of entry.acceptors) acceptor.close();
      if (entry.acceptors.length > 0) this.#stats.stopped.value++;
      entry.acceptors = [];
    }
    this.#count();
  }

  /** Connections that are open, over all listeners, with those that still drain. */
  get connections(): number {
    let sum = 0;
    for (const { active } of this.#entries.values()) sum += active?.stats.active.value ?? 0;
    return sum;
  }

  /** Ends everything at once. */
  close(): void {
    this.#closeLeaving();
    for (const entry of this.#entries.values()) {
      for (const acceptor of entry.acceptors) acceptor.close();
      dropWarming(entry);
      entry.active?.close();
    }
    this.#entries.clear();
    this.#byAddress.clear();
  }

  async #bringUp(entry: Entry, version: ListenerVersion, fresh: readonly Acceptor[]): Promise<void> {
    try {
      await version.warm;
      if (!this.#isNewest(entry, version)) return;
      await Promise.all(fresh.map((acceptor) => acceptor.listen()));
    } catch (error) {
      if (this.#isNewest(entry, version)) {
        dropWarming(entry);
        this.#stats.createFailure.value++;
        if (entry.active === undefined) this.#entries.delete(version.name);
        this.#count();
        this.#options.onFailure?.(version.name, error as Error);
      }
      throw error;
    }
    if (this.#isNewest(entry, version)) this.#activate(entry, version, fresh);
  }

  #isNewest(entry: Entry, version: ListenerVersion): boolean {
    return this.#entries.get(version.name) === entry && entry.warming?.version === version;
  }

  #isStopped(direction: ListenerInfo['direction']): boolean {
    return this.#stopped === 'all' || this.#stopped === direction;
  }

  /** Takes the addresses that the listener does not have yet. */
  #bind(entry: Entry, version: ListenerVersion): readonly Acceptor[] {
    const { binds = 'all' } = this.#options;
    if (!version.bindsToPort || binds === 'none') return [];
    const have = new Set(entry.acceptors.map(({ key }) => key));
    const fresh: Acceptor[] = [];
    try {
      for (const { place, options } of version.places) {
        if (have.has(acceptorKey(place, options))) continue;
        if (binds === 'shared' && !options.reusePort) continue;
        fresh.push(this.#takeOver(place, options) ?? new Acceptor(place, options));
      }
    } catch (error) {
      this.#stats.createFailure.value++;
      for (const acceptor of fresh) acceptor.close();
      throw error;
    }
    return fresh;
  }

  /** The socket of a listener that has just gone. */
  #takeOver(place: Place, options: BindOptions): Acceptor | undefined {
    const key = acceptorKey(place, options);
    const index = this.#leaving.findIndex((one) => one.key === key && one.sharesPort === options.reusePort);
    return index < 0 ? undefined : this.#leaving.splice(index, 1)[0];
  }

  #activate(entry: Entry, version: ListenerVersion, fresh: readonly Acceptor[]): void {
    const keys = new Set(version.places.map(({ place, options }) => acceptorKey(place, options)));
    const kept = version.bindsToPort ? entry.acceptors.filter(({ key }) => keys.has(key)) : [];
    for (const acceptor of entry.acceptors) if (!kept.includes(acceptor)) acceptor.close();
    entry.acceptors = [...kept, ...fresh];
    const before = entry.active;
    entry.active = version;
    entry.warming = undefined;
    this.#stats.createSuccess.value++;
    if (before !== undefined) this.#retire(before, version);
    for (const { place } of version.places) this.#byAddress.set(placeText(place), version);
    this.#count();
    for (const acceptor of fresh) {
      acceptor.handTo((socket) => {
        if (entry.active !== undefined) this.#accept(entry.active, acceptor, socket);
        else socket.destroy();
      });
    }
  }

  #retire(version: ListenerVersion, next: ListenerVersion | undefined): void {
    for (const { place } of version.places) {
      const key = placeText(place);
      if (this.#byAddress.get(key) === version) this.#byAddress.delete(key);
    }
    this.#draining++;
    version.retire(next, this.#drainTime, () => {
      this.#draining--;
      this.#count();
    });
  }

  #check(version: ListenerVersion, before: ListenerVersion | undefined): void {
    if (before !== undefined && reusesPort(before.message) !== reusesPort(version.message)) {
      throw new InvalidConfigError(
        `listener ${version.name}.enable_reuse_port`,
        'cannot be changed during an update',
      );
    }
    for (const { place } of version.places) {
      if (place.kind === 'ip' && place.port === 0) continue;
      for (const [name, { active, warming }] of this.#entries) {
        if (name === version.name) continue;
        const others = (warming?.version ?? active)?.places ?? [];
        if (others.some((one) => placeText(one.place) === placeText(place))) {
          throw new InvalidConfigError(
            `listener ${version.name}.address`,
            `listener ${name} has ${placeText(place)} already`,
          );
        }
      }
    }
  }

  #accept(version: ListenerVersion, acceptor: Acceptor, socket: Socket): void {
    // Whatever goes wrong with a connection shows as its end.
    socket.on('error', () => undefined);
    const limit = this.#options.connectionLimit?.(version.name);
    if (limit !== undefined && version.stats.active.value >= limit) {
      version.stats.overflow.value++;
      socket.destroy();
      return;
    }
    this.#inspect(version, pendingConnection(socket, acceptor.transparent, acceptor.path), version.handsOver);
  }

  #inspect(version: ListenerVersion, pending: PendingConnection, handsOver: boolean): void {
    const { stats } = version;
    if (version.filters.length === 0) {
      this.#place(version, pending, handsOver);
      return;
    }
    stats.pending.value++;
    runFilters(version.filters, pending, version.filtersTimeout, (outcome) => {
      stats.pending.value--;
      if (outcome === 'timeout') stats.pendingTimeout.value++;
      if (outcome === 'close') stats.remoteClose.value++;
      if (outcome === 'done' || (outcome === 'timeout' && version.continuesOnTimeout)) {
        this.#place(version, pending, handsOver);
      } else {
        pending.socket.destroy();
      }
    });
  }

  #place(version: ListenerVersion, pending: PendingConnection, handsOver: boolean): void {
    const other = handsOver && pending.restored ? this.#listenerAt(pending.local) : undefined;
    if (other !== undefined && other !== version) {
      this.#inspect(other, pending, false);
      return;
    }
    const chain = version.find(pending);
    if (chain === undefined) {
      version.stats.noChain.value++;
      logUnplaced(version, pending);
      pending.socket.destroy();
      return;
    }
    track(version, chain, pending);
    chain.take(pending);
  }

  /** The listener of exactly that address, else the one of all addresses at that port. */
  #listenerAt(place: Place): ListenerVersion | undefined {
    const exact = this.#byAddress.get(placeText(place));
    if (exact !== undefined || place.kind === 'pipe') return exact;
    const { port } = place;
    const ofV4 = this.#byAddress.get(`0.0.0.0:${port}`);
    return place.ip.includes(':') ? (this.#byAddress.get(`[::]:${port}`) ?? ofV4) : ofV4;
  }

  #count(): void {
    let warming = 0;
    let active = 0;
    for (const entry of this.#entries.values()) {
      if (entry.warming !== undefined) warming++;
      if (entry.active !== undefined) active++;
    }
    this.#stats.warming.value = warming;
    this.#stats.active.value = active;
    this.#stats.draining.value = this.#draining;
  }
}

/** A version that never came into force goes, and with it what was bound for it. */
function dropWarming(entry: Entry): void {
  for (const acceptor of entry.warming?.fresh ?? []) acceptor.close();
  entry.warming?.version.discard(entry.active);
  entry.warming = undefined;
}

function randomNumber(): number {
  return Math.floor(Math.random() * 2 ** 32);
}
