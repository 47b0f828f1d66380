/** The folder that becomes the archive: bounded, and with a list of what is in it and what is missing. */

import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { cannotWrite } from '../writing.ts';

/** Name of the folder in the archive. */
const ROOT = 'bug-report';

export interface Entry {
  readonly path: string;
  readonly bytes: number;
  /** Its beginning was left out. */
  readonly cut?: true;
}

export interface Missing {
  readonly what: string;
  readonly why: string;
}

export class ReportFolder {
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly entries: Entry[] = [];
  readonly missing: Missing[] = [];
  #bytes = 0;

  private constructor(folder: string, maxBytes: number) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
  }

  /** Makes a folder that only this user can read, below `parent` or where temporary files are. */
  static async make(parent: string | undefined, maxBytes: number): Promise<ReportFolder> {
    try {
      const place = parent ?? tmpdir();
      await mkdir(place, { recursive: true });
      const folder = await mkdtemp(join(place, 'mesh-bug-report-'));
      await mkdir(join(folder, ROOT));
      return new ReportFolder(folder, maxBytes);
    } catch (error) {
      throw cannotWrite(parent ?? tmpdir(), error);
    }
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a file. What would make the report too large is left out and listed so. */
  async add(path: string, text: string, isCut = false): Promise<void> {
    const bytes = Buffer.byteLength(text);
    if (this.#bytes + bytes > this.#maxBytes) {
      this.lacks(path, 'the report has reached its --max-size');
      return;
    }
    this.#bytes += bytes;
    const file = join(this.#folder, ROOT, path);
    try {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text, { mode: 0o600 });
    } catch (error) {
      throw cannotWrite(file, error);
    }
    this.entries.push({ path, bytes, ...(isCut && { cut: true }) });
  }

  lacks(what: string, why: string): void {
    this.missing.push({ what, why });
  }

  /** Writes the archive as a whole: until it is complete, nothing of that name is there. */
  async pack(file: string): Promise<void> {
    const { create } = await import('tar');
    const target = resolve(file);
    const part = `${target}.part`;
    try {
      await mkdir(dirname(target), { recursive: true });
      const archive = create({ gzip: true, portable: true, cwd: this.#folder }, [ROOT]);
      await pipeline(archive, createWriteStream(part, { mode: 0o600 }));
      await rename(part, target);
    } catch (error) {
      await rm(part, { force: true });
      throw cannotWrite(file, error);
    }
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
