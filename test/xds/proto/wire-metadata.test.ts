import { type JsonObject, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MetadataSchema } from '../../../src/xds/proto/generated/envoy/config/core/v3/base_pb.js';
import { messageFromJson } from '../../../src/xds/proto/registry.ts';
import { checkMetadata } from '../../../src/xds/proto/wire-metadata.ts';

const throws = (run: () => unknown): boolean => {
  try {
    run();
    return false;
  } catch {
    return true;
  }
};

test('all that can be written is metadata', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.dictionary(fc.string(), fc.jsonValue())), (filters) => {
      const json = JSON.parse(JSON.stringify({ filter_metadata: filters })) as JsonObject;
      checkMetadata(toBinary(MetadataSchema, messageFromJson(MetadataSchema, json)));
    }),
    { numRuns: 300 },
  );
});

test('what passes can be decoded later, whatever bytes it is', () => {
  const istio = { config: '/apis/x', services: [{ name: 'a', namespace: 'b' }], external: true, n: 1 };
  const good = toBinary(
    MetadataSchema,
    messageFromJson(MetadataSchema, { filter_metadata: { istio }, typed_filter_metadata: {} }),
  );
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, byte, length) => {
      const bytes = Uint8Array.from(good).subarray(0, length);
      if (at < length) bytes[at] = byte;
      if (!throws(() => checkMetadata(bytes))) fromBinary(MetadataSchema, bytes);
    }),
    { numRuns: 20_000 },
  );
});

test('texts in other than UTF-8 are none', () => {
  const value = [0x0a, 0x02, 0x6f, 0x6b];
  expect(() => checkMetadata(Uint8Array.from([0x0a, value.length, ...value]))).not.toThrow();
  value[2] = 0xff;
  expect(() => checkMetadata(Uint8Array.from([0x0a, value.length, ...value]))).toThrow();
});

test('of a message around it only the part that is meant is looked at', () => {
  const bytes = Uint8Array.from([0xff, 0xff, 0x0a, 0x02, 0x0a, 0x00, 0xff]);
  checkMetadata(bytes, 2, 6);
  expect(() => checkMetadata(bytes, 2, 5)).toThrow();
});
