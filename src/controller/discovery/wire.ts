/**
 * Discovery responses put together from bytes that exist already: a protobuf message is its fields one after
 * another, so a resource that was encoded once is copied, not encoded again, for each proxy that gets it.
 */

import type { EncodedResource } from './encoder.ts';

/** Numbers of the fields in `envoy/service/discovery/v3/discovery.proto`. */
const RESPONSE = { version: 1, resources: 2, typeUrl: 4, nonce: 5, controlPlane: 6 } as const;
const DELTA_RESPONSE = {
  version: 1,
  resources: 2,
  typeUrl: 4,
  nonce: 5,
  removed: 6,
  controlPlane: 7,
} as const;
const CONTROL_PLANE = { identifier: 1 } as const;
const RESOURCE = { version: 1, resource: 2, name: 3 } as const;
const ANY = { typeUrl: 1, value: 2 } as const;

/** What a response says besides its resources. */
export interface ResponseHead {
  readonly version: string;
  readonly typeUrl: string;
  readonly nonce: string;
  /** Who answers; nothing is said of it when undefined. */
  readonly controlPlane?: string | undefined;
}

/** The head of a field whose value has so many bytes. */
function lengthDelimited(field: number, length: number): Buffer {
  const bytes: number[] = [(field << 3) | 2];
  let rest = length;
  while (rest > 0x7f) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

function textField(field: number, text: string): readonly Buffer[] {
  const value = Buffer.from(text);
  return [lengthDelimited(field, value.length), value];
}

/** Short texts one after another, as each response begins with: in one go, since there are many. */
function textFields(fields: readonly (readonly [field: number, text: string])[]): Buffer {
  const lengths = fields.map(([, text]) => Buffer.byteLength(text));
  if (lengths.some((length) => length > 0x7f)) {
    return Buffer.concat(fields.flatMap(([field, text]) => textField(field, text)));
  }
  const bytes = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + length + 2, 0));
  let at = 0;
  for (const [index, [field, text]] of fields.entries()) {
    bytes[at] = (field << 3) | 2;
    bytes[at + 1] = lengths[index] ?? 0;
    at += 2 + bytes.write(text, at + 2);
  }
  return bytes;
}

function controlPlaneField(field: number, identifier: string | undefined): readonly Buffer[] {
  if (identifier === undefined) return [];
  const value = Buffer.concat(textField(CONTROL_PLANE.identifier, identifier));
  return [lengthDelimited(field, value.length), value];
}

/** An `Any` as bytes. */
export function encodeAny(typeUrl: string, value: Uint8Array): Buffer {
  return Buffer.concat([...textField(ANY.typeUrl, typeUrl), lengthDelimited(ANY.value, value.length), value]);
}

/** What stands before the resource's bytes in a delta response: its name and version. */
export function deltaHead(name: string, version: string, anyLength: number): Buffer {
  const fields = [
    ...textField(RESOURCE.name, name),
    ...textField(RESOURCE.version, version),
    lengthDelimited(RESOURCE.resource, anyLength),
  ];
  const length = fields.reduce((sum, field) => sum + field.length, anyLength);
  return Buffer.concat([lengthDelimited(DELTA_RESPONSE.resources, length), ...fields]);
}

/** What stands before the resource's bytes in a state-of-the-world response. */
export function stateHead(anyLength: number): Buffer {
  return lengthDelimited(RESPONSE.resources, anyLength);
}

/** Resources one after another as a response holds them, remembered for all responses that hold the same list. */
class Bodies {
  readonly #headOf: (resource: EncodedResource) => Buffer;
  readonly #known = new WeakMap<readonly EncodedResource[], Buffer>();

  constructor(headOf: (resource: EncodedResource) => Buffer) {
    this.#headOf = headOf;
  }

  of(resources: readonly EncodedResource[]): Buffer {
    let body = this.#known.get(resources);
    if (body === undefined) {
      body = Buffer.concat(resources.flatMap((resource) => [this.#headOf(resource), resource.any]));
      this.#known.set(resources, body);
    }
    return body;
  }
}

const STATE_BODIES = new Bodies(({ stateHead }) => stateHead);
const DELTA_BODIES = new Bodies(({ deltaHead }) => deltaHead);

/** A `DiscoveryResponse`, in pieces of which the one with the resources is shared by all that hold the same. */
export function stateResponse(head: ResponseHead, resources: readonly EncodedResource[]): readonly Buffer[] {
  return [
    textFields([
      [RESPONSE.version, head.version],
      [RESPONSE.typeUrl, head.typeUrl],
      [RESPONSE.nonce, head.nonce],
    ]),
    ...controlPlaneField(RESPONSE.controlPlane, head.controlPlane),
    STATE_BODIES.of(resources),
  ];
}

/** A `DeltaDiscoveryResponse`, in pieces as above. */
export function deltaResponse(
  head: ResponseHead,
  resources: readonly EncodedResource[],
  removed: readonly string[],
): readonly Buffer[] {
  return [
    textFields([
      [DELTA_RESPONSE.version, head.version],
      [DELTA_RESPONSE.typeUrl, head.typeUrl],
      [DELTA_RESPONSE.nonce, head.nonce],
      ...removed.map((name) => [DELTA_RESPONSE.removed, name] as const),
    ]),
    ...controlPlaneField(DELTA_RESPONSE.controlPlane, head.controlPlane),
    DELTA_BODIES.of(resources),
  ];
}
