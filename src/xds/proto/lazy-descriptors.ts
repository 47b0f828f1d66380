/**
 * Descriptors of the generated types that are made when something of them is looked at first: a process meets a small
 * part of the Envoy API, and the whole of it takes a quarter of a second and twelve megabytes.
 */

import type { DescEnum, DescExtension, DescFile, DescMessage, DescService } from '@bufbuild/protobuf';
import { enumDesc, extDesc, fileDesc, messageDesc, serviceDesc } from '@bufbuild/protobuf/codegenv2';

/** Asks a descriptor that is made late for the one that it stands for. */
const ITSELF = Symbol('the descriptor itself');

interface Late<Descriptor extends object> {
  make: (() => Descriptor) | undefined;
  made: Descriptor | undefined;
  /** What is asked for most, of types that are never used otherwise. */
  readonly typeName: string | undefined;
}

const HANDLER: ProxyHandler<Late<object>> = {
  get(late, key) {
    if (key === 'typeName' && late.typeName !== undefined) return late.typeName;
    return key === ITSELF ? madeOf(late) : Reflect.get(madeOf(late), key);
  },
  has: (late, key) => Reflect.has(madeOf(late), key),
  ownKeys: (late) => Reflect.ownKeys(madeOf(late)),
  getOwnPropertyDescriptor: (late, key) => {
    const found = Reflect.getOwnPropertyDescriptor(madeOf(late), key);
    // What the stand-in does not have itself it may only say to have in this way.
    return found && { ...found, configurable: true };
  },
};

function madeOf(late: Late<object>): object {
  if (late.made === undefined) {
    late.made = late.make?.() ?? {};
    late.make = undefined;
  }
  return late.made;
}

function lazily<Descriptor extends object>(make: () => Descriptor, typeName?: string): Descriptor {
  const late: Late<Descriptor> = { make, made: undefined, typeName };
  return new Proxy<Late<object>>(late, HANDLER) as Descriptor;
}

function itself<Descriptor extends object>(descriptor: Descriptor): Descriptor {
  return (descriptor as { readonly [ITSELF]?: Descriptor })[ITSELF] ?? descriptor;
}

/** A file of the API: its descriptor in base64, and the files that it imports. */
export function lazyFile(encoded: string, imports: readonly DescFile[] = []): DescFile {
  return lazily(() => fileDesc(encoded, imports.map(importOf)));
}

/**
 * A file as others import it: with what it hands on (`import public`), without the rest. The library goes through all
 * that an import imports, once for each way that leads there, and the ways in the Envoy API are many.
 */
function importOf(file: DescFile): DescFile {
  const { proto, dependencies, ...own } = itself(file);
  const handedOn =
    proto.publicDependency.length > 0 ? dependencies.map((one) => ({ ...one, dependencies: [] })) : [];
  return { ...own, proto, dependencies: handedOn };
}

/** A message by its name, and its place in its file and in the messages around it. */
export function lazyMessage(name: string, file: DescFile, path: number, ...paths: number[]): DescMessage {
  return lazily(() => messageDesc(itself(file), path, ...paths), name);
}

export function lazyEnum(file: DescFile, path: number, ...paths: number[]): DescEnum {
  return lazily(() => enumDesc(itself(file), path, ...paths));
}

export function lazyExtension(file: DescFile, path: number, ...paths: number[]): DescExtension {
  return lazily(() => extDesc(itself(file), path, ...paths));
}

export function lazyService(file: DescFile, path: number): DescService {
  return lazily(() => serviceDesc(itself(file), path));
}
