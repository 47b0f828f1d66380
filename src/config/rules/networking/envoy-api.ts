/**
 * The messages of Envoy's v3 API: names and kinds of their fields.
 *
 * `envoy-api.json` lists them by package, as they stand in the descriptors of go-control-plane/envoy 1.37.1 (July
 * 2026): for each message its kinds of fields, each followed by the names of its fields. `[]` in front of a
 * kind is a list, `{}` a map; a kind with a dot is a message or enum, of the same package where the dot is first.
 */

import table from './envoy-api.json' with { type: 'json' };

/** What one value of a field is. */
export type EnvoyKind =
  | { readonly kind: Scalar }
  | { readonly kind: 'enum'; readonly type: string; readonly values: readonly string[] }
  | { readonly kind: 'message'; readonly type: string };

/** `any` has its type in `@type`, `object` and `list` are free JSON, `value` is anything. */
export type Scalar = (typeof SCALARS)[number];

export interface EnvoyField {
  /** As in the API: snake_case. */
  readonly name: string;
  readonly form: 'one' | 'list' | 'map';
  readonly of: EnvoyKind;
}

export type EnvoyMessage = ReadonlyMap<string, EnvoyField>;

const SCALARS = [
  ...(['bool', 'string', 'bytes', 'int', 'uint', 'float', 'duration', 'timestamp'] as const),
  ...(['any', 'object', 'list', 'value'] as const),
] as const;

// Types that an Any wraps into a field called value.
const WRAPPED: ReadonlyMap<string, Scalar> = new Map([
  ...([
    ['BoolValue', 'bool'],
    ['StringValue', 'string'],
    ['BytesValue', 'bytes'],
  ] as const),
  ...([
    ['Int32Value', 'int'],
    ['Int64Value', 'int'],
    ['UInt32Value', 'uint'],
    ['UInt64Value', 'uint'],
  ] as const),
  ...([
    ['FloatValue', 'float'],
    ['DoubleValue', 'float'],
    ['Duration', 'duration'],
  ] as const),
  ...([
    ['Timestamp', 'timestamp'],
    ['Struct', 'object'],
    ['ListValue', 'list'],
    ['Value', 'value'],
  ] as const),
]);

type Packages = Readonly<Record<string, Readonly<Record<string, string>>>>;

const messages: Packages = table.messages;
const enums: Packages = table.enums;
const parsed = new Map<string, EnvoyMessage>();

/** The fields of a message by both of their spellings, `lb_policy` and `lbPolicy`; undefined when it is not known. */
export function envoyMessage(type: string): EnvoyMessage | undefined {
  const known = parsed.get(type);
  if (known !== undefined) return known;
  const text = entry(messages, type);
  if (text === undefined) return undefined;
  const fields = new Map<string, EnvoyField>();
  for (const group of text === '' ? [] : text.split('; ')) {
    const [kind = '', ...names] = group.split(' ');
    const form = kind.startsWith('[]') ? 'list' : kind.startsWith('{}') ? 'map' : 'one';
    const of = kindOf(form === 'one' ? kind : kind.slice(2), packageOf(type));
    for (const name of names) {
      const field = { name, form, of } as const;
      fields.set(name, field);
      fields.set(jsonName(name), field);
    }
  }
  parsed.set(type, fields);
  return fields;
}

/** What an Any of that type has in its field `value`; undefined when its fields stand beside `@type`. */
export function wrappedScalar(type: string): Scalar | undefined {
  return type.startsWith('google.protobuf.') ? WRAPPED.get(type.slice('google.protobuf.'.length)) : undefined;
}

/** Up to three types whose last name is that of the given one: where a type of another version went. */
export function typesNamedLike(type: string): string[] {
  const name = type.slice(type.lastIndexOf('.') + 1);
  const found: string[] = [];
  for (const [packageName, types] of Object.entries(messages)) {
    if (Object.hasOwn(types, name)) found.push(`${packageName}.${name}`);
  }
  return found.slice(0, 3);
}

function kindOf(text: string, packageName: string): EnvoyKind {
  const scalar = SCALARS.find((one) => one === text);
  if (scalar !== undefined) return { kind: scalar };
  const type = text.startsWith('.') ? packageName + text : text;
  const values = entry(enums, type);
  return values === undefined ? { kind: 'message', type } : { kind: 'enum', type, values: values.split(' ') };
}

function entry(packages: Packages, type: string): string | undefined {
  const packageName = packageOf(type);
  const types = Object.hasOwn(packages, packageName) ? packages[packageName] : undefined;
  const name = type.slice(packageName.length + 1);
  return types !== undefined && Object.hasOwn(types, name) ? types[name] : undefined;
}

/** Packages are in small letters, messages (which may be nested) start with a capital. */
function packageOf(type: string): string {
  return /^[a-z][\w]*(?:\.[a-z]\w*)*(?=\.[A-Z])/.exec(type.slice(0, 256))?.[0] ?? '';
}

/** protobuf's rule for the JSON name of a field. */
function jsonName(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
