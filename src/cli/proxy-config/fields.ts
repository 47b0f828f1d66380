/**
 * Reading of messages as JSON, of which nothing is certain: other versions of a proxy have other fields. Fields are
 * named as the Envoy API does (`snake_case`); JSON may have them in `camelCase` too.
 */

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const CAMEL = new Map<string, string>();

/** `filter_chains` is `filterChains`. */
export function camelCase(name: string): string {
  let camel = CAMEL.get(name);
  if (camel === undefined) {
    camel = name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
    CAMEL.set(name, camel);
  }
  return camel;
}

/** The value of a field, further fields deep; undefined when one of them is not there. */
export function field(value: unknown, ...path: readonly string[]): unknown {
  let current = value;
  for (const name of path) {
    if (!isObject(current)) return undefined;
    current = current[name] ?? current[camelCase(name)];
  }
  return current ?? undefined;
}

/** A text field; empty when it is not there. */
export function text(value: unknown, ...path: readonly string[]): string {
  const found = field(value, ...path);
  return typeof found === 'string' ? found : '';
}

/** A number field, which JSON may write as a text; 0 when it is not there. */
export function number(value: unknown, ...path: readonly string[]): number {
  const found = field(value, ...path);
  const parsed = typeof found === 'string' ? Number(found) : found;
  return typeof parsed === 'number' && Number.isFinite(parsed) ? parsed : 0;
}

/** A list field; empty when it is not there. */
export function list(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = field(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** The texts of a list field. */
export function texts(value: unknown, ...path: readonly string[]): readonly string[] {
  return list(value, ...path).filter((one): one is string => typeof one === 'string');
}
