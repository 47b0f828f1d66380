/** The status of objects, kept by one of several controllers: whichever has the lease. */

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Log } from '../../base/log.ts';
import type { Access } from '../../kube/access.ts';
import { KubeClient } from '../../kube/client.ts';
import { LeaseHolder, type LeaseTimes } from '../../kube/lease.ts';
import { setTimeout as wait } from 'node:timers/promises';
import { joinProblems, type ProblemMap, StatusReports } from './reports.ts';
import { type StatusOptions, StatusWriter } from './writer.ts';

export interface KeeperOptions extends Pick<StatusOptions, 'state' | 'every'> {
  /** What is wrong with objects, as this controller knows it. */
  readonly problems: () => ProblemMap;
  readonly access: Access;
  /** Where the lease is: the control plane's own namespace. */
  readonly namespace: string;
  readonly log: Log;
  readonly leaseTimes?: LeaseTimes;
}

/** Istio's name for it, so that of control planes side by side one writes. */
const LEASE = 'istio-status-leader';
/** Milliseconds between two reports of what this controller hears. */
const REPORT_EVERY = 2_000;

export class StatusKeeper {
  readonly #options: KeeperOptions;
  readonly #holder: LeaseHolder;
  readonly #reports: StatusReports;
  readonly #stopping = new AbortController();
  readonly #running: Promise<unknown>;
  #problem = '';

  /** Begins to report, and to try for the lease. */
  constructor(options: KeeperOptions) {
    this.#options = options;
    const { access, namespace, log, leaseTimes, problems } = options;
    const client = new KubeClient(access);
    const run = randomUUID();
    const identity = `${process.env['POD_NAME'] ?? hostname()}_${run}`;
    this.#reports = new StatusReports({ client, namespace, identity: run });
    this.#holder = new LeaseHolder(client, {
      namespace,
      name: LEASE,
      identity,
      ...(leaseTimes === undefined ? {} : { times: leaseTimes }),
      onProblem: (reason) =>
        log.warn('the lease for writing statuses cannot be had', { lease: LEASE, reason }),
    });
    const writer = new StatusWriter({
      ...options,
      client,
      problems: async (signal) => joinProblems([problems(), ...(await this.#fromOthers(signal))]),
    });
    const { signal } = this.#stopping;
    this.#running = Promise.all([
      this.#report(signal),
      this.#holder.run(signal, async (held) => {
        log.info('this controller writes statuses', { lease: `${namespace}/${LEASE}`, identity });
        await writer.run(held);
        log.info('this controller no longer writes statuses', { lease: `${namespace}/${LEASE}` });
      }),
    ]);
  }

  get isHolder(): boolean {
    return this.#holder.isHolder;
  }

  /** Gives the lease back. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#reports.withdraw();
  }

  async #report(signal: AbortSignal): Promise<void> {
    const { problems, every = REPORT_EVERY } = this.#options;
    while (!signal.aborted) {
      await wait(every, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      // Who writes knows what it heard itself.
      const told = this.#holder.isHolder ? new Map() : problems();
      await this.#attempt(() => this.#reports.publish(told, signal), signal);
    }
  }

  async #fromOthers(signal: AbortSignal): Promise<Awaited<ReturnType<StatusReports['read']>>> {
    return (await this.#attempt(() => this.#reports.read(signal), signal)) ?? [];
  }

  async #attempt<Result>(ask: () => Promise<Result>, signal: AbortSignal): Promise<Result | undefined> {
    try {
      const result = await ask();
      this.#problem = '';
      return result;
    } catch (error) {
      const { message } = error as Error;
      if (!signal.aborted && message !== this.#problem) {
        this.#problem = message;
        this.#options.log.warn('controllers cannot tell one another of problems', { reason: message });
      }
      return undefined;
    }
  }
}
