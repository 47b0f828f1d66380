/**
 * The last good configuration on disk, for a restart while the controller is away. Only the owner may read it, it
 * is replaced as a whole, and it never holds a secret.
 */

import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { AnySchema, anyUnpack } from '@bufbuild/protobuf/wkt';
import { MeshError } from '../../base/mesh-error.ts';
import { REGISTRY, messageToJson } from '../../xds/proto/registry.ts';
import { holdsSecret } from '../redact.ts';
import type { Logger } from '../process-log.ts';
import { type RawResource, SECRET_TYPE } from './resource-types.ts';
import type { TypeState } from './type-state.ts';

/** Grows when the form changes; a file of another form is passed over. */
const FORM = 1;
const NAME = 'configuration.json';
const MAX_BYTES = 512 * 1024 * 1024;
/** Milliseconds after a change, so that many changes in a row are written once. */
const QUIET = 1000;

export interface SavedStateOptions {
  readonly folder: string;
  /** Another proxy's configuration is not taken. */
  readonly nodeId: string;
  readonly log: Logger;
}

export class SavedState {
  readonly #options: SavedStateOptions;
  readonly #path: string;
  #timer: NodeJS.Timeout | undefined;
  #states: (() => Iterable<TypeState>) | undefined;

  /** Throws a `MeshError` when there can be no such folder. */
  constructor(options: SavedStateOptions) {
    this.#options = options;
    this.#path = join(options.folder, NAME);
    try {
      mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new MeshError('CannotWrite', `cannot keep the configuration: ${(error as Error).message}`, {
        hint: 'Choose another folder with --state-dir.',
        where: { file: options.folder },
        cause: error,
      });
    }
  }

  /** What was saved, by type; empty when there is nothing that this proxy could use. */
  read(): ReadonlyMap<string, readonly RawResource[]> {
    const { log, nodeId } = this.#options;
    let saved: unknown;
    try {
      if (statSync(this.#path).size > MAX_BYTES) throw new Error('it is too large');
      saved = JSON.parse(readFileSync(this.#path, 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        log.warning(`the saved configuration cannot be read: ${(error as Error).message}`);
      }
      return new Map();
    }
    if (!isSaved(saved) || saved.form !== FORM || saved.node !== nodeId) return new Map();
    return new Map(
      Object.entries(saved.types).map(([typeUrl, resources]) => [
        typeUrl,
        resources.map(({ name, version, bytes }) => ({
          name,
          version,
          value: create(AnySchema, { typeUrl, value: Buffer.from(bytes, 'base64') }),
        })),
      ]),
    );
  }

  /** Something changed: writes it all once changes have come to rest. */
  saveSoon(states: () => Iterable<TypeState>): void {
    this.#states = states;
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.saveNow(), QUIET);
    this.#timer.unref();
  }

  /** Writes what has not been written yet. */
  saveNow(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const states = this.#states?.();
    this.#states = undefined;
    if (states === undefined) return;
    const types: Record<string, SavedResource[]> = {};
    for (const { typeUrl, held } of states) {
      if (typeUrl === SECRET_TYPE) continue;
      types[typeUrl] = [...held.values()]
        .filter((one) => !isSecret(one))
        .map(({ name, version, value }) => ({
          name,
          version,
          bytes: Buffer.from(value.value).toString('base64'),
        }));
    }
    const text = JSON.stringify({ form: FORM, node: this.#options.nodeId, types } satisfies Saved);
    const fresh = `${this.#path}.${process.pid}`;
    try {
      writeFileSync(fresh, text, { mode: 0o600 });
      chmodSync(fresh, 0o600);
      renameSync(fresh, this.#path);
    } catch (error) {
      rmSync(fresh, { force: true });
      this.#options.log.warning(`the configuration cannot be saved: ${(error as Error).message}`);
    }
  }
}

interface SavedResource {
  readonly name: string;
  readonly version: string;
  readonly bytes: string;
}

interface Saved {
  readonly form: number;
  readonly node: string;
  readonly types: Readonly<Record<string, readonly SavedResource[]>>;
}

function isSaved(value: unknown): value is Saved {
  if (typeof value !== 'object' || value === null || !('types' in value)) return false;
  const { types } = value;
  if (typeof types !== 'object' || types === null) return false;
  return Object.values(types).every(
    (resources) =>
      Array.isArray(resources) &&
      resources.every(
        (one: Partial<SavedResource> | null) =>
          typeof one?.name === 'string' && typeof one.version === 'string' && typeof one.bytes === 'string',
      ),
  );
}

/** Parts of the names of types that secrets can stand in. */
const HOLDERS = ['transport_sockets.tls', 'basic_auth', 'oauth2', 'credential', 'GenericSecret'];
const known = new WeakMap<object, boolean>();

/** Whether a resource holds a secret itself, instead of the name of one. */
function isSecret({ value }: RawResource): boolean {
  let secret = known.get(value);
  if (secret === undefined) {
    const bytes = Buffer.from(value.value.buffer, value.value.byteOffset, value.value.byteLength);
    secret = HOLDERS.some((holder) => bytes.includes(holder)) && looksSecret(value);
    known.set(value, secret);
  }
  return secret;
}

function looksSecret(value: RawResource['value']): boolean {
  try {
    const message = anyUnpack(value, REGISTRY);
    return message === undefined || holdsSecret(messageToJson(message));
  } catch {
    return true;
  }
}
