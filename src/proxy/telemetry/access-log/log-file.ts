/** A file that lines are written to: gathered, written in pieces in the background, bounded, and opened anew on demand. */

import { closeSync, openSync, write, writeSync } from 'node:fs';
import type { Counter, StatsScope } from '../../stats/stats.ts';

/** Characters that are gathered before they are written, unless the time comes first. */
const PIECE = 64 * 1024;
/** Milliseconds that a line may wait. */
const WAIT = 1000;
/** Characters that may wait for a slow disk or reader; lines beyond are dropped and counted. */
const MOST = 16 * 1024 * 1024;

interface FileStats {
  readonly writeBuffered: Counter;
  readonly writeCompleted: Counter;
  readonly writeFailed: Counter;
  readonly flushedByTimer: Counter;
  readonly reopenFailed: Counter;
}

/** https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/stats */
export function fileStats(stats: StatsScope): FileStats {
  return {
    writeBuffered: stats.counter('filesystem.write_buffered'),
    writeCompleted: stats.counter('filesystem.write_completed'),
    writeFailed: stats.counter('filesystem.write_failed'),
    flushedByTimer: stats.counter('filesystem.flushed_by_timer'),
    reopenFailed: stats.counter('filesystem.reopen_failed'),
  };
}

export class LogFile {
  readonly #path: string;
  readonly #stats: FileStats;
  #descriptor: number;
  #gathered = '';
  /** What is being written now, and how far that has come. */
  #inWork: Buffer | undefined;
  #written = 0;
  #timer: NodeJS.Timeout | undefined;
  #reopen = false;
  #closed = false;
  #idle: (() => void)[] = [];

  /** Throws the error of the file system when the file cannot be written to. */
  constructor(path: string, stats: FileStats) {
    this.#path = path;
    this.#stats = stats;
    this.#descriptor = open(path);
  }

  /** Of Latin-1 text. */
  append(line: string): void {
    if (this.#gathered.length + line.length > MOST) {
      this.#stats.writeFailed.value++;
      return;
    }
    this.#stats.writeBuffered.value++;
    this.#gathered += line;
    if (this.#gathered.length >= PIECE) this.#begin();
    else this.#timer ??= setTimeout(() => this.#onTimer(), WAIT).unref();
  }

  /** After the file was moved away: the next lines go to a new one of that name. */
  reopen(): void {
    this.#reopen = true;
    if (this.#inWork === undefined) this.#openAnew();
  }

  /** All lines until now are in the file. */
  flush(): Promise<void> {
    this.#begin();
    if (this.#inWork === undefined) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** At the end of the process: what is left is written at once. */
  flushNow(): void {
    if (this.#closed) return;
    const rest = [
      this.#inWork?.subarray(this.#written) ?? Buffer.alloc(0),
      Buffer.from(this.#gathered, 'latin1'),
    ];
    this.#gathered = '';
    this.#inWork = undefined;
    let bytes = Buffer.concat(rest);
    try {
      while (bytes.length > 0) bytes = bytes.subarray(writeSync(this.#descriptor, bytes));
    } catch {
      // A full disk, or a reader that is gone: nobody is left to be told.
      this.#stats.writeFailed.value++;
    }
  }

  async close(): Promise<void> {
    await this.flush();
    clearTimeout(this.#timer);
    if (!this.#closed && this.#descriptor > 2) closeSync(this.#descriptor);
    this.#closed = true;
  }

  #onTimer(): void {
    this.#timer = undefined;
    this.#stats.flushedByTimer.value++;
    this.#begin();
  }

  #begin(): void {
    if (this.#inWork !== undefined || this.#gathered === '' || this.#closed) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#inWork = Buffer.from(this.#gathered, 'latin1');
    this.#written = 0;
    this.#gathered = '';
    this.#writeOn();
  }

  #writeOn(): void {
    const bytes = this.#inWork;
    if (bytes === undefined) return;
    write(this.#descriptor, bytes, this.#written, (error, count) => {
      // `flushNow` has taken it over.
      if (this.#inWork !== bytes) return;
      if (error?.code === 'EAGAIN') {
        // A pipe whose reader is slow.
        setTimeout(() => this.#writeOn(), 10).unref();
        return;
      }
      this.#written += error === null ? count : bytes.length;
      if (error !== null) this.#stats.writeFailed.value++;
      if (this.#written < bytes.length) {
        this.#writeOn();
        return;
      }
      if (error === null) this.#stats.writeCompleted.value++;
      this.#inWork = undefined;
      if (this.#reopen) this.#openAnew();
      this.#begin();
      if (this.#inWork === undefined) for (const resolve of this.#idle.splice(0)) resolve();
    });
  }

  #openAnew(): void {
    this.#reopen = false;
    if (this.#closed || this.#descriptor <= 2) return;
    try {
      const next = open(this.#path);
      closeSync(this.#descriptor);
      this.#descriptor = next;
    } catch {
      // The old one stays in use, as in Envoy.
      this.#stats.reopenFailed.value++;
    }
  }
}

/** The process's own output and error output have their names. */
function open(path: string): number {
  if (path === '/dev/stdout') return 1;
  if (path === '/dev/stderr') return 2;
  return openSync(path, 'a', 0o644);
}
