/** A controller that says what a test wants it to say, on the server of the gRPC library. */

import {
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
  create,
  fromBinary,
  toBinary,
} from '@bufbuild/protobuf';
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { expect, vi } from 'vitest';
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
  DiscoveryRequestSchema,
  DiscoveryResponseSchema,
} from '../../../src/xds/proto/generated/envoy/service/discovery/v3/discovery_pb.js';

/** One stream of one proxy, as the controller sees it. */
export class ControllerStream<Request extends DescMessage, Response extends DescMessage> {
  readonly requests: MessageShape<Request>[] = [];
  readonly #call: ServerDuplexStream<MessageShape<Request>, MessageShape<Response>>;
  readonly #response: Response;

  constructor(call: ServerDuplexStream<MessageShape<Request>, MessageShape<Response>>, response: Response) {
    this.#call = call;
    this.#response = response;
    call.on('data', (request: MessageShape<Request>) => this.requests.push(request));
    call.on('error', () => {});
  }

  send(init: MessageInitShape<Response>): void {
    this.#call.write(create(this.#response, init));
  }

  /** The next request, once it is there. */
  async next(): Promise<MessageShape<Request>> {
    await vi.waitFor(() => expect(this.requests).not.toHaveLength(0), { timeout: 20_000, interval: 5 });
    const request = this.requests.shift();
    if (request === undefined) throw new Error('no request');
    return request;
  }

  end(): void {
    this.#call.end();
  }
}

export type DeltaControllerStream = ControllerStream<
  typeof DeltaDiscoveryRequestSchema,
  typeof DeltaDiscoveryResponseSchema
>;
export type StateControllerStream = ControllerStream<
  typeof DiscoveryRequestSchema,
  typeof DiscoveryResponseSchema
>;

type DeltaCall = ServerDuplexStream<
  MessageShape<typeof DeltaDiscoveryRequestSchema>,
  MessageShape<typeof DeltaDiscoveryResponseSchema>
>;
type StateCall = ServerDuplexStream<
  MessageShape<typeof DiscoveryRequestSchema>,
  MessageShape<typeof DiscoveryResponseSchema>
>;

const AGGREGATED = 'envoy.service.discovery.v3.AggregatedDiscoveryService';

/** Everything comes from the control plane, and nothing is given up for being late. */
export const ADS = { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '0s' };

/** `dynamic_resources` of a bootstrap whose static cluster `xds` is the control plane. */
export const FROM_ADS = {
  cds_config: ADS,
  lds_config: ADS,
  ads_config: {
    api_type: 'DELTA_GRPC',
    transport_api_version: 'V3',
    grpc_services: [{ envoy_grpc: { cluster_name: 'xds' } }],
  },
};

export class ControlPlane {
  readonly #server: Server;
  readonly port: number;
  readonly delta: DeltaControllerStream[] = [];
  readonly state: StateControllerStream[] = [];
  /** Streams for clusters alone. */
  readonly clusters: DeltaControllerStream[] = [];

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async start(port = 0): Promise<ControlPlane> {
    const server = new Server();
    let plane: ControlPlane | undefined;
    const method = (name: string, request: DescMessage, response: DescMessage, service = AGGREGATED) => ({
      path: `/${service}/${name}`,
      requestStream: true as const,
      responseStream: true as const,
      requestSerialize: (message: MessageShape<DescMessage>) => Buffer.from(toBinary(request, message)),
      requestDeserialize: (bytes: Buffer) => fromBinary(request, bytes),
      responseSerialize: (message: MessageShape<DescMessage>) => Buffer.from(toBinary(response, message)),
      responseDeserialize: (bytes: Buffer) => fromBinary(response, bytes),
    });
    server.addService(
      {
        delta: method('DeltaAggregatedResources', DeltaDiscoveryRequestSchema, DeltaDiscoveryResponseSchema),
        state: method('StreamAggregatedResources', DiscoveryRequestSchema, DiscoveryResponseSchema),
        clusters: method(
          'DeltaClusters',
          DeltaDiscoveryRequestSchema,
          DeltaDiscoveryResponseSchema,
          'envoy.service.cluster.v3.ClusterDiscoveryService',
        ),
      },
      {
        delta: (call: DeltaCall) =>
          void plane?.delta.push(new ControllerStream(call, DeltaDiscoveryResponseSchema)),
        clusters: (call: DeltaCall) =>
          void plane?.clusters.push(new ControllerStream(call, DeltaDiscoveryResponseSchema)),
        state: (call: StateCall) =>
          void plane?.state.push(new ControllerStream(call, DiscoveryResponseSchema)),
      },
    );
    const bound = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, actual) => {
        if (error === null) resolve(actual);
        else reject(error);
      });
    });
    plane = new ControlPlane(server, bound);
    return plane;
  }

  /** The stream that a proxy opens next. */
  async nextDelta(): Promise<DeltaControllerStream> {
    await vi.waitFor(() => expect(this.delta).not.toHaveLength(0), { timeout: 20_000, interval: 5 });
    return this.delta.shift() as DeltaControllerStream;
  }

  async nextState(): Promise<StateControllerStream> {
    await vi.waitFor(() => expect(this.state).not.toHaveLength(0), { timeout: 20_000, interval: 5 });
    return this.state.shift() as StateControllerStream;
  }

  kill(): void {
    this.#server.forceShutdown();
  }
}
