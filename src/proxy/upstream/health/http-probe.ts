/** Well is who answers a request with the status that is expected. */

import { Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import {
  type ClientHttp2Session,
  type IncomingHttpHeaders as Http2Headers,
  connect as connectHttp2,
} from 'node:http2';
import { RequestMethod } from '../../../xds/proto/generated/envoy/config/core/v3/base_pb.js';
import type { HeaderValueOption } from '../../../xds/proto/generated/envoy/config/core/v3/base_pb.js';
import type { HealthCheck_HttpHealthCheck } from '../../../xds/proto/generated/envoy/config/core/v3/health_check_pb.js';
import { CodecClientType } from '../../../xds/proto/generated/envoy/type/v3/http_pb.js';
import { InvalidConfigError, refuseFields } from '../../config-error.ts';
import { styledName } from '../../http1/name-style.ts';
import { type TextMatcher, compileStringMatcher } from '../../route/string-matcher.ts';
import { UnsupportedError } from '../../route/unsupported.ts';
import {
  NETWORK_FAILURE,
  type Probe,
  type ProbeFactory,
  type ProbeResult,
  type ProbeTarget,
  type SharedProbeOptions,
  payloadBytes,
} from './probe.ts';
import { containsInOrder } from './tcp-probe.ts';

interface Settings {
  readonly host: string;
  readonly path: string;
  readonly method: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly removed: readonly string[];
  readonly body: Buffer | undefined;
  readonly expected: (status: number) => boolean;
  readonly retriable: (status: number) => boolean;
  readonly receive: readonly Buffer[];
  readonly bufferSize: number;
  readonly service: TextMatcher | undefined;
  readonly shared: SharedProbeOptions;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders | Http2Headers;
  readonly body: Buffer;
}

export function httpProbe(
  field: string,
  config: HealthCheck_HttpHealthCheck,
  shared: SharedProbeOptions,
): ProbeFactory {
  if (config.codecClientType === CodecClientType.HTTP3) throw new UnsupportedError(`${field} over HTTP/3`);
  if (!config.path.startsWith('/')) throw new InvalidConfigError(`${field}.path`, 'does not begin with /');
  const method = config.method === RequestMethod.METHOD_UNSPECIFIED ? 'GET' : RequestMethod[config.method];
  if (method === 'CONNECT') throw new InvalidConfigError(`${field}.method`, 'CONNECT is no question');
  const settings: Settings = {
    host: config.host,
    path: config.path,
    method,
    headers: config.requestHeadersToAdd.map((one) => headerOf(`${field}.request_headers_to_add`, one)),
    removed: config.requestHeadersToRemove.map((name) => name.toLowerCase()),
    body: config.send === undefined ? undefined : payloadBytes(`${field}.send`, config.send),
    expected: statuses(config.expectedStatuses, (status) => status === 200),
    retriable: statuses(config.retriableStatuses, () => false),
    receive: config.receive.map((one, index) => payloadBytes(`${field}.receive[${index}]`, one)),
    bufferSize: Number(config.responseBufferSize ?? 1024n),
    service:
      config.serviceNameMatcher === undefined ? undefined : compileStringMatcher(config.serviceNameMatcher),
    shared,
  };
  return config.codecClientType === CodecClientType.HTTP2
    ? (target) => new Http2Probe(settings, target)
    : (target) => new Http1Probe(settings, target);
}

/** A header with a fixed value. Throws an `UnsupportedError` for ones that are put together. */
export function headerOf(field: string, { header }: HeaderValueOption): readonly [string, string] {
  const name = header?.key ?? '';
  const value = header?.value ?? '';
  refuseFields(`${field} ${name}`, { 'value with a command': value.replaceAll('%%', '').includes('%') });
  return [name.toLowerCase(), value.replaceAll('%%', '%')];
}

function statuses(
  ranges: readonly { readonly start: bigint; readonly end: bigint }[],
  byDefault: (status: number) => boolean,
): (status: number) => boolean {
  if (ranges.length === 0) return byDefault;
  return (status) => ranges.some(({ start, end }) => status >= Number(start) && status < Number(end));
}

function judge(settings: Settings, { status, headers, body }: Answer): ProbeResult {
  const isExcluded = headers['x-envoy-immediate-health-check-fail'] !== undefined;
  if (!settings.expected(status)) {
    return { kind: settings.retriable(status) ? 'retriable' : 'active', isExcluded };
  }
  if (settings.receive.length > 0 && !containsInOrder(body, settings.receive))
    return { kind: 'active', isExcluded };
  if (settings.service !== undefined) {
    const name = headers['x-envoy-upstream-healthchecked-cluster'];
    if (typeof name !== 'string' || !settings.service.fits(name)) return { kind: 'active', isExcluded };
  }
  return { kind: 'healthy', isDegraded: headers['x-envoy-degraded'] !== undefined };
}

function authorityOf({ host, shared }: Settings, target: ProbeTarget): string {
  return target.host.checkHostname || host || shared.clusterName;
}

class Http1Probe implements Probe {
  readonly #settings: Settings;
  readonly #target: ProbeTarget;
  readonly #agent: Agent;

  constructor(settings: Settings, target: ProbeTarget) {
    this.#settings = settings;
    this.#target = target;
    this.#agent = new Agent({ keepAlive: settings.shared.reuse, maxSockets: 1 });
    Object.assign(this.#agent, { createConnection: () => target.connect(settings.shared.alpn) });
  }

  ask(onResult: (result: ProbeResult) => void): { stop(): void } {
    const settings = this.#settings;
    const headers: OutgoingHttpHeaders = {
      host: authorityOf(settings, this.#target),
      'user-agent': 'Envoy/HC',
      ...(settings.body !== undefined && { 'content-length': settings.body.length }),
      ...Object.fromEntries(settings.headers),
    };
    for (const name of settings.removed) delete headers[name];
    let isDone = false;
    const finish = (result: ProbeResult) => {
      if (isDone) return;
      isDone = true;
      onResult(result);
    };
    const { method, path, shared } = settings;
    const written: OutgoingHttpHeaders = {};
    for (const [name, value] of Object.entries(headers)) written[styledName(name, shared.nameStyle)] = value;
    const asked = request({ agent: this.#agent, method, path, headers: written }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        if (size < settings.bufferSize) chunks.push(chunk);
        size += chunk.length;
      });
      response.on('error', () => finish(NETWORK_FAILURE));
      response.on('end', () => {
        const body = Buffer.concat(chunks).subarray(0, settings.bufferSize);
        finish(judge(settings, { status: response.statusCode ?? 0, headers: response.headers, body }));
      });
    });
    // Nothing is said of the connection, as by Envoy.
    asked.removeHeader('connection');
    asked.on('error', () => finish(NETWORK_FAILURE));
    asked.end(settings.body);
    return {
      stop: () => {
        isDone = true;
        asked.destroy();
      },
    };
  }

  close(): void {
    this.#agent.destroy();
  }
}

class Http2Probe implements Probe {
  readonly #settings: Settings;
  readonly #target: ProbeTarget;
  #session: ClientHttp2Session | undefined;

  constructor(settings: Settings, target: ProbeTarget) {
    this.#settings = settings;
    this.#target = target;
  }

  ask(onResult: (result: ProbeResult) => void): { stop(): void } {
    const settings = this.#settings;
    const session = (this.#session ??= openSession(this.#target, settings.shared.alpn, () => {
      this.#session = undefined;
    }));
    const headers: Record<string, string> = {
      ':method': settings.method,
      ':path': settings.path,
      ':authority': authorityOf(settings, this.#target),
      'user-agent': 'Envoy/HC',
      ...Object.fromEntries(settings.headers),
    };
    for (const name of settings.removed) delete headers[name];
    let isDone = false;
    const finish = (result: ProbeResult) => {
      if (isDone) return;
      isDone = true;
      if (!settings.shared.reuse) this.close();
      onResult(result);
    };
    const stream = session.request(headers, { endStream: settings.body === undefined });
    let answered: Http2Headers = {};
    const chunks: Buffer[] = [];
    stream.on('response', (received) => {
      answered = received;
    });
    stream.on('data', (chunk: Buffer) => {
      if (chunks.length < 64) chunks.push(chunk);
    });
    stream.on('error', () => finish(NETWORK_FAILURE));
    stream.on('close', () => {
      const status = answered[':status'];
      if (status === undefined) return finish(NETWORK_FAILURE);
      const body = Buffer.concat(chunks).subarray(0, settings.bufferSize);
      finish(judge(settings, { status: Number(status), headers: answered, body }));
    });
    if (settings.body !== undefined) stream.end(settings.body);
    return {
      stop: () => {
        isDone = true;
        stream.close();
        this.close();
      },
    };
  }

  close(): void {
    this.#session?.destroy();
    this.#session = undefined;
  }
}

/** A connection of HTTP/2 to the endpoint; `onGone` is called when it is of no more use. */
export function openSession(
  target: ProbeTarget,
  alpn: readonly string[],
  onGone: () => void,
): ClientHttp2Session {
  const socket = target.connect(alpn.length > 0 ? alpn : ['h2']);
  const session = connectHttp2('http://endpoint', { createConnection: () => socket });
  session.on('error', () => undefined);
  session.on('close', onGone);
  session.on('goaway', onGone);
  session.unref();
  return session;
}
