/** Hears of changes below paths: from the operating system, and by looking now and then where that is silent. */

import { type FSWatcher, statSync, watch } from 'node:fs';
import { dirname, resolve } from 'node:path';

export interface PathWatchOptions {
  /** Milliseconds between two looks, for file systems that tell nothing (networks, replaced links). */
  readonly lookEvery: number;
}

export class PathWatch {
  readonly #watchers: FSWatcher[] = [];
  readonly #timer: NodeJS.Timeout;

  /** `onChange` may be called when nothing of interest has changed. */
  constructor(paths: readonly string[], options: PathWatchOptions, onChange: () => void) {
    for (const path of new Set(paths.map(watchedFolder))) {
      try {
        const watcher = watch(path, { recursive: paths.some((one) => resolve(one) === path) }, onChange);
        // The folder itself may go; the timer stays.
        watcher.on('error', () => watcher.close());
        this.#watchers.push(watcher);
      } catch {
        // Too many watches, or a file system without them: the timer does it alone.
      }
    }
    this.#timer = setInterval(onChange, options.lookEvery);
    this.#timer.unref();
  }

  close(): void {
    for (const watcher of this.#watchers) watcher.close();
    clearInterval(this.#timer);
  }
}

/** Files are watched through their folder: editors replace them, and the watch of a file ends with it. */
function watchedFolder(path: string): string {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  return isFolder ? resolve(path) : dirname(resolve(path));
}
