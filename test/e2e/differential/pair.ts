/** Envoy and the engine that is compared with it, each with endpoints of its own, asked the same at the same time. */

import { setTimeout as wait } from 'node:timers/promises';
import { Backends, type Seen } from './backends.ts';
import { type Got, allIsRead, send } from './client.ts';
import { COMPARED, Engine, type EngineKind } from './engines.ts';
import { freePorts } from '../../peers/free-ports.ts';
import type { JsonMap } from './json.ts';
import { type Question, type Scenario, hostOf } from './scenario.ts';
import { listenerCount, setUp } from './setup.ts';

/** What of every request and answer differs without meaning anything. */
const EVERYWHERE: Readonly<Record<string, string>> = {
  date: 'the time',
  'x-envoy-upstream-service-time': 'how long it took',
};

/** What one side did with a question. */
export interface Outcome {
  readonly got: readonly Got[];
  readonly seen: readonly Seen[];
}

interface Side {
  readonly kind: EngineKind;
  readonly engine: Engine;
  readonly backends: Backends;
  portOf(index: number): number;
}

/** Ids that are made by chance stand as `<uuid>`; what is excused is left out. */
export function comparable(
  headers: Readonly<Record<string, string>>,
  excused: JsonMap,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => !Object.hasOwn(EVERYWHERE, name) && !Object.hasOwn(excused, name))
      .map(([name, value]) => [name, comparableValue(name, value)]),
  );
}

function comparableValue(name: string, value: string): string {
  // Ids of traces are made by chance.
  if (name.startsWith('x-b3-') || name === 'traceparent') return value.replaceAll(/[0-9a-f]{16,32}/g, '<id>');
  if (name === 'x-request-id' && /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(value)) return `<uuid ${value[14]}>`;
  // What is left of the time after earlier tries.
  if (name === TIME_LEFT) return `up to ${Math.ceil(Number(value) / 500) * 500}`;
  return value;
}

const TIME_LEFT = 'x-envoy-expected-rq-timeout-ms';

/**
 * Further tries are told how much is left of the time, which is a matter of how busy the machine is. Of all tries the most
 * stands for each: it is what the first was told.
 */
export function withMostTime<One extends { readonly headers: Readonly<Record<string, unknown>> }>(
  seen: readonly One[],
): readonly One[] {
  const most = Math.max(...seen.map(({ headers }) => Number(headers[TIME_LEFT] ?? 0)));
  return seen.map((one) =>
    one.headers[TIME_LEFT] === undefined
      ? one
      : { ...one, headers: { ...one.headers, [TIME_LEFT]: String(most) } },
  );
}

let cases = 0;

export class Pair {
  readonly #sides: readonly [Side, Side];
  readonly #scenarios: readonly Scenario[];

  private constructor(sides: readonly [Side, Side], scenarios: readonly Scenario[]) {
    this.#sides = sides;
    this.#scenarios = scenarios;
  }

  /** `more`: what stands in the bootstrap of that engine beside what the scenarios make. */
  static async start(
    envoy: string,
    scenarios: readonly Scenario[],
    more: (side: 'first' | 'second') => JsonMap = () => ({}),
  ): Promise<Pair> {
    const start = async (kind: EngineKind, side: 'first' | 'second'): Promise<Side> => {
      const backends = await Backends.start();
      const setup = setUp(scenarios, backends.ports, await freePorts(listenerCount(scenarios)));
      const engine = await Engine.start(kind, envoy, { ...setup.bootstrap, ...more(side) });
      return { kind, engine, backends, portOf: setup.portOf };
    };
    return new Pair([await start('envoy', 'first'), await start(COMPARED, 'second')], scenarios);
  }

  /** Envoy first. */
  get engines(): readonly [Engine, Engine] {
    return [this.#sides[0].engine, this.#sides[1].engine];
  }

  get sides(): readonly [Side, Side] {
    return this.#sides;
  }

  /** What both did, Envoy first, as far as it may be compared. */
  async ask(index: number, question: Question): Promise<readonly [Outcome, Outcome]> {
    const key = `c${cases++}`;
    const host = question.host ?? hostOf(index);
    const headers = [...(question.headers ?? []), ['x-case', key] as const];
    if (question.do !== undefined) headers.push(['x-do', question.do]);
    const ask = async (side: Side): Promise<Outcome> => {
      side.backends.take();
      const got: Got[] = [];
      for (let turn = 0; turn < (question.repeat ?? 1); turn++) {
        got.push(await send(side.portOf(index), { ...question, host, headers }));
      }
      // What is mirrored comes when it comes.
      for (let turn = 0; turn < 2000 && side.backends.seen.length < (question.seen ?? 0); turn++)
        await wait(10);
      // On a busy machine a proxy's own answer may be read before the request that it forwarded.
      await allIsRead();
      return { got, seen: side.backends.take() };
    };
    const [first, second] = this.#sides;
    const outcomes = await Promise.all([ask(first), ask(second)]);
    const excused = question.excused ?? {};
    const clean = ({ got, seen }: Outcome): Outcome => ({
      got: got.map((one) => ({ ...one, headers: comparable(one.headers, excused) })),
      seen: withMostTime(seen)
        .map((one) => ({ ...one, headers: comparable(one.headers, { 'x-case': '', ...excused }) }))
        .sort((a, b) => (question.seen === undefined ? 0 : a.backend < b.backend ? -1 : 1)),
    });
    return [clean(outcomes[0]), clean(outcomes[1])];
  }

  get scenarios(): readonly Scenario[] {
    return this.#scenarios;
  }

  async stop(): Promise<void> {
    for (const { engine, backends } of this.#sides) {
      await engine.stop();
      await backends.stop();
    }
  }
}
