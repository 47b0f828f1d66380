/** Reads fields of values that may have any type: what has the wrong one counts as absent. */

/** A field by its JSON name, or by the snake_case name that older kinds allow. */
export function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  if (Object.hasOwn(value, name)) return Reflect.get(value, name);
  const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return Object.hasOwn(value, snake) ? Reflect.get(value, snake) : undefined;
}

/** The spelling in which the value has the field. */
export function spellingOf(value: unknown, name: string): string {
  const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return typeof value === 'object' &&
    value !== null &&
    !Object.hasOwn(value, name) &&
    Object.hasOwn(value, snake)
    ? snake
    : name;
}

/** The text in a field; empty when there is none. */
export function textOf(value: unknown, name: string): string {
  const text = fieldOf(value, name);
  return typeof text === 'string' ? text : '';
}

/** The list in a field; empty when there is none. */
export function listOf(value: unknown, name: string): readonly unknown[] {
  const list = fieldOf(value, name);
  return Array.isArray(list) ? list : [];
}
