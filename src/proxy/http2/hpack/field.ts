/** One field of a header block, looked at once: tables keep what was found. */

import { headerName } from '../../http1/header-names.ts';

/** What a field is to a message: RFC 9113, section 8.2. */
export type FieldKind =
  | 'regular'
  | 'pseudo'
  | 'cookie'
  | 'host'
  | 'content-length'
  | 'te'
  /** It belongs to a connection of HTTP/1.1. */
  | 'of-connection'
  /** Its name or value has what may not be there. */
  | 'invalid';

const SPECIAL: ReadonlyMap<string, FieldKind> = new Map([
  ['cookie', 'cookie'],
  ['host', 'host'],
  ['content-length', 'content-length'],
  ['te', 'te'],
  ['connection', 'of-connection'],
  ['keep-alive', 'of-connection'],
  ['proxy-connection', 'of-connection'],
  ['transfer-encoding', 'of-connection'],
  ['upgrade', 'of-connection'],
]);

// oxlint-disable-next-line no-control-regex -- these are what is looked for
const INVALID_VALUE = /[\0-\x08\n-\x1f\x7f]/;

/** What each entry of a table costs beside its characters: RFC 7541, section 4.1. */
const ENTRY_COST = 32;

export class Field {
  readonly name: string;
  readonly value: string;
  readonly kind: FieldKind;
  /** See `markOf`. */
  readonly mark: number;

  constructor(name: string, value: string, kind: FieldKind, mark = 0) {
    this.name = name;
    this.value = value;
    this.kind = kind;
    this.mark = mark;
  }

  /** In a table. */
  get size(): number {
    return this.name.length + this.value.length + ENTRY_COST;
  }
}

/** A field of which nothing is known. */
export function fieldOf(name: string, value: string): Field {
  const isInvalid = INVALID_VALUE.test(value);
  if (name.charCodeAt(0) === 0x3a) return new Field(name, value, isInvalid ? 'invalid' : 'pseudo');
  const known = headerName(name);
  if (known?.lower !== name) return new Field(name, value, 'invalid');
  const { lower, mark } = known;
  return new Field(lower, value, isInvalid ? 'invalid' : (SPECIAL.get(lower) ?? 'regular'), mark);
}

/** A field with the name of another. */
export function fieldLike({ name, kind, mark }: Field, value: string): Field {
  // Of one that was invalid it is not known whether its name is.
  if (kind === 'invalid') return fieldOf(name, value);
  return new Field(name, value, INVALID_VALUE.test(value) ? 'invalid' : kind, mark);
}
