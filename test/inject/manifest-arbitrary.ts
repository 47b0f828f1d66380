/** Random workloads, and random ways of writing them down: block, flow and JSON style, comments, line ends, quotes. */

import fc from 'fast-check';
import type { Json, JsonMap } from '../../src/inject/yaml/value.ts';

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,7}$/);
const text = fc.oneof(
  word,
  fc.constantFrom(
    '',
    'true',
    '1.0',
    'null',
    '- x',
    'a: b',
    '#no',
    "it's",
    '"q"',
    'two\nlines\n',
    'x\n\n',
    ' lead',
    '*',
    '&a',
    '15020',
    'é ✓',
    '{{x}}',
    'a\\b',
    'C:\\',
    '0x1f',
    '~',
  ),
  fc.string({ maxLength: 12 }),
);

const probe: fc.Arbitrary<Json> = fc.oneof(
  fc.record(
    {
      httpGet: fc.record(
        {
          path: fc.constant('/ok'),
          port: fc.constantFrom<Json>('http', 8080, 'none'),
          scheme: fc.constantFrom('HTTP', 'HTTPS'),
        },
        { requiredKeys: ['port'] },
      ),
      timeoutSeconds: fc.integer({ min: 1, max: 9 }),
    },
    { requiredKeys: ['httpGet'] },
  ),
  fc.record(
    {
      periodSeconds: fc.integer({ min: 1, max: 9 }),
      tcpSocket: fc.record({ port: fc.constantFrom<Json>('http', 9090) }),
    },
    { requiredKeys: ['tcpSocket'] },
  ),
  fc.record({ grpc: fc.record({ port: fc.constant(9000) }) }),
  fc.record({ exec: fc.record({ command: fc.array(text, { maxLength: 3 }) }) }),
) as fc.Arbitrary<Json>;

const container = (name: string): fc.Arbitrary<Json> =>
  fc.record(
    {
      name: fc.constant(name),
      image: word,
      args: fc.array(text, { maxLength: 3 }),
      env: fc.uniqueArray(fc.record({ name: word, value: text }), {
        selector: ({ name: key }) => key,
        maxLength: 3,
      }),
      ports: fc.constantFrom<Json>(
        [],
        [{ name: 'http', containerPort: 80 }],
        [{ containerPort: 1 }, { name: 'http', containerPort: 2, protocol: 'UDP' }],
      ),
      readinessProbe: probe,
      livenessProbe: probe,
      startupProbe: probe,
      lifecycle: fc.record({ preStop: probe, postStart: probe }, { requiredKeys: [] }),
      resources: fc.constantFrom<Json>(null, {}, { limits: { cpu: '1' } }),
    },
    { requiredKeys: ['name', 'image'] },
  ) as unknown as fc.Arbitrary<Json>;

const containers = fc
  .uniqueArray(fc.constantFrom('a', 'b', 'web', 'istio-proxy'), { minLength: 1, maxLength: 4 })
  .filter((names) => names.some((name) => name !== 'istio-proxy'))
  .chain((names) => fc.tuple(...names.map(container)));

const annotations = fc
  .dictionary(fc.constantFrom('note', 'team/x', 'prometheus.io/path', 'checksum'), text, { maxKeys: 3 })
  .chain((own) =>
    fc
      .record(
        {
          'proxy.istio.io/config': fc.constantFrom(
            '{"holdApplicationUntilProxyStarts": true}',
            'concurrency: 2\n',
          ),
          'sidecar.istio.io/interceptionMode': fc.constantFrom('NONE', 'TPROXY'),
          'sidecar.istio.io/nativeSidecar': fc.constantFrom('true', 'false'),
          'sidecar.istio.io/enableCoreDump': fc.constant('true'),
          'prometheus.io/scrape': fc.constantFrom('true', 'false'),
          'prometheus.io.port': fc.constant('8080'),
          'inject.istio.io/templates': fc.constantFrom(
            'sidecar',
            'gateway',
            'sidecar,spire',
            'grpc-simple',
            'grpc-agent',
          ),
          'sidecar.istio.io/rewriteAppHTTPProbers': fc.constantFrom('true', 'false'),
        },
        { requiredKeys: [] },
      )
      .map((known) => ({ ...own, ...known })),
  );

const template = fc.record(
  {
    metadata: fc.oneof(
      fc.constantFrom<Json>(null, {}),
      fc.record(
        {
          labels: fc.oneof(
            fc.constantFrom<Json>(null, {}),
            fc.dictionary(fc.constantFrom('app', 'version', 'tier'), word),
          ),
          annotations: fc.oneof(fc.constantFrom<Json>(null, {}), annotations),
        },
        { requiredKeys: [] },
      ),
    ),
    spec: fc.record(
      {
        containers,
        initContainers: fc.oneof(fc.constantFrom<Json>([], null), fc.tuple(container('first'))),
        volumes: fc.constantFrom<Json>(null, [], [{ name: 'data', emptyDir: {} }]),
        securityContext: fc.constantFrom<Json>(null, {}, { fsGroup: 1 }),
        hostNetwork: fc.constantFrom(false),
        terminationGracePeriodSeconds: fc.integer({ min: 0, max: 60 }),
      },
      { requiredKeys: ['containers'] },
    ),
  },
  { requiredKeys: ['spec'] },
) as unknown as fc.Arbitrary<JsonMap>;

const shuffled = (map: JsonMap): fc.Arbitrary<JsonMap> =>
  fc
    .shuffledSubarray(Object.keys(map), { minLength: Object.keys(map).length })
    .map((keys) => Object.fromEntries(keys.map((key) => [key, map[key] ?? null])));

const workload: fc.Arbitrary<JsonMap> = fc
  .tuple(template, fc.constantFrom('Deployment', 'Pod', 'CronJob', 'Job'), word)
  .chain(([pod, kind, name]) => {
    const head: JsonMap = { kind, metadata: { name } };
    switch (kind) {
      case 'Pod':
        return shuffled({
          ...pod,
          ...head,
          apiVersion: 'v1',
          metadata: { name, ...(pod.metadata as JsonMap | null) },
        });
      case 'CronJob':
        return shuffled({
          ...head,
          apiVersion: 'batch/v1',
          spec: { schedule: '* * * * *', jobTemplate: { spec: { template: pod } } },
        });
      case 'Job':
        return shuffled({ ...head, apiVersion: 'batch/v1', spec: { template: pod } });
      default:
        return shuffled({
          ...head,
          apiVersion: 'apps/v1',
          spec: { replicas: 1, template: pod, paused: false },
        });
    }
  });

const other: fc.Arbitrary<JsonMap> = fc.record({
  apiVersion: fc.constant('v1'),
  kind: fc.constantFrom('ConfigMap', 'Service', 'Deployment'),
  data: fc.dictionary(word, text, { maxKeys: 3 }),
}) as unknown as fc.Arbitrary<JsonMap>;

const list = fc
  .array(fc.oneof(workload, other), { minLength: 1, maxLength: 3 })
  .map((items): JsonMap => ({ apiVersion: 'v1', kind: 'List', items }));

/** Random bits that steer the writer. */
type Dice = (sides: number) => number;

/** A stream of one to three documents. */
export const manifest: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(fc.oneof({ weight: 3, arbitrary: workload }, other, list), { minLength: 1, maxLength: 3 }),
    fc.infiniteStream(fc.nat({ max: 1_000_000 })),
    fc.constantFrom('block', 'mixed', 'flow', 'json', 'pretty'),
    fc.constantFrom('\n', '\n', '\r\n'),
  )
  .map(([documents, stream, style, newline]) => {
    const dice: Dice = (sides) => (stream.next().value ?? 0) % sides;
    const parts = documents.map((value) => write(value, style, dice));
    const json = style === 'json' || style === 'pretty';
    let result = parts
      .map(
        (part, index) =>
          (index > 0 || dice(3) === 0 ? `---${!json && dice(2) === 0 ? ' # next' : ''}\n` : '') + part,
      )
      .join('');
    if (dice(3) === 0) result = result.replace(/\n$/, '');
    return newline === '\r\n' ? result.replaceAll('\n', '\r\n') : result;
  });

function write(value: JsonMap, style: string, dice: Dice): string {
  if (style === 'json') return `${JSON.stringify(value)}\n`;
  if (style === 'pretty') return `${JSON.stringify(value, null, dice(2) === 0 ? 2 : 4)}\n`;
  if (style === 'flow') return `${flow(value, dice, 0)}\n`;
  const writer = new BlockWriter(dice, style === 'mixed');
  writer.value(value, 0, false);
  return writer.lines.join('');
}

function flow(value: Json, dice: Dice, depth: number): string {
  if (Array.isArray(value)) {
    return value.length === 0
      ? '[]'
      : `[${dice(4) === 0 ? ' ' : ''}${value.map((item) => flow(item, dice, depth + 1)).join(', ')}${dice(6) === 0 ? ',' : ''}]`;
  }
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value);
    if (entries.length === 0) return '{}';
    const gap = dice(5) === 0 ? '\n'.padEnd(depth * 2 + 3) : '';
    return `{${gap}${entries.map(([key, child]) => `${scalar(key, dice, true)}: ${flow(child, dice, depth + 1)}`).join(`,${gap === '' ? ' ' : gap}`)}}`;
  }
  return scalar(value, dice, true);
}

function scalar(value: string | number | boolean | null, dice: Dice, inFlow: boolean): string {
  if (typeof value !== 'string') return String(value);
  const plain =
    /^[A-Za-z][A-Za-z0-9/._-]*$/.test(value) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(value);
  if (plain && dice(3) > 0) return value;
  if (!inFlow && /^[\x20-\x7e]+$/.test(value) && dice(2) === 0) return `'${value.replaceAll("'", "''")}'`;
  return JSON.stringify(value).replaceAll(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

class BlockWriter {
  readonly lines: string[] = [];
  private readonly dice: Dice;
  private readonly mixed: boolean;

  constructor(dice: Dice, mixed: boolean) {
    this.dice = dice;
    this.mixed = mixed;
  }

  /** Writes a map or list; `started` says that the cursor is at its column already. */
  value(value: Json, column: number, started: boolean): void {
    let first = started;
    const pad = ' '.repeat(column);
    if (Array.isArray(value)) {
      for (const item of value) {
        this.comment(column, first);
        this.lines.push(`${first ? '' : pad}-`);
        first = false;
        this.slot(item, column, true);
      }
    } else if (value !== null && typeof value === 'object') {
      for (const [key, child] of Object.entries(value)) {
        this.comment(column, first);
        this.lines.push(`${first ? '' : pad}${scalar(key, this.dice, true)}:`);
        first = false;
        this.slot(child, column, false);
      }
    }
  }

  private slot(value: Json, column: number, item: boolean): void {
    const compound = value !== null && typeof value === 'object' && Object.keys(value).length > 0;
    if (!compound || (this.mixed && this.dice(6) === 0)) {
      this.lines.push(this.inline(value, column));
      return;
    }
    if (item && this.dice(4) > 0) {
      this.lines.push(' ');
      this.value(value, column + 2, true);
      return;
    }
    this.lines.push(`${this.dice(5) === 0 ? '  # note' : ''}\n`);
    const step = Array.isArray(value) && !item && this.dice(2) === 0 ? 0 : this.dice(5) === 0 ? 4 : 2;
    this.value(value, column + step, false);
  }

  private inline(value: Json, column: number): string {
    const tail = this.dice(6) === 0 ? ' # why: "so"' : '';
    if (value === null && this.dice(2) === 0) return `${tail}\n`;
    if (value !== null && typeof value === 'object')
      return ` ${flow(value, this.dice, column / 2 + 1)}${tail}\n`;
    if (typeof value === 'string' && /^[a-z]+\n[a-z\n]*$/.test(value) && this.dice(2) === 0) {
      const body = value
        .replace(/\n+$/, '')
        .split('\n')
        .map((line) => ' '.repeat(column + 4) + line)
        .join('\n');
      return ` |${value.endsWith('\n\n') ? '+' : ''}\n${body}${/\n+$/.exec(value)?.[0] ?? '\n'}`;
    }
    return ` ${scalar(value, this.dice, false)}${tail}\n`;
  }

  private comment(column: number, started: boolean): void {
    if (started || this.dice(8) > 0) return;
    this.lines.push(this.dice(2) === 0 ? '\n' : `${' '.repeat(column)}# ${'x'.repeat(this.dice(9))}\n`);
  }
}
