/** What a comparison has to know of a value: what its absence means, and what identifies the items of a list. */

/** Knowledge of one value. All parts are optional; without any, values are compared as they stand. */
export interface Shape {
  /** What the API takes for the value when it is not written. */
  readonly absent?: unknown;
  /** The same where it depends on the object around it. */
  absentIn?(parent: Readonly<Record<string, unknown>>): unknown;
  /** The API server or a controller fills it in, so that it says nothing where only one side has it. */
  readonly filledIn?: true;
  /** The shape of a field, for an object, or of any value, for a map. */
  field?(name: string): Shape | undefined;
  /** The shape of a list's items. */
  items?(): Shape | undefined;
  /** Fields that tell the items of a list apart; their order then counts for nothing. */
  readonly keys?: readonly string[];
  /** The order of the items counts for nothing, though no field tells them apart. */
  readonly unordered?: true;
  /** How two texts can mean the same. */
  readonly means?: 'quantity' | 'duration' | 'document';
  /** The value must never be shown. */
  readonly secret?: true;
}

/** An object with these fields; it may be told what stands for its absence. */
export function fields(known: Readonly<Record<string, Shape>>, rest: Shape = {}): Shape {
  return { ...rest, field: (name) => (Object.hasOwn(known, name) ? known[name] : undefined) };
}

/** A map whose values all have one shape. */
export function mapOf(value: Shape, rest: Shape = {}): Shape {
  return { ...rest, field: () => value };
}

/** A list whose items are told apart by `keys`. */
export function listBy(keys: readonly string[], item: Shape = {}): Shape {
  return { keys, items: () => item };
}

/** A list of values in no order, as RBAC verbs. */
export const SET: Shape = { unordered: true };

/** A value that stands for `absent` when it is not written. */
export function defaulted(absent: unknown): Shape {
  return { absent };
}

/** An empty object that means as much as none. */
export const EMPTY: Shape = { absent: {} };

/** What only the API server or a controller writes. */
export const FILLED_IN: Shape = { filledIn: true };
