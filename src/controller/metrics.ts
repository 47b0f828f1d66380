/** Counters, gauges and histograms in the text format of Prometheus. */

type Labels = Readonly<Record<string, string>>;

/** Values of one name, as the text format groups them. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  lines(): Iterable<string>;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) =>
      `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** A number that only grows, by its labels. */
export class Counter implements Family {
  readonly type = 'counter';
  readonly name: string;
  readonly help: string;
  readonly #values = new Map<string, number>();

  constructor(name: string, help: string) {
    this.name = name;
    this.help = help;
  }

  add(labels: Labels = {}, amount = 1): void {
    const key = labelText(labels);
    this.#values.set(key, (this.#values.get(key) ?? 0) + amount);
  }

  *lines(): Iterable<string> {
    for (const [labels, value] of this.#values) yield `${this.name}${labels} ${value}`;
  }
}

/** A number that is asked for when somebody looks. */
export class Gauge implements Family {
  readonly type: 'counter' | 'gauge';
  readonly name: string;
  readonly help: string;
  readonly #read: () => Iterable<readonly [Labels, number]>;

  constructor(
    name: string,
    help: string,
    read: () => Iterable<readonly [Labels, number]>,
    // Something that only grows, and that somebody else counts.
    type: 'counter' | 'gauge' = 'gauge',
  ) {
    this.name = name;
    this.help = help;
    this.type = type;
    this.#read = read;
  }

  *lines(): Iterable<string> {
    for (const [labels, value] of this.#read()) yield `${this.name}${labelText(labels)} ${value}`;
  }
}

/** How values are spread over buckets with the given upper bounds. */
export class Histogram implements Family {
  readonly type = 'histogram';
  readonly name: string;
  readonly help: string;
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  constructor(name: string, help: string, bounds: readonly number[]) {
    this.name = name;
    this.help = help;
    this.#bounds = bounds;
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  observe(value: number): void {
    const found = this.#bounds.findIndex((bound) => value <= bound);
    const index = found < 0 ? this.#bounds.length : found;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sum += value;
  }

  *lines(): Iterable<string> {
    let total = 0;
    for (const [index, count] of this.#counts.entries()) {
      total += count;
      yield `${this.name}_bucket{le="${this.#bounds[index] ?? '+Inf'}"} ${total}`;
    }
    yield `${this.name}_sum ${this.#sum}`;
    yield `${this.name}_count ${total}`;
  }
}

export function expositionText(families: readonly Family[]): string {
  const lines = families.flatMap((family) => [
    `# HELP ${family.name} ${family.help}`,
    `# TYPE ${family.name} ${family.type}`,
    ...family.lines(),
  ]);
  return `${lines.join('\n')}\n`;
}
