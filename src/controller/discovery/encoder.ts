/** Resources as bytes: each message is encoded once, and equal ones are held once. */

import { createHash } from 'node:crypto';
import { type DescMessage, fromBinary, type Message, toBinary } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import { findType } from '../../xds/proto/registry.ts';
import type { ConfigReference } from '../../xds/problem.ts';
import type { Resource } from '../../xds/resource.ts';
import { deltaHead, encodeAny, stateHead } from './wire.ts';

/** Characters of a version; chance makes two of a name equal once in 2^64. */
const VERSION_LENGTH = 16;

/** A resource whose bytes are kept, and its message only for as long as somebody looks at it. */
export class EncodedResource implements Resource {
  /** A number of its own, by which lists of resources are compared. */
  readonly id: number;
  readonly typeUrl: string;
  readonly name: string;
  /** A hash of the bytes: the same in every controller that serves the same. */
  readonly version: string;
  /** The resource as an `Any`. */
  readonly any: Buffer;
  /** What stands before `any` in a delta and in a state-of-the-world response. */
  readonly deltaHead: Buffer;
  readonly stateHead: Buffer;
  /** The objects whose patches made it what it is. */
  readonly changedBy: readonly ConfigReference[];
  readonly #type: DescMessage;
  #message: WeakRef<Message> | undefined;

  constructor(id: number, resource: Resource, bytes: EncodedBytes) {
    const { typeUrl, name, changedBy = [] } = resource;
    const { any, version, type } = bytes;
    this.id = id;
    this.typeUrl = typeUrl;
    this.name = name;
    this.version = version;
    this.any = any;
    this.deltaHead = deltaHead(name, version, any.length);
    this.stateHead = stateHead(any.length);
    this.changedBy = changedBy;
    this.#type = type;
  }

  get message(): Message {
    let message = this.#message?.deref();
    if (message === undefined) {
      message = fromBinary(this.#type, fromBinary(AnySchema, this.any).value);
      this.#message = new WeakRef(message);
    }
    return message;
  }
}

interface EncodedBytes {
  readonly type: DescMessage;
  readonly any: Buffer;
  readonly version: string;
}

export class ResourceEncoder {
  readonly #byMessage = new WeakMap<Message, EncodedResource>();
  /** By type, name, version and whose patches it holds. What no proxy has any more goes away. */
  readonly #byContent = new Map<string, WeakRef<EncodedResource>>();
  readonly #gone = new FinalizationRegistry<string>((key) => {
    if (this.#byContent.get(key)?.deref() === undefined) this.#byContent.delete(key);
  });
  #count = 0;

  encode(resource: Resource): EncodedResource {
    if (resource instanceof EncodedResource) return resource;
    const { typeUrl, name, message, changedBy = [] } = resource;
    const known = this.#byMessage.get(message);
    if (known !== undefined && known.name === name) return known;
    const type = findType(message.$typeName);
    if (type === undefined) throw new Error(`no type ${message.$typeName} was generated`);
    const any = encodeAny(typeUrl, toBinary(type, message));
    const version = createHash('sha256').update(any).digest('hex').slice(0, VERSION_LENGTH);
    // Equal bytes may come of different objects, which are told of when a proxy refuses them.
    const makers = changedBy.map((object) => `${object.namespace}/${object.name}`).join(',');
    const key = `${typeUrl} ${version} ${name} ${makers}`;
    let encoded = this.#byContent.get(key)?.deref();
    if (encoded === undefined) {
      this.#count += 1;
      encoded = new EncodedResource(this.#count, resource, { type, any, version });
      this.#byContent.set(key, new WeakRef(encoded));
      this.#gone.register(encoded, key);
    }
    this.#byMessage.set(message, encoded);
    return encoded;
  }
}
