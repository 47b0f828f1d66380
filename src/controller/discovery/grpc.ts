/** Discovery over gRPC: the only place that knows the gRPC library. */

import { logVerbosity, Metadata, Server, ServerCredentials, setLogVerbosity, status } from '@grpc/grpc-js';
import type { ServerDuplexStream, ServiceDefinition } from '@grpc/grpc-js';
import { MeshError } from '../../base/mesh-error.ts';
import { DELTA, type Protocol, STATE_OF_THE_WORLD } from './protocol.ts';
import type { DiscoveryServer } from './server.ts';
import type { Sink } from './stream.ts';

const SERVICE = '/envoy.service.discovery.v3.AggregatedDiscoveryService/';

/** Requests are read and responses written by us: both sides of the library see bytes. */
function method(name: string): ServiceDefinition[string] {
  const same = (bytes: Buffer): Buffer => bytes;
  return {
    path: SERVICE + name,
    requestStream: true,
    responseStream: true,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
}

export const AGGREGATED_DISCOVERY: ServiceDefinition = {
  StreamAggregatedResources: method('StreamAggregatedResources'),
  DeltaAggregatedResources: method('DeltaAggregatedResources'),
};

export interface GrpcOptions {
  /** `127.0.0.1:15010`; port 0 takes any. */
  readonly address: string;
  /** Milliseconds that a proxy may take to read a response before its stream is ended. */
  readonly sendTimeout: number;
}

/** The largest request, in bytes: names of some hundred thousand resources. */
const MAX_REQUEST_BYTES = 16 << 20;

/** Milliseconds without a sign of life after which a proxy is asked for one, and its time to give it. */
const KEEPALIVE = { time: 30_000, timeout: 10_000 } as const;

export class DiscoveryListener {
  readonly #server: Server;
  readonly #discovery: DiscoveryServer;
  readonly port: number;

  private constructor(server: Server, discovery: DiscoveryServer, port: number) {
    this.#server = server;
    this.#discovery = discovery;
    this.port = port;
  }

  /** Begins to listen. Throws a `MeshError` when the address cannot be had. */
  static async start(discovery: DiscoveryServer, options: GrpcOptions): Promise<DiscoveryListener> {
    // What goes wrong comes as an error, so that the library need not print it.
    setLogVerbosity(logVerbosity.NONE);
    const server = new Server({
      'grpc.max_receive_message_length': MAX_REQUEST_BYTES,
      'grpc.max_send_message_length': -1,
      'grpc.keepalive_time_ms': KEEPALIVE.time,
      'grpc.keepalive_timeout_ms': KEEPALIVE.timeout,
    });
    const handler =
      (protocol: Protocol) =>
      (call: ServerDuplexStream<Buffer, Buffer>): void =>
        serve(discovery, protocol, call, options.sendTimeout);
    server.addService(AGGREGATED_DISCOVERY, {
      StreamAggregatedResources: handler(STATE_OF_THE_WORLD),
      DeltaAggregatedResources: handler(DELTA),
    });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(options.address, ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else {
          reject(
            new MeshError('AddressInUse', `cannot listen on ${options.address}: ${error.message}`, {
              hint: 'Choose another address with --grpc-addr.',
            }),
          );
        }
      });
    });
    return new DiscoveryListener(server, discovery, port);
  }

  /** Ends all streams and stops listening; waits `grace` milliseconds for proxies to close their connections. */
  async drain(grace: number): Promise<void> {
    const stopped = new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve()));
    this.#discovery.drain();
    const timer = setTimeout(() => this.#server.forceShutdown(), grace);
    await stopped;
    clearTimeout(timer);
  }
}

function serve(
  discovery: DiscoveryServer,
  protocol: Protocol,
  call: ServerDuplexStream<Buffer, Buffer>,
  sendTimeout: number,
): void {
  const sink = new CallSink(call, sendTimeout);
  const stream = discovery.open(call.getPeer(), protocol, sink);
  let isEnded = false;
  const ended = (): void => {
    if (isEnded) return;
    isEnded = true;
    sink.settle();
    discovery.ended(stream);
  };
  call.on('data', (bytes: Buffer) => stream.receive(bytes));
  call.on('end', () => {
    call.end();
    ended();
  });
  call.on('cancelled', ended);
  call.on('close', ended);
  call.on('error', ended);
}

class CallSink implements Sink {
  readonly #call: ServerDuplexStream<Buffer, Buffer>;
  readonly #timeout: number;
  #done: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(call: ServerDuplexStream<Buffer, Buffer>, timeout: number) {
    this.#call = call;
    this.#timeout = timeout;
  }

  write(bytes: Buffer, done: () => void): void {
    if (this.#isOver) {
      done();
      return;
    }
    this.#done = done;
    this.#timer = setTimeout(() => {
      this.refuse('unavailable', 'the proxy does not read what it is sent');
      this.settle();
    }, this.#timeout);
    this.#call.write(bytes, () => this.#written());
  }

  #written(): void {
    clearTimeout(this.#timer);
    const done = this.#done;
    this.#done = undefined;
    done?.();
  }

  refuse(reason: 'invalid' | 'unavailable', message: string): void {
    const code = reason === 'invalid' ? status.INVALID_ARGUMENT : status.UNAVAILABLE;
    this.#call.emit(
      'error',
      Object.assign(new Error(message), { code, details: message, metadata: new Metadata() }),
    );
  }

  /** Nothing can be sent any more. */
  settle(): void {
    this.#isOver = true;
    this.#written();
  }
}
