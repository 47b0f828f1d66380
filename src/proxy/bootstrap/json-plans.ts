/** Types of messages in the form that the encoder of JSON asks for: fields by their names, with what is written of them. */

import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { WIRE } from './message-writer.ts';

/** Types whose JSON is not that of their fields. */
const WELL_KNOWN = /^google\.protobuf\.(?!Any$|Empty$)/;

/** What is known of a message type, in the form that the encoder asks for. */
export class MessagePlan {
  readonly schema: DescMessage;
  /** `library`: what it rarely meets, and is read by the library of protobuf. */
  readonly kind: 'fields' | 'any' | 'struct' | 'wrapper' | 'duration' | 'library';
  readonly #byName = new Map<string, FieldPlan>();
  #isRead = false;

  constructor(schema: DescMessage) {
    this.schema = schema;
    this.kind = kindOfType(schema.typeName);
  }

  /** Of a wrapper, its value. */
  get wrapped(): FieldPlan | undefined {
    return this.field('value');
  }

  /** By either spelling of its name. */
  field(name: string): FieldPlan | undefined {
    if (!this.#isRead) {
      this.#isRead = true;
      for (const desc of this.schema.fields) {
        const field = new FieldPlan(desc);
        this.#byName.set(desc.jsonName, field);
        this.#byName.set(desc.name, field);
      }
    }
    return this.#byName.get(name);
  }
}

export class FieldPlan {
  readonly desc: DescField;
  readonly tag: number;
  readonly scalar: ScalarType | undefined;
  /** Its zero is not written. */
  readonly isImplicit: boolean;
  /** What can be set but once in a message: the oneof that it is of, or itself when it can be written in two ways. */
  readonly group: object | undefined;
  /** Of an enumeration, by name. */
  readonly numbers: ReadonlyMap<string, number> | undefined;
  #inner: MessagePlan | undefined;

  constructor(desc: DescField) {
    this.desc = desc;
    this.scalar = desc.fieldKind === 'scalar' ? desc.scalar : undefined;
    this.tag = tagOf(desc.number, wireOf(desc));
    this.isImplicit = desc.presence === IMPLICIT;
    this.group = desc.oneof ?? (desc.name === desc.jsonName ? undefined : this);
    this.numbers =
      desc.fieldKind === 'enum'
        ? new Map(desc.enum.values.map(({ name, number }) => [name, number]))
        : undefined;
  }

  /** Of a message, or of a list or map of them. */
  get inner(): MessagePlan | undefined {
    const { message } = this.desc;
    return message === undefined ? undefined : (this.#inner ??= planOf(message));
  }
}

/** `google.protobuf.FeatureSet.FieldPresence.IMPLICIT` */
const IMPLICIT = 2;

const plans = new Map<string, MessagePlan>();

/** The one plan of a type. */
export function planOf(schema: DescMessage): MessagePlan {
  let plan = plans.get(schema.typeName);
  if (plan === undefined) plans.set(schema.typeName, (plan = new MessagePlan(schema)));
  return plan;
}

function kindOfType(name: string): MessagePlan['kind'] {
  if (name === 'google.protobuf.Any') return 'any';
  if (name === 'google.protobuf.Struct') return 'struct';
  if (name === 'google.protobuf.Duration') return 'duration';
  if (/^google\.protobuf\.(?:Bool|String|UInt32|Int32|UInt64|Int64)Value$/.test(name)) return 'wrapper';
  return WELL_KNOWN.test(name) ? 'library' : 'fields';
}

function wireOf(desc: DescField): number {
  if (desc.message !== undefined || desc.fieldKind === 'map') return WIRE.bytes;
  return desc.scalar === ScalarType.STRING || desc.scalar === ScalarType.BYTES ? WIRE.bytes : WIRE.varint;
}

/** What stands before a field's value: https://protobuf.dev/programming-guides/encoding/#structure */
export function tagOf(field: number, wire: number): number {
  return field * 8 + wire;
}
