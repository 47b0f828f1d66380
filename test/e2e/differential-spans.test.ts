/** Spans of Envoy and of the builtin engine: the same for the same requests, at a collector of Zipkin's and OpenTelemetry's. */

import { beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../peers/free-ports.ts';
import { eventually } from '../peers/run-envoy.ts';
import { Backends } from './differential/backends.ts';
import { send } from './differential/client.ts';
import { COMPARED, Engine, type EngineKind } from './differential/engines.ts';
import { listenerCount, setUp } from './differential/setup.ts';
import { SPAN_CASES, type SpanCase, TRACED, tracedScenarios } from './differential/span-cases.ts';
import { type CollectedSpan, SpanCollector } from './differential/span-collector.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';

/** What stands for one request: its spans, and what its endpoints were told of them. */
type Told = Readonly<Record<string, unknown>>;

const LAST = 'the last one';
const ALL: Readonly<Record<string, SpanCase>> = { ...SPAN_CASES, [LAST]: { path: '/tagged' } };

/** Ids that are made by chance, each by where it came first. */
class Ids {
  readonly #names = new Map<string, string>();

  constructor(given: readonly string[]) {
    for (const id of given) this.#names.set(id, id);
  }

  of(id: string): string {
    let name = this.#names.get(id);
    if (name === undefined) this.#names.set(id, (name = `id ${this.#names.size} of ${id.length} digits`));
    return name;
  }
}

const TRACE_HEADERS = /^(?:x-b3-.*|b3|traceparent|tracestate|x-request-id|x-envoy-decorator-operation)$/;

async function spansOf(kind: EngineKind, program: string): Promise<ReadonlyMap<string, Told>> {
  const [collector, backends] = await Promise.all([SpanCollector.start(), Backends.start()]);
  const scenarios = tracedScenarios(collector);
  const setup = setUp(scenarios, backends.ports, await freePorts(listenerCount(scenarios)));
  const engine = await Engine.start(kind, program, setup.bootstrap).catch(async (error: unknown) => {
    await Promise.all([backends.stop(), collector.stop()]);
    throw error;
  });
  const told = new Map<string, Told>();
  try {
    for (const [index] of TRACED.entries()) {
      for (const [title, { do: orders, headers = [], ...sent }] of Object.entries(ALL)) {
        const own = [
          ['x-case', `${index} ${title}`],
          ['x-do', orders ?? ''],
        ] as const;
        await send(setup.portOf(index), { host: 'shop.example', ...sent, headers: [...own, ...headers] });
      }
    }
    const caseOf = (span: CollectedSpan): string | undefined => span.tags['case'];
    await eventually(
      () => collector.spans.map(caseOf),
      (cases) => TRACED.every((_, index) => cases.includes(`${index} ${LAST}`)),
    );

    told.set('reports', { reports: reportsOf(collector) });
    for (const index of TRACED.keys()) {
      for (const title of Object.keys(SPAN_CASES)) {
        const name = `${index} ${title}`;
        told.set(name, toldOf(name, collector.spans, backends));
      }
    }
    return told;
  } finally {
    await engine.stop();
    await Promise.all([backends.stop(), collector.stop()]);
  }
}

/** Which reports there are; how many spans are in one is a matter of time. */
function reportsOf({ reports }: SpanCollector): readonly string[] {
  // Who makes the spans differs: see docs/differences.md.
  const whose = (resource: object = {}) =>
    Object.entries(resource).filter(([name]) => !name.startsWith('telemetry.sdk.'));
  const texts = reports.map(({ resource, ...report }) => JSON.stringify([report, whose(resource)]));
  return [...new Set(texts)].sort();
}

function toldOf(name: string, spans: readonly CollectedSpan[], backends: Backends): Told {
  const given = Object.values(SPAN_CASES).flatMap(({ headers = [] }) =>
    headers.flatMap(([, value]) => value.split('-')),
  );
  const ids = new Ids(given);
  const traces = new Set(
    spans.filter(({ tags }) => tags['case'] === name).map(({ traceId, id }) => `${traceId} ${id}`),
  );
  // Spans of tries have no tags of the manager, but hang below one that has.
  const isBelow = ({ traceId, parentId, tags }: CollectedSpan): boolean =>
    tags['case'] === undefined && traces.has(`${traceId} ${parentId}`);
  const mine = spans.filter((span) => span.tags['case'] === name || isBelow(span));
  mine.sort((a, b) => a.timestamp - b.timestamp);
  const seen = backends.seen.filter(({ headers }) => headers['x-case'] === name);
  return {
    spans: mine.map(({ traceId, id, parentId, timestamp, duration, annotations, tags, ...rest }) => {
      expect(Math.abs(timestamp / 1000 - Date.now())).toBeLessThan(600_000);
      expect(duration).toBeGreaterThan(0);
      for (const one of annotations ?? []) expect(one.timestamp).toBeGreaterThan(timestamp);
      return {
        ...rest,
        annotations: annotations?.map(({ value }) => value),
        traceId: ids.of(traceId),
        id: ids.of(id),
        parentId: parentId === undefined ? undefined : ids.of(parentId),
        tags: comparableTags(tags, backends),
      };
    }),
    seen: seen.map(({ headers }) =>
      Object.fromEntries(
        Object.entries(headers)
          .filter(([header]) => TRACE_HEADERS.test(header))
          .map(([header, value]) => [
            header,
            header === 'x-request-id'
              ? requestId(value)
              : value
                  .split('-')
                  .map((part) => (part.length < 16 ? part : ids.of(part)))
                  .join('-'),
          ]),
      ),
    ),
  };
}

const requestId = (id: string): string =>
  id.length === 36 && !id.startsWith('0000ffff') ? `by chance, ${id[14]}` : id;

function comparableTags(
  tags: Readonly<Record<string, string>>,
  { ports }: Backends,
): Readonly<Record<string, string>> {
  const names = new Map(Object.entries(ports).map(([name, port]) => [`127.0.0.1:${port}`, name]));
  return Object.fromEntries(
    Object.entries(tags).map(([key, value]) => {
      if (key === 'guid:x-request-id') return [key, requestId(value)];
      return [key, names.get(value) ?? value];
    }),
  );
}

describeOnRealEnvoy('spans', (program) => {
  let envoy: ReadonlyMap<string, Told> = new Map();
  let other: ReadonlyMap<string, Told> = new Map();

  beforeAll(async () => {
    [envoy, other] = await Promise.all([spansOf('envoy', program), spansOf(COMPARED, program)]);
  }, 120_000);

  it('come in the same reports', () => {
    expect(envoy.get('reports')).toBeDefined();
    expect(other.get('reports')).toEqual(envoy.get('reports'));
  });

  describe.each(TRACED.map(({ title }, index) => [title, index] as const))('%s', (_, index) => {
    it.each(Object.keys(SPAN_CASES))('%s', (title) => {
      const wanted = envoy.get(`${index} ${title}`);
      expect(wanted).toBeDefined();
      expect(other.get(`${index} ${title}`)).toEqual(wanted);
    });
  });
});
