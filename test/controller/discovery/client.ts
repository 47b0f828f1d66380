/** A real gRPC client of aggregated discovery for tests: sends what it is told and collects what comes. */

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { DescMessage, JsonObject, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { type ClientHttp2Session, connect } from 'node:http2';
import { Client, credentials } from '@grpc/grpc-js';
import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
  DiscoveryRequestSchema,
  DiscoveryResponseSchema,
} from '../../../src/xds/proto/generated/envoy/service/discovery/v3/discovery_pb.js';
import { REGISTRY } from '../../../src/xds/proto/registry.ts';

/** Milliseconds after which a test that waits in vain fails with what it waited for. */
const PATIENCE = 20_000;

type Request = typeof DiscoveryRequestSchema | typeof DeltaDiscoveryRequestSchema;
type Response = typeof DiscoveryResponseSchema | typeof DeltaDiscoveryResponseSchema;

export class TestStream<RequestType extends Request, ResponseType extends Response> {
  readonly #call: ClientDuplexStream<MessageInitShape<RequestType>, MessageShape<ResponseType>>;
  readonly #client: Client;
  readonly #arrived: MessageShape<ResponseType>[] = [];
  #wake: (() => void) | undefined;
  error: ServiceError | undefined;

  /** At a port of this machine, or at the path of a socket. */
  constructor(place: number | string, name: string, request: RequestType, response: ResponseType) {
    const target = typeof place === 'number' ? `127.0.0.1:${place}` : `unix:${place}`;
    this.#client = new Client(target, credentials.createInsecure());
    this.#call = this.#client.makeBidiStreamRequest<
      MessageInitShape<RequestType>,
      MessageShape<ResponseType>
    >(
      `/envoy.service.discovery.v3.AggregatedDiscoveryService/${name}`,
      (init) => Buffer.from(toBinary(request as DescMessage, create(request as DescMessage, init))),
      (bytes) => fromBinary(response, bytes) as MessageShape<ResponseType>,
    );
    this.#call.on('data', (message: MessageShape<ResponseType>) => {
      this.#arrived.push(message);
      this.#wake?.();
    });
    this.#call.on('error', (error: ServiceError) => {
      this.error = error;
      this.#wake?.();
    });
  }

  send(request: MessageInitShape<RequestType>): void {
    this.#call.write(request);
  }

  /** The next response, in the order of arrival. */
  async next(): Promise<MessageShape<ResponseType>> {
    await this.#until(() => this.#arrived.length > 0, 'a response');
    const message = this.#arrived.shift();
    if (message === undefined) throw new Error('no response');
    return message;
  }

  /** Responses that have come and were not asked for. */
  get unread(): number {
    return this.#arrived.length;
  }

  async failure(): Promise<ServiceError> {
    await this.#until(() => this.error !== undefined, 'the end of the stream');
    if (this.error === undefined) throw new Error('no error');
    return this.error;
  }

  async #until(isSo: () => boolean, what: string): Promise<void> {
    const end = Date.now() + PATIENCE;
    while (!isSo()) {
      if (Date.now() > end) throw new Error(`${what} did not come within ${PATIENCE} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, PATIENCE);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  close(): void {
    this.#call.cancel();
    this.#client.close();
  }
}

export type DeltaStream = TestStream<typeof DeltaDiscoveryRequestSchema, typeof DeltaDiscoveryResponseSchema>;
export type StateStream = TestStream<typeof DiscoveryRequestSchema, typeof DiscoveryResponseSchema>;

export function deltaStream(port: number | string): DeltaStream {
  return new TestStream(
    port,
    'DeltaAggregatedResources',
    DeltaDiscoveryRequestSchema,
    DeltaDiscoveryResponseSchema,
  );
}

export function stateStream(port: number | string): StateStream {
  return new TestStream(port, 'StreamAggregatedResources', DiscoveryRequestSchema, DiscoveryResponseSchema);
}

export function node(name = 'juice-0.shop', metadata: JsonObject = {}): { id: string; metadata: JsonObject } {
  return { id: `sidecar~10.1.2.3~${name}~shop.svc.cluster.local`, metadata };
}

/** The names of the resources in a response, sorted; of a delta response as they are told. */
export function namesIn(
  response: MessageShape<typeof DiscoveryResponseSchema> | MessageShape<typeof DeltaDiscoveryResponseSchema>,
): string[] {
  if (response.$typeName === 'envoy.service.discovery.v3.DeltaDiscoveryResponse') {
    return response.resources.map(({ name }) => name).toSorted();
  }
  return response.resources
    .map((any) => {
      const message = anyUnpack(any, REGISTRY) as { name?: string; clusterName?: string } | undefined;
      return message?.name ?? message?.clusterName ?? '?';
    })
    .toSorted();
}

/** A proxy that asks over delta and then never reads. The gRPC library cannot do that: it reads ahead. */
export function hungProxy(
  port: number,
  request: MessageInitShape<typeof DeltaDiscoveryRequestSchema>,
): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  const stream = session.request({
    ':method': 'POST',
    ':path': '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => {});
  const message = toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, request));
  // A gRPC frame: not compressed, its length, the message.
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  stream.write(Buffer.concat([head, message]));
  return session;
}
