/** Well is who says SERVING: https://github.com/grpc/grpc/blob/master/doc/health-checking.md */

import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2';
import type { HealthCheck_GrpcHealthCheck } from '../../../xds/proto/generated/envoy/config/core/v3/health_check_pb.js';
import { headerOf, openSession } from './http-probe.ts';
import {
  HEALTHY,
  NETWORK_FAILURE,
  type Probe,
  type ProbeFactory,
  type ProbeResult,
  type ProbeTarget,
  type SharedProbeOptions,
} from './probe.ts';

const SERVING = 1;

export function grpcProbe(
  field: string,
  config: HealthCheck_GrpcHealthCheck,
  shared: SharedProbeOptions,
): ProbeFactory {
  const metadata = config.initialMetadata.map((one) => headerOf(`${field}.initial_metadata`, one));
  return (target) => new GrpcProbe(config, metadata, shared, target);
}

class GrpcProbe implements Probe {
  readonly #service: string;
  readonly #authority: string;
  readonly #metadata: readonly (readonly [string, string])[];
  readonly #shared: SharedProbeOptions;
  readonly #target: ProbeTarget;
  #session: ClientHttp2Session | undefined;

  constructor(
    config: HealthCheck_GrpcHealthCheck,
    metadata: readonly (readonly [string, string])[],
    shared: SharedProbeOptions,
    target: ProbeTarget,
  ) {
    this.#service = config.serviceName;
    this.#authority = target.host.checkHostname || config.authority || shared.clusterName;
    this.#metadata = metadata;
    this.#shared = shared;
    this.#target = target;
  }

  ask(onResult: (result: ProbeResult) => void): { stop(): void } {
    const session = (this.#session ??= openSession(this.#target, this.#shared.alpn, () => {
      this.#session = undefined;
    }));
    let isDone = false;
    const finish = (result: ProbeResult) => {
      if (isDone) return;
      isDone = true;
      if (!this.#shared.reuse) this.close();
      onResult(result);
    };
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      ':authority': this.#authority,
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': 'Envoy/HC',
      ...Object.fromEntries(this.#metadata),
    });
    const chunks: Buffer[] = [];
    let head: IncomingHttpHeaders | undefined;
    let trailers: IncomingHttpHeaders | undefined;
    stream.on('response', (headers) => {
      head = headers;
    });
    stream.on('trailers', (headers) => {
      trailers = headers;
    });
    stream.on('data', (chunk: Buffer) => {
      if (chunks.length < 64) chunks.push(chunk);
    });
    stream.on('error', () => finish(NETWORK_FAILURE));
    stream.on('close', () => {
      if (head === undefined) return finish(NETWORK_FAILURE);
      const status = (trailers ?? head)['grpc-status'];
      const isServing = status === '0' && servingStatus(Buffer.concat(chunks)) === SERVING;
      finish(isServing ? HEALTHY : { kind: 'active' });
    });
    stream.end(requestFrame(this.#service));
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

/** A HealthCheckRequest whose field 1 is the service, in a frame of gRPC. */
function requestFrame(service: string): Buffer {
  const name = Buffer.from(service).subarray(0, 0x3fff);
  const length = name.length < 128 ? [name.length] : [(name.length & 127) | 128, name.length >> 7];
  const message = name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, ...length]), name]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** Field 1 of a HealthCheckResponse; undefined when it is none. */
function servingStatus(frame: Buffer): number | undefined {
  if (frame.length < 5 || frame[0] !== 0 || frame.length < 5 + frame.readUInt32BE(1)) return undefined;
  return frame[5] === 0x08 ? frame[6] : frame.readUInt32BE(1) === 0 ? 0 : undefined;
}
