/**
 * Reads spans of OpenTelemetry from their bytes. Numbers of fields are those of opentelemetry/proto/trace/v1/trace.proto and
 * opentelemetry/proto/collector/trace/v1/trace_service.proto.
 */

import { BinaryReader } from '@bufbuild/protobuf/wire';
import type { CollectedSpan } from './span-collector.ts';

export interface OtlpResource {
  readonly resource: Readonly<Record<string, string>>;
  readonly spans: readonly CollectedSpan[];
}

type Field = { readonly number: number; readonly value: Uint8Array | bigint | number };

/** The fields of a message, in their order. */
function fieldsOf(bytes: Uint8Array): readonly Field[] {
  const reader = new BinaryReader(bytes);
  const fields: Field[] = [];
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type === 0) fields.push({ number, value: BigInt(reader.uint64()) });
    else if (type === 1) fields.push({ number, value: BigInt(reader.fixed64()) });
    else if (type === 2) fields.push({ number, value: reader.bytes() });
    else if (type === 5) fields.push({ number, value: reader.fixed32() });
    else throw new Error(`field ${number} of wire type ${type}`);
  }
  return fields;
}

function bytesOf({ number, value }: Field): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new Error(`field ${number} holds no bytes`);
  return value;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'];
const VALUES: Readonly<Record<number, string>> = { 2: 'bool', 3: 'int', 4: 'double' };

/** Numbers and flags say so, since tags of Zipkin are text alone. */
function valueOf(bytes: Uint8Array): string {
  const [field] = fieldsOf(bytes);
  if (field === undefined) return '';
  if (field.number === 1) return text(bytesOf(field));
  return `${VALUES[field.number] ?? `kind ${field.number}`} ${String(field.value)}`;
}

function attribute(bytes: Uint8Array): readonly [string, string] {
  const fields = fieldsOf(bytes);
  const [key, value] = [1, 2].map((number) => fields.find((one) => one.number === number));
  return [key === undefined ? '' : text(bytesOf(key)), value === undefined ? '' : valueOf(bytesOf(value))];
}

function attributesOf(fields: readonly Field[], number: number): Record<string, string> {
  return Object.fromEntries(
    fields.filter((one) => one.number === number).map((one) => attribute(bytesOf(one))),
  );
}

function statusOf(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  const fields = fieldsOf(bytes);
  return {
    code: Number(fields.find((one) => one.number === 3)?.value ?? 0n),
    message: fields
      .filter((one) => one.number === 2)
      .map((one) => text(bytesOf(one)))
      .join(''),
  };
}

function spanOf(bytes: Uint8Array): CollectedSpan {
  const fields = fieldsOf(bytes);
  const one = (number: number): Field | undefined => fields.find((field) => field.number === number);
  const idAt = (number: number): string => {
    const field = one(number);
    return field === undefined ? '' : hex(bytesOf(field));
  };
  const time = (number: number): number => Number((one(number)?.value ?? 0n) as bigint) / 1000;
  const parentId = idAt(4);
  const status = one(15);
  const flags = one(16);
  const traceState = one(3);
  return {
    traceId: idAt(1),
    id: idAt(2),
    ...(parentId === '' ? {} : { parentId }),
    kind: KINDS[Number(one(6)?.value ?? 0n)] ?? '',
    name: one(5) === undefined ? '' : text(bytesOf(one(5) as Field)),
    timestamp: time(7),
    duration: time(8) - time(7),
    tags: attributesOf(fields, 9),
    more: {
      ...(status === undefined ? {} : { status: statusOf(bytesOf(status)) }),
      ...(flags === undefined ? {} : { flags: flags.value }),
      ...(traceState === undefined ? {} : { traceState: text(bytesOf(traceState)) }),
    },
  };
}

/** An `ExportTraceServiceRequest`. */
export function readOtlp(body: Uint8Array): readonly OtlpResource[] {
  return fieldsOf(body).map((resourceSpans) => {
    const fields = fieldsOf(bytesOf(resourceSpans));
    const resource = fields.find(({ number }) => number === 1);
    const scopes = fields.filter(({ number }) => number === 2);
    return {
      resource: resource === undefined ? {} : attributesOf(fieldsOf(bytesOf(resource)), 1),
      spans: scopes.flatMap((scope) =>
        fieldsOf(bytesOf(scope))
          .filter(({ number }) => number === 2)
          .map((span) => spanOf(bytesOf(span))),
      ),
    };
  });
}
