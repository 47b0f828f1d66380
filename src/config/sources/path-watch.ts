/** Hears of changes below paths: from the operating system, and by looking now and then where that is silent. */

import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export interface PathWatchOptions {
  /** Milliseconds between two looks, for file systems that tell nothing (networks, replaced links). */
  readonly lookEvery: number;
}

/** Folders that are watched at most; below more than that the timer does it. */
const MAX_FOLDERS = 4096;

/** Milliseconds from the first change to a look at which folders there are. */
const FOLLOW_AFTER = 10;

export class PathWatch {
  readonly #paths: readonly string[];
  readonly #onChange: () => void;
  /** By folder. Node's own recursive watch looks at files only every few seconds. */
  readonly #watchers = new Map<string, { readonly identity: string; readonly watcher: FSWatcher }>();
  readonly #timer: NodeJS.Timeout;
  #soon: NodeJS.Timeout | undefined;

  /** `onChange` may be called when nothing of interest has changed. */
  constructor(paths: readonly string[], options: PathWatchOptions, onChange: () => void) {
    this.#paths = paths;
    this.#onChange = onChange;
    this.#follow();
    this.#timer = setInterval(() => {
      this.#follow();
      onChange();
    }, options.lookEvery);
    this.#timer.unref();
  }

  /** Watches the folders that there are now. */
  #follow(): void {
    const folders = new Map(
      this.#paths.flatMap((path) => watchedFolders(path)).map((folder) => [folder, identityOf(folder)]),
    );
    for (const [folder, { identity, watcher }] of this.#watchers) {
      if (folders.get(folder) === identity) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const [folder, identity] of folders) {
      if (this.#watchers.has(folder) || this.#watchers.size >= MAX_FOLDERS) continue;
      try {
        const watcher = watch(folder, (event) => {
          // Folders come and go by this name.
          if (event === 'rename') this.#followSoon();
          this.#onChange();
        });
        // The folder itself may go; the timer finds it when it comes back.
        watcher.on('error', () => this.#forget(folder, watcher));
        this.#watchers.set(folder, { identity, watcher });
      } catch {
        // Too many watches, or a file system without them: the timer does it alone.
      }
    }
  }

  /** Many files may change at once. */
  #followSoon(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      this.#follow();
    }, FOLLOW_AFTER);
  }

  #forget(folder: string, watcher: FSWatcher): void {
    watcher.close();
    if (this.#watchers.get(folder)?.watcher === watcher) this.#watchers.delete(folder);
  }

  close(): void {
    for (const { watcher } of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
  }
}

/** Tells a folder from another one that has taken its place. */
function identityOf(folder: string): string {
  const stat = statSync(folder, { throwIfNoEntry: false, bigint: true });
  return stat === undefined ? 'missing' : `${stat.dev} ${stat.ino} ${stat.birthtimeNs}`;
}

/** A folder and those in it; of a file the folder that holds it: editors replace files, and the watch of a file ends with it. */
function watchedFolders(path: string): readonly string[] {
  const whole = resolve(path);
  if (statSync(whole, { throwIfNoEntry: false })?.isDirectory() !== true) return [dirname(whole)];
  try {
    const inside = readdirSync(whole, { recursive: true, withFileTypes: true });
    return [
      whole,
      ...inside.filter((entry) => entry.isDirectory()).map(({ parentPath, name }) => join(parentPath, name)),
    ];
  } catch {
    return [whole];
  }
}
