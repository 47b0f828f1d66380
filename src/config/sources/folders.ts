/** Folders and files of manifests as a source: read again when they change. */

import { statSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { MeshError } from '../../base/mesh-error.ts';
import { type AdmissionOptions, type Admitted, admit, type Rejection } from '../admission.ts';
import { objectIdentity } from '../identity.ts';
import type { MeshObject } from '../object.ts';
import { Debouncer, type DebounceTimes } from './debounce.ts';
import { collectFiles, loadFile } from './files.ts';
import { PathWatch } from './path-watch.ts';
import type { ChangeSet, ConfigSource } from './source.ts';

export interface FolderOptions extends AdmissionOptions {
  readonly debounce: DebounceTimes;
  /** Milliseconds between two looks at the files, beside what the operating system tells. */
  readonly lookEvery: number;
}

interface KnownFile extends Admitted {
  /** Changes whenever the file may have changed. */
  readonly stamp: string;
}

export class FolderSource implements ConfigSource {
  readonly name: string;
  /** A folder that cannot be read stands among the rejections. */
  readonly notes = [];
  readonly #paths: readonly string[];
  readonly #options: FolderOptions;
  readonly #debouncer: Debouncer;
  #files: ReadonlyMap<string, KnownFile> = new Map();
  #objects: readonly MeshObject[] = [];
  #byIdentity: ReadonlyMap<string, MeshObject> = new Map();
  /** A folder that cannot be listed; what was read of it before stays in force. */
  #fault: Rejection | undefined;
  #watch: PathWatch | undefined;
  #onChange: (change: ChangeSet) => void = () => {};
  #isReading = false;
  #isOutdated = false;

  constructor(paths: readonly string[], options: FolderOptions) {
    this.name = paths.join(', ');
    this.#paths = paths;
    this.#options = options;
    this.#debouncer = new Debouncer(options.debounce, () => void this.#readAgain());
  }

  get objects(): readonly MeshObject[] {
    return this.#objects;
  }

  get rejections(): readonly Rejection[] {
    const own = this.#fault === undefined ? [] : [this.#fault];
    return [...own, ...[...this.#files.values()].flatMap(({ rejections }) => rejections)];
  }

  async start(onChange: (change: ChangeSet) => void): Promise<void> {
    this.#onChange = onChange;
    // Watching begins first, so that no change falls between reading and watching.
    this.#watch = new PathWatch(this.#paths, this.#options, () => this.#debouncer.trigger());
    try {
      await this.#read(collectFiles(this.#paths).files);
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  stop(): void {
    this.#watch?.close();
    this.#debouncer.cancel();
    this.#onChange = () => {};
  }

  /** Reads what has changed; events that come meanwhile lead to another reading. */
  async #readAgain(): Promise<void> {
    this.#isOutdated = true;
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (this.#isOutdated) {
        this.#isOutdated = false;
        await this.#readOnce();
      }
    } finally {
      this.#isReading = false;
    }
  }

  async #readOnce(): Promise<void> {
    const rejectedBefore = this.rejections;
    let change: ChangeSet = { changed: [], removed: [] };
    try {
      const { files } = collectFiles(this.#paths);
      this.#fault = undefined;
      change = await this.#read(files);
    } catch (error) {
      this.#fault = faultOf(error, this.#objects.length > 0);
    }
    const isSame = change.changed.length === 0 && change.removed.length === 0;
    if (isSame && isDeepStrictEqual(rejectedBefore, this.rejections)) return;
    this.#onChange(change);
  }

  async #read(paths: readonly string[]): Promise<ChangeSet> {
    const files = new Map<string, KnownFile>();
    for (const path of paths) {
      const stamp = stampOf(path);
      const known = this.#files.get(path);
      if (known?.stamp === stamp) {
        files.set(path, known);
        continue;
      }
      const admitted = await admit(loadFile(path), known?.objects ?? [], this.#options);
      files.set(path, { stamp, ...admitted });
    }
    const isSame =
      files.size === this.#files.size && [...files].every(([path, file]) => this.#files.get(path) === file);
    if (isSame) return { changed: [], removed: [] };
    this.#files = files;
    this.#objects = [...files.values()].flatMap(({ objects }) => objects);
    return this.#difference();
  }

  #difference(): ChangeSet {
    const { defaultNamespace } = this.#options;
    const earlier = this.#byIdentity;
    const now = new Map(this.#objects.map((object) => [objectIdentity(object, defaultNamespace), object]));
    this.#byIdentity = now;
    const changed: MeshObject[] = [];
    for (const [id, object] of now) {
      const known = earlier.get(id);
      if (known !== object && !isDeepStrictEqual(known?.value, object.value)) changed.push(object);
    }
    const removed: MeshObject[] = [];
    for (const [id, object] of earlier) if (!now.has(id)) removed.push(object);
    return { changed, removed };
  }
}

/** What tells whether a file is still the same: replaced, written, or a link that leads elsewhere. */
function stampOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stat === undefined ? 'missing' : `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`;
}

function faultOf(error: unknown, isEarlierInForce: boolean): Rejection {
  if (!(error instanceof MeshError)) throw error;
  const { message, where } = error;
  return {
    file: where?.file ?? '',
    line: undefined,
    object: undefined,
    errors: [message],
    isEarlierInForce,
  };
}
