/** The generated types by name, of which only those are made that somebody asks for. */

import {
  type DescEnum,
  type DescExtension,
  type DescFile,
  type DescMessage,
  type DescService,
  type Registry,
  createRegistry,
} from '@bufbuild/protobuf';
import {
  file_google_protobuf_struct as STRUCT,
  file_google_protobuf_wrappers as WRAPPERS,
} from '@bufbuild/protobuf/wkt';
import { FILES } from './generated/files.js';

type Type = DescMessage | DescEnum | DescExtension | DescService;

const WELL_KNOWN = 'google.protobuf';

export class LazyRegistry implements Registry {
  readonly kind = 'registry';
  /** By package. */
  readonly #loaded = new Map<string, Registry>();

  get(name: string): Type | undefined {
    return this.#packageOf(name)?.get(name);
  }

  getMessage(name: string): DescMessage | undefined {
    return this.#packageOf(name)?.getMessage(name);
  }

  getEnum(name: string): DescEnum | undefined {
    return this.#packageOf(name)?.getEnum(name);
  }

  getExtension(name: string): DescExtension | undefined {
    return this.#packageOf(name)?.getExtension(name);
  }

  getService(name: string): DescService | undefined {
    return this.#packageOf(name)?.getService(name);
  }

  /** No message of the API is extended: extensions are options of the descriptors only. */
  getExtensionFor(): undefined {
    return undefined;
  }

  *[Symbol.iterator](): IterableIterator<Type> {
    for (const name of [...FILES.keys(), WELL_KNOWN]) yield* this.#open(name);
  }

  /** The types of the package that such a name would be in; it may stand in a message of it. */
  #packageOf(name: string): Registry | undefined {
    for (let end = name.lastIndexOf('.'); end > 0; end = name.lastIndexOf('.', end - 1)) {
      const found = name.slice(0, end);
      const known = this.#loaded.get(found);
      if (known !== undefined) return known;
      if (found === WELL_KNOWN || FILES.has(found)) return this.#open(found);
    }
    return undefined;
  }

  #open(name: string): Registry {
    let registry = this.#loaded.get(name);
    if (registry === undefined) {
      registry = createRegistry(...filesOf(name));
      this.#loaded.set(name, registry);
    }
    return registry;
  }
}

function filesOf(name: string): readonly DescFile[] {
  return name === WELL_KNOWN ? [STRUCT, WRAPPERS] : (FILES.get(name) ?? []);
}
