/** Finds out that a peer is gone although its connection is not: `connection_keepalive`. */

import { randomBytes } from 'node:crypto';
import { LONGEST_WAIT } from '../route/milliseconds.ts';
import { Timeout } from '../timeout.ts';
import type { KeepaliveSettings } from './options.ts';
import { turnTime } from '../sockets/turn.ts';

export interface KeepaliveOwner {
  ping(payload: Buffer): void;
  onTimeout(): void;
}

export class Keepalive {
  readonly #settings: KeepaliveSettings;
  readonly #owner: KeepaliveOwner;
  #next: NodeJS.Timeout | undefined;
  #limit: Timeout | undefined;
  #lastTraffic = turnTime();

  constructor(settings: KeepaliveSettings, owner: KeepaliveOwner) {
    this.#settings = settings;
    this.#owner = owner;
    this.#plan();
  }

  onTraffic(): void {
    this.#lastTraffic = turnTime();
  }

  onAnswer(): void {
    if (this.#limit === undefined) return;
    this.#limit.clear();
    this.#limit = undefined;
    this.#plan();
  }

  /** The connection is about to be used. */
  wake(): void {
    const { idleInterval } = this.#settings;
    if (idleInterval > 0 && turnTime() - this.#lastTraffic >= idleInterval) this.#ask();
  }

  stop(): void {
    clearTimeout(this.#next);
    this.#limit?.clear();
  }

  #plan(): void {
    const { interval, jitter } = this.#settings;
    clearTimeout(this.#next);
    if (interval === 0) return;
    const wait = Math.min(interval * (1 + Math.random() * jitter), LONGEST_WAIT);
    this.#next = setTimeout(() => this.#ask(), wait);
  }

  #ask(): void {
    if (this.#limit !== undefined) return;
    this.#owner.ping(randomBytes(8));
    this.#limit = new Timeout(this.#settings.timeout, () => this.#owner.onTimeout());
  }
}
