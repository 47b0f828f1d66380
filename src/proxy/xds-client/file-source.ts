/** Resources from a file (`path_config_source`): read at the start and whenever the file is other than before. */

import { type FSWatcher, readFileSync, statSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import { MeshError } from '../../base/mesh-error.ts';
import { DiscoveryResponseSchema } from '../../xds/proto/generated/envoy/service/discovery/v3/discovery_pb.js';
import { readMessage } from '../bootstrap/read-message.ts';
import type { Logger } from '../process-log.ts';
import { STATE_OF_THE_WORLD, stateResponse } from './protocol.ts';
import type { ResourceHandler } from './resource-types.ts';
import { TypeState } from './type-state.ts';

export interface FileSourceOptions {
  readonly path: string;
  /** Whose changes are waited for, in place of the folder that the file is in. */
  readonly watchedFolder: string | undefined;
  readonly typeUrl: string;
  readonly handler: ResourceHandler;
  readonly log: Logger;
}

const MAX_FILE_BYTES = 64 * 1024 * 1024;
/** Milliseconds for the several events of one change. */
const QUIET = 20;

export class FileSource {
  readonly state: TypeState;
  readonly #options: FileSourceOptions;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #text: string | undefined;

  constructor(options: FileSourceOptions) {
    this.#options = options;
    this.state = new TypeState(options.typeUrl, options.handler);
  }

  /** Throws a `MeshError` when there is no such file, or no such folder to watch. */
  check(): void {
    const { path, watchedFolder = path } = this.#options;
    try {
      statSync(path);
      statSync(watchedFolder);
    } catch (error) {
      throw this.#unreadable(error);
    }
  }

  /**
   * Reads the file and goes on to watch it. Throws a `MeshError` when there is no such file; what is wrong inside
   * it is logged, and what was in force stays.
   */
  start(): void {
    const { path, watchedFolder = dirname(path) } = this.#options;
    try {
      statSync(path);
      this.#watcher = watch(watchedFolder, { persistent: false }, () => this.#readSoon());
    } catch (error) {
      throw this.#unreadable(error);
    }
    this.#watcher.on('error', (error) => {
      this.#options.log.error(`cannot watch ${watchedFolder} any longer: ${error.message}`);
    });
    this.#read();
  }

  close(): void {
    this.#watcher?.close();
    clearTimeout(this.#timer);
    this.state.close();
  }

  #unreadable(error: unknown): MeshError {
    return new MeshError('CannotRead', `cannot read the resources: ${(error as Error).message}`, {
      where: { file: this.#options.path },
      cause: error,
    });
  }

  #readSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#read(), QUIET);
  }

  #read(): void {
    const { path, log } = this.#options;
    try {
      if (statSync(path).size > MAX_FILE_BYTES) throw new Error(`more than ${MAX_FILE_BYTES} bytes`);
      const text = readFileSync(path, 'utf8');
      if (text === this.#text) return;
      this.#text = text;
      const response = stateResponse(readMessage(DiscoveryResponseSchema, text, path));
      const { refusals } = this.state.take(response, STATE_OF_THE_WORLD, Date.now(), () => undefined);
      if (refusals.length === 0) this.state.version = response.version;
      for (const { name, reason } of refusals) {
        log.warning(`Filesystem config update rejected: ${path}: ${name === '' ? '' : `${name}: `}${reason}`);
      }
    } catch (error) {
      const { message } = error as Error;
      const field = error instanceof MeshError ? error.where?.field : undefined;
      log.warning(
        `Filesystem config update failure: ${path}: ${field === undefined ? '' : `${field}: `}${message}`,
      );
    }
  }
}
