/** Small random changes of objects, the same on every run. */

type Path = readonly (string | number)[];

const VALUES: readonly unknown[] = [
  '',
  'x',
  'x'.repeat(300),
  '1h',
  'ON',
  -1,
  0,
  1.5,
  70_000,
  99_999_999_999,
  true,
  [],
  [1],
  {},
  { a: 1 },
];

/** Changes objects at one random place outside of apiVersion, kind, metadata and status. */
export class Mutator {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  #below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (this.#state >> 8) % limit;
  }

  /** A changed copy; an object with nothing to change is copied as it is. */
  mutate(object: unknown): unknown {
    const copy: unknown = structuredClone(object);
    const paths = pathsOf(copy, []).filter(
      (path) => path.length > 1 && path[0] !== 'metadata' && path[0] !== 'status',
    );
    const path = paths[this.#below(Math.max(1, paths.length))];
    if (path === undefined) return copy;
    let holder: unknown = copy;
    for (const part of path.slice(0, -1)) holder = Reflect.get(holder as object, part);
    this.#change(holder as Record<string | number, unknown>, path.at(-1) ?? '');
    return copy;
  }

  #change(holder: Record<string | number, unknown>, key: string | number): void {
    const value = holder[key];
    const choice = this.#below(5);
    if (choice === 0 && Array.isArray(holder)) holder.splice(Number(key), 1);
    else if (choice === 0) delete holder[key];
    else if (choice === 1 && Array.isArray(holder)) holder.push(structuredClone(value));
    else if (choice === 1) holder[`${key}x`] = structuredClone(value);
    else if (choice === 2 && Array.isArray(value) && value.length > 0) {
      holder[key] = Array.from({ length: this.#below(300) }, () => structuredClone(value[0]) as unknown);
    } else holder[key] = structuredClone(VALUES[this.#below(VALUES.length)]);
  }
}

function pathsOf(value: unknown, path: Path): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const keys = Array.isArray(value) ? value.keys() : Object.keys(value);
  return [path, ...[...keys].flatMap((key) => pathsOf(Reflect.get(value, key), [...path, key]))];
}
