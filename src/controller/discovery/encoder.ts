/** Resources as bytes: each message is encoded once, and equal ones are held once. */

import { createHash } from 'node:crypto';
import { toBinary } from '@bufbuild/protobuf';
import type { Message } from '@bufbuild/protobuf';
import { findType } from '../../xds/proto/registry.ts';
import type { ConfigReference } from '../../xds/problem.ts';
import type { Resource } from '../../xds/resource.ts';
import { deltaHead, encodeAny, stateHead } from './wire.ts';

export interface EncodedResource {
  readonly typeUrl: string;
  readonly name: string;
  /** A hash of the bytes: the same in every controller that serves the same. */
  readonly version: string;
  /** The resource as an `Any`. */
  readonly any: Buffer;
  /** What stands before `any` in a delta and in a state-of-the-world response. */
  readonly deltaHead: Buffer;
  readonly stateHead: Buffer;
  readonly message: Message;
  /** The objects whose patches made it what it is. */
  readonly changedBy: readonly ConfigReference[];
}

/** Characters of a version; chance makes two of a name equal once in 2^64. */
const VERSION_LENGTH = 16;

export class ResourceEncoder {
  readonly #byMessage = new WeakMap<Message, EncodedResource>();
  /** By type, name, version and whose patches it holds. What no proxy has any more goes away. */
  readonly #byContent = new Map<string, WeakRef<EncodedResource>>();
  readonly #gone = new FinalizationRegistry<string>((key) => {
    if (this.#byContent.get(key)?.deref() === undefined) this.#byContent.delete(key);
  });

  encode(resource: Resource): EncodedResource {
    const known = this.#byMessage.get(resource.message);
    if (known !== undefined && known.name === resource.name) return known;
    const { typeUrl, name, message, changedBy = [] } = resource;
    const schema = findType(message.$typeName);
    if (schema === undefined) throw new Error(`no type ${message.$typeName} was generated`);
    const any = encodeAny(typeUrl, toBinary(schema, message));
    const version = createHash('sha256').update(any).digest('hex').slice(0, VERSION_LENGTH);
    // Equal bytes may come of different objects, which are told of when a proxy refuses them.
    const makers = changedBy.map((object) => `${object.namespace}/${object.name}`).join(',');
    const key = `${typeUrl} ${version} ${name} ${makers}`;
    const equal = this.#byContent.get(key)?.deref();
    if (equal !== undefined) {
      this.#byMessage.set(message, equal);
      return equal;
    }
    const encoded: EncodedResource = {
      typeUrl,
      name,
      version,
      any,
      deltaHead: deltaHead(name, version, any.length),
      stateHead: stateHead(any.length),
      message,
      changedBy,
    };
    this.#byMessage.set(message, encoded);
    this.#byContent.set(key, new WeakRef(encoded));
    this.#gone.register(encoded, key);
    return encoded;
  }
}
