/** Statistics for statsd, as Envoy and as the builtin engine send them: the same names, forms and sums. */

import { afterEach, expect, it } from 'vitest';
import { ask, eventually } from '../peers/run-envoy.ts';
import { MAIN } from './differential/counters.ts';
import { COMPARED, Engine } from './differential/engines.ts';
import { type JsonMap, socketAddress, typed } from './differential/json.ts';
import { Pair } from './differential/pair.ts';
import { expectSame } from './differential/same.ts';
import type { Scenario } from './differential/scenario.ts';
import { StatsdServer } from './differential/statsd-server.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';

const SCENARIOS: readonly Scenario[] = [
  {
    title: 'answers of every kind',
    routes: [
      { match: { prefix: '/retry' }, route: { cluster: 'b1', retry_policy: { retry_on: '5xx' } } },
      { match: { prefix: '/none' }, route: { cluster: 'dead' } },
      { match: { prefix: '/own' }, direct_response: { status: 418 } },
      { match: { prefix: '/' }, route: { cluster: 'b1' } },
    ],
    questions: [
      {},
      { path: '/other', method: 'POST', body: 'some' },
      { do: 'status=404' },
      { path: '/retry', do: 'status=503;times=1' },
      { path: '/none' },
      { path: '/own' },
    ],
  },
];

function sink(port: number, prefix?: string): JsonMap {
  const settings = { address: socketAddress(port), ...(prefix === undefined ? {} : { prefix }) };
  return {
    name: 'envoy.stat_sinks.statsd',
    typed_config: typed('envoy.config.metrics.v3.StatsdSink', settings),
  };
}

/** Few of them, so that none is lost on a slow machine: a datagram that nobody has taken yet may be thrown away. */
const KEPT: JsonMap = {
  stats_matcher: {
    inclusion_list: {
      patterns: ['http.common.', 'cluster.b1.', 'cluster.dead.'].flatMap((prefix) =>
        ['downstream_rq_', 'rq_', 'upstream_rq_', 'external.', 'membership_total'].map((part) => ({
          prefix: prefix + part,
        })),
      ),
    },
  },
};

/** What of a counter's name stands behind the prefix, where both engines have to agree. */
function isMain(name: string): boolean {
  return MAIN.some((pattern) => pattern.test(name));
}

describeOnRealEnvoy('statistics for statsd', (program) => {
  let pair: Pair | undefined;
  let servers: readonly [StatsdServer, StatsdServer] | undefined;

  afterEach(async () => {
    await pair?.stop();
    for (const server of servers ?? []) server.stop();
    pair = undefined;
    servers = undefined;
  });

  async function start(flush: JsonMap, prefix?: string) {
    const both = [await StatsdServer.start(), await StatsdServer.start()] as const;
    servers = both;
    pair = await Pair.start(program, SCENARIOS, (side) => ({
      stats_config: KEPT,
      stats_sinks: [sink(both[side === 'first' ? 0 : 1].port, prefix)],
      ...flush,
    }));
    return { running: pair, both };
  }

  async function askAll(running: Pair): Promise<void> {
    for (const question of SCENARIOS[0]?.questions ?? []) expectSame(await running.ask(0, question));
  }

  /** Waits until both have sent what Envoy shows on its own page, which asks both to send where they wait for that. */
  async function expectSameSums(running: Pair, [envoy, other]: readonly [StatsdServer, StatsdServer]) {
    await eventually(
      async () => {
        const [own] = await Promise.all(running.engines.map((engine) => engine.stats()));
        const wanted = [...(own ?? [])].filter(([name, value]) => isMain(name) && value > 0);
        expect(wanted.length).toBeGreaterThan(15);
        const differs = ([name, value]: readonly [string, number]) =>
          [envoy, other].some((server) => server.counter(`envoy.${name}`) !== value);
        return wanted.filter(differs);
      },
      (left) => left.length === 0,
    );
    const names = (server: StatsdServer) =>
      [...server.counters.keys()].filter((name) => isMain(name.slice('envoy.'.length))).sort();
    expect(names(other)).toEqual(names(envoy));
  }

  it('come every few seconds: counters as what they grew by, gauges, and each time that was taken', async () => {
    const { running, both } = await start({ stats_flush_interval: '0.5s' });
    await askAll(running);
    await expectSameSums(running, both);
    for (const server of both) {
      expect(server.datagrams.filter((one) => !/^envoy\.[^\s:]+:\d+\|(c|g|ms)$/.test(one))).toEqual([]);
      expect(server.gauge('envoy.cluster.b1.membership_total')).toBe(1);
      expect(server.timers('envoy.http.common.downstream_rq_time')).toHaveLength(6);
      expect(server.timers('envoy.cluster.b1.upstream_rq_time')).toHaveLength(4);
      // What has counted once is told of for ever, and does not count again.
      const [total] = server.datagrams.filter((one) =>
        one.startsWith('envoy.http.common.downstream_rq_total:'),
      );
      expect(total).toBeDefined();
      await eventually(
        async () =>
          server.datagrams.filter((one) => one === 'envoy.http.common.downstream_rq_total:0|c').length,
        (count) => count > 1,
      );
      expect(server.counter('envoy.http.common.downstream_rq_total')).toBe(6);
    }
  });

  it('count on when counters are set to 0', async () => {
    const { running, both } = await start({ stats_flush_interval: '0.5s' });
    await askAll(running);
    for (const { adminPort } of running.engines) {
      expect((await ask(adminPort, '/reset_counters', {}, 'POST')).status).toBe(200);
    }
    await askAll(running);
    for (const server of both) {
      await eventually(
        async () => server.counter('envoy.http.common.downstream_rq_total'),
        (count) => count >= 12,
      );
      expect(server.counter('envoy.http.common.downstream_rq_total')).toBe(12);
    }
  });

  it('have the prefix that is set, and come once more at the end', async () => {
    const { running, both } = await start({ stats_flush_interval: '299s' }, 'shop.edge');
    await askAll(running);
    for (const engine of running.engines) await engine.end();
    for (const server of both) {
      await eventually(
        async () => server.counter('shop.edge.http.common.downstream_rq_total'),
        (count) => count > 0,
      );
      expect(server.counter('shop.edge.http.common.downstream_rq_total')).toBe(6);
      expect(server.datagrams.filter((one) => !one.startsWith('shop.edge.'))).toEqual([]);
    }
  });

  it('come when the administration is asked, where that is wanted', async () => {
    const { running, both } = await start({ stats_flush_on_admin: true });
    await askAll(running);
    for (const server of both) expect(server.counters.size).toBe(0);
    await expectSameSums(running, both);
  });

  it.each(['0s', '300s'])('are not sent every %s', async (stats_flush_interval) => {
    const bootstrap = { node: { id: 'a', cluster: 'b' }, stats_sinks: [sink(8125)], stats_flush_interval };
    for (const kind of ['envoy', COMPARED] as const) {
      const refusal = await Engine.refuse(kind, program, bootstrap);
      expect(refusal?.output).toMatch(/stats_?flush_?interval/i);
    }
  });

  const statsd = 'type.googleapis.com/envoy.config.metrics.v3.StatsdSink';
  it.each<readonly [string, JsonMap, RegExp]>([
    [
      'a name for an address',
      { '@type': statsd, address: { socket_address: { address: 'stats.example', port_value: 8125 } } },
      /stats_sinks\[0\]\.address/,
    ],
    ['neither an address nor a cluster', { '@type': statsd }, /stats_sinks\[0\]/],
  ])('are not begun with %s', async (_, settings, reason) => {
    const bootstrap = {
      node: { id: 'a', cluster: 'b' },
      stats_sinks: [{ name: 'envoy.stat_sinks.statsd', typed_config: settings }],
    };
    expect(await Engine.refuse('envoy', program, bootstrap)).toBeDefined();
    const refusal = await Engine.refuse(COMPARED, program, bootstrap);
    expect(refusal?.output).toMatch(COMPARED === 'builtin' ? reason : /./);
  });
});
