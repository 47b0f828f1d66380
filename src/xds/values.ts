/** Values that many messages hold: durations, addresses, config sources, metadata. */

import type { DescMessage, JsonObject, MessageInitShape } from '@bufbuild/protobuf';
import type { DurationSchema } from '@bufbuild/protobuf/wkt';
import { parseDuration } from '../base/duration.ts';
import type { AddressSchema } from './proto/generated/envoy/config/core/v3/address_pb.js';
import type { MetadataSchema } from './proto/generated/envoy/config/core/v3/base_pb.js';
import {
  ApiVersion,
  type ConfigSourceSchema,
} from './proto/generated/envoy/config/core/v3/config_source_pb.js';

/** The plain object that a message is made from. */
export type Init<Schema extends DescMessage> = Exclude<
  MessageInitShape<Schema>,
  { readonly $typeName: string }
>;

export type DurationInit = Init<typeof DurationSchema>;
export type AddressInit = Init<typeof AddressSchema>;
export type MetadataInit = Init<typeof MetadataSchema>;

/** The largest 32-bit number: a limit that is none. */
export const UNLIMITED = 4_294_967_295;

export const ZERO: DurationInit = { seconds: 0n, nanos: 0 };

const BILLION = 1_000_000_000n;

export function seconds(count: number): DurationInit {
  return { seconds: BigInt(count), nanos: 0 };
}

/** A duration as configuration writes it; undefined when it is absent or no duration. */
export function durationOf(text: string | undefined): DurationInit | undefined {
  const nanos = text === undefined ? undefined : parseDuration(text);
  return nanos === undefined ? undefined : { seconds: nanos / BILLION, nanos: Number(nanos % BILLION) };
}

/** A TCP address, or a Unix domain socket for `unix:///path`. */
export function addressOf(address: string, port: number): AddressInit {
  if (address.startsWith('unix://')) {
    return { address: { case: 'pipe', value: { path: address.slice('unix://'.length) } } };
  }
  return {
    address: {
      case: 'socketAddress',
      value: { address, portSpecifier: { case: 'portValue', value: port } },
    },
  };
}

/** Resources that come over the stream that the asking one came over. Nothing is served before they are there. */
export const FROM_ADS: Init<typeof ConfigSourceSchema> = {
  configSourceSpecifier: { case: 'ads', value: {} },
  initialFetchTimeout: ZERO,
  resourceApiVersion: ApiVersion.V3,
};

/** Metadata of a resource in the namespace that Istio's tools read. */
export function istioMetadata(fields: JsonObject): MetadataInit {
  return { filterMetadata: { istio: fields } };
}

/** The object with the fields that are undefined left out, as optional fields of messages want them. */
export function defined<Fields extends object>(
  fields: Fields,
): {
  [Key in keyof Fields]: Exclude<Fields[Key], undefined>;
} {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Fields]: Exclude<Fields[Key], undefined>;
  };
}
