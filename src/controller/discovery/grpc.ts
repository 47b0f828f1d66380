/** Discovery over gRPC: the calls of the aggregated discovery service, and the bytes that they carry. */

import { MeshError } from '../../base/mesh-error.ts';
import type { CallHandler, Method, ServerCall } from '../grpc/call.ts';
import type { ListenAddress } from '../grpc/listeners.ts';
import { GrpcServer } from '../grpc/server.ts';
import type { GrpcStatus } from '../grpc/status.ts';
import { DELTA, type Protocol, STATE_OF_THE_WORLD } from './protocol.ts';
import type { DiscoveryServer } from './server.ts';
import type { Refusal, Sink } from './stream.ts';

const SERVICE = '/envoy.service.discovery.v3.AggregatedDiscoveryService/';

export interface GrpcOptions {
  readonly address: ListenAddress;
  /** Milliseconds that a proxy may take to read a response before its stream is ended. */
  readonly sendTimeout: number;
}

/** The largest request, in bytes: names of some hundred thousand resources; and of all that are being received. */
const LIMITS = { message: 16 << 20, total: 512 << 20 } as const;

export class DiscoveryListener {
  readonly #server: GrpcServer;
  readonly #discovery: DiscoveryServer;

  private constructor(server: GrpcServer, discovery: DiscoveryServer) {
    this.#server = server;
    this.#discovery = discovery;
  }

  get port(): number {
    return this.#server.port;
  }

  /** Begins to listen. Throws a `MeshError` when the address cannot be had. */
  static async start(discovery: DiscoveryServer, options: GrpcOptions): Promise<DiscoveryListener> {
    const { address, sendTimeout } = options;
    const method =
      (protocol: Protocol): Method =>
      (call) =>
        serve(discovery, protocol, call, { sendTimeout, servesSecrets: 'path' in address });
    try {
      const server = await GrpcServer.start({
        address,
        limits: LIMITS,
        onConnection: () => discovery.queue.noteArrival(),
        methods: {
          [`${SERVICE}StreamAggregatedResources`]: method(STATE_OF_THE_WORLD),
          [`${SERVICE}DeltaAggregatedResources`]: method(DELTA),
        },
      });
      return new DiscoveryListener(server, discovery);
    } catch (error) {
      if (!(error instanceof MeshError)) throw error;
      const { code, message, hint = 'Choose another address with --grpc-addr.' } = error;
      throw new MeshError(code, message, { hint });
    }
  }

  /** Ends all streams and stops listening; waits `grace` milliseconds for proxies to close their connections. */
  async drain(grace: number): Promise<void> {
    this.#discovery.drain();
    await this.#server.drain(grace);
  }
}

const STATUS_OF = {
  invalid: 'invalidArgument',
  denied: 'permissionDenied',
  unavailable: 'unavailable',
} as const satisfies Record<Refusal, GrpcStatus>;

function serve(
  discovery: DiscoveryServer,
  protocol: Protocol,
  call: ServerCall,
  { sendTimeout, servesSecrets }: { readonly sendTimeout: number; readonly servesSecrets: boolean },
): CallHandler {
  const sink = new CallSink(call, sendTimeout);
  const stream = discovery.open({ peer: call.peer, servesSecrets }, protocol, sink);
  return {
    message: (bytes) => stream.receive(bytes),
    ended: () => {
      sink.settle();
      discovery.ended(stream);
    },
  };
}

class CallSink implements Sink {
  readonly #call: ServerCall;
  readonly #timeout: number;
  #done: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(call: ServerCall, timeout: number) {
    this.#call = call;
    this.#timeout = timeout;
  }

  write(pieces: readonly Buffer[], done: () => void): void {
    if (this.#isOver) {
      done();
      return;
    }
    this.#done = done;
    // Whoever does not read would not see a status either.
    this.#timer = setTimeout(() => this.#call.abort(), this.#timeout);
    this.#call.write(pieces, () => this.#written());
  }

  #written(): void {
    clearTimeout(this.#timer);
    const done = this.#done;
    this.#done = undefined;
    done?.();
  }

  refuse(reason: Refusal, message: string): void {
    this.#call.finish(STATUS_OF[reason], message);
  }

  /** Nothing can be sent any more. */
  settle(): void {
    this.#isOver = true;
    this.#written();
  }
}
