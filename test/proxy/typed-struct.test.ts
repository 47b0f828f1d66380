import { create, fromBinary } from '@bufbuild/protobuf';
import { expect, it } from 'vitest';
import { withoutTypedStruct } from '../../src/proxy/typed-struct.ts';
import { BufferSchema } from '../../src/xds/proto/generated/envoy/extensions/filters/http/buffer/v3/buffer_pb.js';
import { TypedStructSchema as UdpaTypedStructSchema } from '../../src/xds/proto/generated/udpa/type/v1/typed_struct_pb.js';
import { TypedStructSchema } from '../../src/xds/proto/generated/xds/type/v3/typed_struct_pb.js';
import { pack, typeUrlOf } from '../../src/xds/proto/registry.ts';

const typeUrl = typeUrlOf(BufferSchema);

it.each([TypedStructSchema, UdpaTypedStructSchema])('%s becomes the message that it names', (schema) => {
  const settings = withoutTypedStruct(pack(schema, { typeUrl, value: { max_request_bytes: 7 } }));
  expect(settings.typeUrl).toBe(typeUrl);
  expect(fromBinary(BufferSchema, settings.value)).toEqual(create(BufferSchema, { maxRequestBytes: 7 }));
});

it('leaves other messages as they are', () => {
  const settings = pack(BufferSchema, { maxRequestBytes: 7 });
  expect(withoutTypedStruct(settings)).toBe(settings);
});

it('refuses fields that the type does not have', () => {
  const settings = pack(TypedStructSchema, { typeUrl, value: { bytes: 7 } });
  expect(() => withoutTypedStruct(settings)).toThrow('envoy.extensions.filters.http.buffer.v3.Buffer');
});

it('keeps the name of a type that nobody knows', () => {
  const unknown = 'type.googleapis.com/a.b.C';
  expect(withoutTypedStruct(pack(TypedStructSchema, { typeUrl: unknown, value: { a: 1 } })).typeUrl).toBe(
    unknown,
  );
});
