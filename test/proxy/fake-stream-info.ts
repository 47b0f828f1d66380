/** What a request is known by, with values that tests may change. */

import { Socket } from 'node:net';
import { HeaderList } from '../../src/proxy/http/header-list.ts';
import type { DownstreamConnection } from '../../src/proxy/listeners/connection.ts';
import type { Counter, Gauge, Histogram, StatsScope } from '../../src/proxy/stats/stats.ts';
import type { StreamInfo } from '../../src/proxy/stream-info.ts';

/** Keeps what was counted under its full name. */
export class FakeStats implements StatsScope {
  readonly prefix: string;
  readonly values: Map<string, { value: number }>;
  readonly recorded: Map<string, number[]>;

  constructor(
    prefix = '',
    values = new Map<string, { value: number }>(),
    recorded = new Map<string, number[]>(),
  ) {
    this.prefix = prefix;
    this.values = values;
    this.recorded = recorded;
  }

  counter(name: string, tags?: readonly (readonly [string, string])[]): Counter {
    const labels = tags === undefined ? '' : `{${tags.map(([key, value]) => `${key}=${value}`).join(',')}}`;
    const full = this.prefix + name + labels;
    const kept = this.values.get(full) ?? { value: 0 };
    this.values.set(full, kept);
    return kept;
  }

  gauge(name: string): Gauge {
    return this.counter(name);
  }

  histogram(name: string): Histogram {
    const kept = this.recorded.get(this.prefix + name) ?? [];
    this.recorded.set(this.prefix + name, kept);
    return { record: (value) => void kept.push(value) };
  }

  scope(name: string): StatsScope {
    return new FakeStats(this.prefix + name, this.values, this.recorded);
  }

  declare(): void {}

  measure(): void {}

  release(): void {}

  /** What has been counted, without zeros. */
  get counted(): Record<string, number> {
    return Object.fromEntries(
      [...this.values].filter(([, { value }]) => value !== 0).map(([name, { value }]) => [name, value]),
    );
  }
}

export function fakeConnection(over: Partial<DownstreamConnection> = {}): DownstreamConnection {
  const place = (port: number) => ({ kind: 'ip', ip: '127.0.0.1', port }) as const;
  return {
    id: 7,
    filterState: new Map(),
    upstreamSource: undefined,
    socket: new Socket(),
    listener: {
      name: 'l',
      direction: 'inbound',
      metadata: undefined,
      stats: new FakeStats('listener.l.'),
      bufferLimit: 1_048_576,
    },
    filterChainName: '',
    localPlace: place(80),
    remotePlace: place(40_000),
    directRemotePlace: place(40_000),
    restored: false,
    sni: '',
    transportProtocol: 'raw_buffer',
    alpn: '',
    tls: false,
    startTime: 0,
    onDrain: () => undefined,
    draining: false,
    ...over,
  };
}

export function fakeStreamInfo(over: Partial<StreamInfo> = {}): StreamInfo {
  return {
    connection: fakeConnection(),
    startTime: Date.UTC(2026, 0, 31, 9, 5, 3, 123),
    times: {
      start: 1000,
      requestEnd: 1001.5,
      upstreamFirstSent: 1002,
      upstreamLastSent: 1003,
      upstreamFirstReceived: 1010.25,
      upstreamLastReceived: 1011,
      responseFirstSent: 1012,
      responseLastSent: 1020.75,
      end: 1020.75,
    },
    protocol: 'HTTP/1.1',
    scheme: 'http',
    method: 'GET',
    authority: 'a.example',
    path: '/p?q=1&r=a%20b',
    originalPath: '/p?q=1&r=a%20b',
    requestHeaders: HeaderList.from([
      ['user-agent', 'curl'],
      ['x-two', 'one'],
      ['x-two', 'other'],
    ]),
    responseHeaders: HeaderList.from([['content-type', 'text/plain']]),
    responseTrailers: undefined,
    responseCode: 200,
    responseCodeDetails: 'via_upstream',
    responseFlags: [],
    connectionTerminationDetails: '',
    bytesReceived: 3,
    bytesSent: 5,
    requestHeaderBytes: 30,
    responseHeaderBytes: 40,
    upstreamCluster: undefined,
    upstreamHost: undefined,
    upstreamLocalAddress: '127.0.0.1:50000',
    upstreamTransportFailureReason: '',
    upstreamAttempts: 1,
    upstreamProtocol: 'HTTP/1.1',
    routeName: 'default',
    virtualHostName: 'v',
    downstreamRemoteIp: '127.0.0.1',
    requestId: '5d1c9b9e-0000-9000-8000-000000000000',
    traced: false,
    dynamicMetadata: new Map(),
    filterState: new Map(),
    ...over,
  };
}
