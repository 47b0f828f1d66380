/** Runs one filter on one request, with an endpoint that answers as the test says. */

import type { JsonObject } from '@bufbuild/protobuf';
import { type Any, AnySchema } from '@bufbuild/protobuf/wkt';
import type {
  FilterContext,
  FilterStream,
  HttpFilter,
  LocalReply,
  RouteRateLimits,
} from '../../../src/proxy/http-filters/filter.ts';
import { filterKindOf } from '../../../src/proxy/http-filters/filters.ts';
import { HeaderList } from '../../../src/proxy/http/header-list.ts';
import type { StreamInfo } from '../../../src/proxy/stream-info.ts';
import { messageFromJson } from '../../../src/xds/proto/registry.ts';
import { FakeStats, fakeStreamInfo } from '../fake-stream-info.ts';

type Pairs = readonly (readonly [name: string, value: string])[];

export function packed(typeName: string, settings: JsonObject = {}): Any {
  return messageFromJson(AnySchema, { '@type': `type.googleapis.com/${typeName}`, ...settings });
}

export interface Call {
  readonly method?: string;
  readonly path?: string;
  readonly authority?: string;
  readonly headers?: Pairs;
  /** In pieces; absent for none. */
  readonly body?: readonly (Buffer | string)[];
  readonly response?: {
    readonly status?: number;
    readonly headers?: Pairs;
    readonly body?: readonly (Buffer | string)[];
    readonly trailers?: Pairs;
  };
  readonly routes?: readonly Any[];
  readonly rateLimits?: RouteRateLimits;
  readonly info?: Partial<StreamInfo>;
}

export interface Outcome {
  /** What the endpoint was sent; undefined when it was not asked. */
  readonly sent:
    | { readonly path: string; readonly headers: Record<string, string>; readonly body: Buffer }
    | undefined;
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
  readonly trailers: Record<string, string>;
  readonly info: StreamInfo;
}

function record(list: HeaderList): Record<string, string> {
  return Object.fromEntries([...new Set(list.names)].map((name) => [name, list.joined(name) ?? '']));
}

const NO_LIMITS: RouteRateLimits = { route: [], virtualHost: [], includeVirtualHost: false };

export class FilterRun {
  readonly stats = new FakeStats();
  readonly typeName: string;
  failing = false;
  random = 0;
  readonly #filter;

  constructor(
    typeName: string,
    settings: JsonObject = {},
    over: Partial<Pick<FilterContext, 'node' | 'clusters'>> = {},
  ) {
    this.typeName = typeName;
    const any = packed(typeName, settings);
    const context: FilterContext = {
      stats: this.stats.scope('http.x.'),
      allStats: this.stats,
      clusters: { get: () => undefined },
      listener: { direction: 'inbound' },
      node: { id: 'n', cluster: 'front', metadata: {} },
      healthCheckFailed: () => this.failing,
      random: () => this.random,
      ...over,
    };
    this.#filter = filterKindOf(any).compile('f', any, context);
  }

  /** As the connection manager would, with nothing before or after the filter. */
  async call(call: Call): Promise<Outcome> {
    const requestHeaders = HeaderList.from(call.headers ?? []);
    const info = fakeStreamInfo({
      requestHeaders,
      method: call.method ?? 'GET',
      path: call.path ?? '/',
      authority: call.authority ?? 'a.example',
      ...call.info,
    });
    const ends: (() => void)[] = [];
    let replied: LocalReply | undefined;
    let goOn: () => void = () => undefined;
    let holdsRequest = false;
    let holdsResponse = false;
    const isSettled = new Promise<void>((resolve) => (goOn = resolve));
    const stream: FilterStream = {
      info,
      requestHeaders,
      method: info.method,
      authority: info.authority,
      path: info.path,
      scheme: 'http',
      routeCluster: 'backend',
      routeSettings: () => call.routes ?? [],
      rateLimits: () => call.rateLimits ?? NO_LIMITS,
      clearRouteCache: () => undefined,
      reply(reply) {
        replied = reply;
        goOn();
      },
      resumeRequest() {
        holdsRequest = false;
        goOn();
      },
      resumeResponse: () => (holdsResponse = false),
      setResponseStatus: (status) => (info.responseCode = status),
      onEnd: (listener) => ends.push(listener),
    };
    const filter: HttpFilter = this.#filter.forStream(stream) ?? {};
    const sentBody: Buffer[] = [];
    const chunks = (call.body ?? []).map((chunk) => Buffer.from(chunk));
    holdsRequest = filter.onRequestHeaders?.(stream, chunks.length === 0) === 'stop';
    for (const [index, chunk] of chunks.entries()) {
      if (replied !== undefined) break;
      sentBody.push(filter.onRequestData?.(stream, chunk, index === chunks.length - 1) ?? chunk);
    }
    if (holdsRequest && replied === undefined) await isSettled;

    const response = replied ?? call.response ?? {};
    const list = HeaderList.from(response.headers ?? []);
    info.responseCode = response.status ?? 200;
    const body =
      replied === undefined ? (call.response?.body ?? []) : replied.body === '' ? [] : [replied.body];
    const trailers =
      replied === undefined ? HeaderList.from(call.response?.trailers ?? []) : new HeaderList();
    const isLast = (index: number) => index === body.length - 1 && trailers.size === 0;
    const end = body.length === 0 && trailers.size === 0;
    holdsResponse = filter.onResponseHeaders?.(stream, info.responseCode, list, end) === 'stop';
    const received = body.map((chunk, index) => {
      const bytes = Buffer.from(chunk);
      return filter.onResponseData?.(stream, bytes, isLast(index)) ?? bytes;
    });
    if (trailers.size > 0) {
      const more = filter.onResponseTrailers?.(stream, trailers);
      if (more !== undefined) received.push(more);
    }
    if (holdsResponse) throw new Error('the answer was never let go');
    filter.onComplete?.(stream);
    for (const listener of ends) listener();
    return {
      sent:
        replied === undefined
          ? { path: stream.path, headers: record(requestHeaders), body: Buffer.concat(sentBody) }
          : undefined,
      status: info.responseCode,
      headers: record(list),
      body: Buffer.concat(received),
      trailers: record(trailers),
      info,
    };
  }
}
