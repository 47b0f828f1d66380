/** How a feature is shown: what is configured, what is asked, and what has to come of it. */

import { expect, test } from 'vitest';
import type { Echo, Errand, Outcome } from '../../peers/world/courier-messages.ts';
import { eventually } from '../../peers/run-envoy.ts';
import { WHO } from '../../peers/world/shop.ts';
import type { World, WorldEngine } from '../../peers/world/world.ts';

export interface FeatureCase {
  readonly feature: string;
  /** Manifests of its own, with hosts and names that no other case has; made when the files of the world are there. */
  readonly config?: string | (() => string);
  /** The only engine that has it; docs/differences.md names what the other lacks. */
  readonly only?: WorldEngine['name'];
  readonly asks: readonly Ask[];
}

export interface Ask extends Partial<Errand> {
  /** To the gateway, through the client's sidecar, or to the client's own port. */
  readonly via: 'gateway' | 'mesh' | 'workload';
  /** Address of a service or of a server outside; port included. */
  readonly to?: string;
  readonly host?: string;
  readonly times?: number;
  readonly atOnce?: number;
  readonly releaseAfter?: number;
  /** Matched with what came back; of several the first that fails is told. */
  readonly expect?: Expected;
  /** What has to hold for all outcomes together. */
  readonly check?: (outcomes: readonly Seen[], world: World) => unknown;
}

export interface Expected {
  readonly status?: number;
  /** Who answered: `web v1`. */
  readonly who?: string;
  /** As the backend saw them. */
  readonly path?: string;
  readonly authority?: string;
  readonly method?: string;
  readonly version?: string;
  readonly serverName?: string;
  readonly client?: string;
  readonly cipher?: string;
  /** Which connection to the backend it was, and how many PINGs came over it. */
  readonly connection?: number;
  readonly pings?: number;
  readonly received?: Readonly<Record<string, unknown>>;
  /** Headers of the answer. */
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly trailers?: Readonly<Record<string, unknown>>;
  readonly text?: unknown;
  /** Of HTTPS: the subject of the certificate that the proxy showed. */
  readonly certificate?: string;
}

export type Seen = Expected & { readonly took: number; readonly error?: string };

/** Outcome and echo in one. */
export function seenOf(outcome: Outcome): Seen {
  const { echo, status, headers, text, took, error, trailers, certificate } = outcome;
  // Of plain TCP: `reached ADDRESS from ADDRESS`.
  const reached = /^reached (\S+) /.exec(text)?.[1];
  const ip = echo?.ip ?? reached;
  return {
    status,
    headers: headers as Seen['headers'],
    took,
    text,
    ...(trailers === undefined ? {} : { trailers }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(error === undefined ? {} : { error }),
    ...(ip === undefined ? {} : { who: WHO[ip] ?? ip }),
    ...(echo === undefined
      ? {}
      : {
          path: echo.path,
          connection: echo.fromPort,
          pings: echo.pings ?? 0,
          method: echo.method,
          version: echo.version,
          authority: String(echo.headers.host),
          received: echo.headers,
          serverName: echo.serverName,
          client: echo.client,
          cipher: echo.cipher,
        }),
  };
}

/** A request at the gateway. */
export const get = (host: string, more: object = {}) =>
  ({ via: 'gateway', host: `${host}.test`, ...more }) as const;

const PLACES = { gateway: '127.0.0.1:80', mesh: '10.96.0.1:80', workload: '10.40.0.11:8080' } as const;

export async function send(world: World, ask: Ask): Promise<readonly Seen[]> {
  const {
    via,
    host,
    times = 1,
    atOnce,
    releaseAfter,
    expect: _expect,
    check: _check,
    headers,
    ...errand
  } = ask;
  const outcomes = await world.sendAll({
    errand: {
      to: PLACES[via],
      ...errand,
      headers: { ...(host === undefined ? {} : { host }), ...headers },
    },
    times,
    ...(atOnce === undefined ? {} : { atOnce }),
    ...(releaseAfter === undefined ? {} : { releaseAfter }),
  });
  return outcomes.map(seenOf);
}

/** A test for each case. */
export function testCases(world: () => World, cases: readonly FeatureCase[]): void {
  // With %s, since a title made of $feature would end after forty characters.
  test.each(cases.map(({ feature, asks }) => [feature, asks] as const))('%s', async (_, asks) => {
    for (const ask of asks) {
      await world().seen();
      const outcomes = await send(world(), ask);
      const words = `${ask.via} ${ask.method ?? 'GET'} ${ask.host ?? ask.to ?? ''}${ask.path ?? ''} ${JSON.stringify(ask.headers ?? {})}`;
      for (const outcome of outcomes) {
        if (ask.expect !== undefined) expect(outcome, words).toMatchObject(ask.expect);
      }
      await ask.check?.(outcomes, world());
    }
  });
}

/** How many were answered with a status. */
export function count(outcomes: readonly Seen[], status: number): number {
  return outcomes.filter((one) => one.status === status).length;
}

/** How often each of them answered. */
export function shares(outcomes: readonly Seen[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { who = 'nobody' } of outcomes) counts[who] = (counts[who] ?? 0) + 1;
  return counts;
}

/** What reached backends, once there is so much of it: copies, for one, are sent without anybody waiting for them. */
export async function eventuallySeen(world: World, count: number): Promise<readonly Echo[]> {
  const all: Echo[] = [];
  await eventually(
    async () => {
      all.push(...(await world.seen()));
      return all;
    },
    ({ length }) => length >= count,
  );
  return all;
}
