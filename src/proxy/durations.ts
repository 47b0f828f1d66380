/** Whether the durations of a configuration are ones that Envoy takes: it looks at all of them, read or not. */

/** Nanoseconds have to fit in 64 bits. */
const MAX_SECONDS = 9_223_372_036n;
const MAX_NANOS = 999_999_999;

export interface BadDuration {
  /** As `.health_checks[0].timeout`. */
  readonly path: string;
  readonly problem: string;
}

/**
 * The first duration in a decoded message, at any depth, that is below 0 or out of range. What an `Any` holds is not looked
 * into: that is done where it is decoded.
 */
export function badDuration(message: object): BadDuration | undefined {
  for (const name in message) {
    const value = (message as Readonly<Record<string, unknown>>)[name];
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) continue;
    const isList = Array.isArray(message);
    const found = isDuration(value) ? inDuration(value) : badDuration(value);
    if (found === undefined) continue;
    if (isList) return { ...found, path: `[${name}]${found.path}` };
    // Of several fields of which one is set, the value stands beside the name.
    const field = name === 'value' && 'case' in message ? String(message.case) : name;
    return { ...found, path: isChoice(value) ? found.path : `.${spelled(field)}${found.path}` };
  }
  return undefined;
}

interface DurationLike {
  readonly seconds: bigint;
  readonly nanos: number;
}

function isDuration(value: object): value is DurationLike {
  return '$typeName' in value && value.$typeName === 'google.protobuf.Duration' && 'nanos' in value;
}

function inDuration({ seconds, nanos }: DurationLike): BadDuration | undefined {
  if (seconds < 0n || nanos < 0) return { path: '', problem: 'below 0' };
  return seconds > MAX_SECONDS || nanos > MAX_NANOS ? { path: '', problem: 'out of range' } : undefined;
}

function isChoice(value: object): boolean {
  return 'case' in value && !('$typeName' in value);
}

/** As the Envoy API spells it. */
function spelled(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
