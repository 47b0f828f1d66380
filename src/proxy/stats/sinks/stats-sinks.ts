/**
 * Where statistics are sent, beside being shown: `stats_sinks` of the bootstrap.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/metrics/v3/stats.proto
 */

import type { Bootstrap } from '../../../xds/proto/generated/envoy/config/bootstrap/v3/bootstrap_pb.js';
import {
  type StatsSink,
  type StatsdSink,
  StatsdSinkSchema,
} from '../../../xds/proto/generated/envoy/config/metrics/v3/stats_pb.js';
import { type SocketPlace, canonicalIp } from '../../address.ts';
import { InvalidConfigError, milliseconds, typeNameOf, unpacked } from '../../config-error.ts';
import { UnsupportedError } from '../../route/unsupported.ts';
import type { StatRow } from '../store.ts';
import { Datagrams } from './datagrams.ts';
import { StatsdLines } from './statsd-lines.ts';

/** What Envoy puts before each name when nothing else is said. */
const DEFAULT_PREFIX = 'envoy';

/** Milliseconds between flushes: when nothing is said, and the limits that Envoy has. */
const DEFAULT_INTERVAL = 5_000;
const SHORTEST = 1;
const BELOW = 300_000;

/** `stats_flush_interval` in milliseconds. Throws an `InvalidConfigError` for one that Envoy refuses too. */
export function flushInterval({ statsFlushInterval }: Pick<Bootstrap, 'statsFlushInterval'>): number {
  const interval = milliseconds(statsFlushInterval, DEFAULT_INTERVAL);
  if (interval >= SHORTEST && interval < BELOW) return interval;
  throw new InvalidConfigError('stats_flush_interval', 'is not from 1 ms to below 5 minutes');
}

interface Sink {
  readonly lines: StatsdLines;
  readonly datagrams: Datagrams;
}

export class StatsSinks {
  readonly #sinks: readonly Sink[];
  #timer: NodeJS.Timeout | undefined;

  /** Throws an `UnsupportedError` for a sink that is not there, and an `InvalidConfigError`. */
  constructor({ statsSinks }: Pick<Bootstrap, 'statsSinks'>) {
    this.#sinks = statsSinks.map(sinkOf);
  }

  /** Without one nobody has to be told anything. */
  get isEmpty(): boolean {
    return this.#sinks.length === 0;
  }

  /** Values of histograms go out at once. */
  record(title: string, value: number): void {
    for (const { lines, datagrams } of this.#sinks) datagrams.send(lines.timer(title, value));
  }

  /** Sends what counters have grown by, and gauges. `restarts`: the counters have just been set to 0. */
  flush(rows: readonly StatRow[], restarts = false): void {
    for (const { lines, datagrams } of this.#sinks) {
      for (const line of lines.flush(rows)) datagrams.send(line);
      if (restarts) lines.restart();
    }
  }

  /** Flushes every so many milliseconds. */
  flushEvery(interval: number, rows: () => Promise<readonly StatRow[]>): void {
    if (this.isEmpty) return;
    let isBusy = false;
    this.#timer = setInterval(() => {
      if (isBusy) return;
      isBusy = true;
      void rows().then((all) => {
        isBusy = false;
        this.flush(all);
      });
    }, interval).unref();
  }

  /** With what was counted since the last flush. */
  async close(rows: readonly StatRow[]): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#sinks.map(({ lines, datagrams }) => datagrams.close(lines.flush(rows))));
  }
}

/** Throws an `UnsupportedError` for a sink of another kind. */
export function statsdSettings(
  { name, configType: { value: settings } }: StatsSink,
  field: string,
): StatsdSink {
  const type = typeNameOf(settings);
  if (settings === undefined || type !== StatsdSinkSchema.typeName) {
    throw new UnsupportedError(`${field} (${type === '' ? name : type})`);
  }
  return unpacked(field, settings, StatsdSinkSchema);
}

function sinkOf(sink: StatsSink, index: number): Sink {
  const field = `stats_sinks[${index}]`;
  const { prefix, statsdSpecifier } = statsdSettings(sink, field);
  return {
    lines: new StatsdLines(`${prefix === '' ? DEFAULT_PREFIX : prefix}.`),
    datagrams: new Datagrams(destination(field, statsdSpecifier)),
  };
}

function destination(field: string, specifier: StatsdSink['statsdSpecifier']): SocketPlace {
  if (specifier.case === 'tcpClusterName') throw new UnsupportedError(`${field}.tcp_cluster_name`);
  const address = specifier.value?.address;
  const value = address?.case === 'socketAddress' ? address.value : undefined;
  const ip = canonicalIp(value?.address ?? '');
  const port = value?.portSpecifier.case === 'portValue' ? value.portSpecifier.value : 0;
  if (ip === undefined || port === 0 || port > 65_535) {
    throw new InvalidConfigError(`${field}.address`, 'is no IP address with a port');
  }
  return { kind: 'ip', ip, port };
}
