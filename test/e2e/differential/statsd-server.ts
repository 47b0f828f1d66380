/** Takes what a proxy sends for statsd, and adds it up. */

import { type Socket, createSocket } from 'node:dgram';

export class StatsdServer {
  /** Every datagram as it came. */
  readonly datagrams: string[] = [];
  readonly #counters = new Map<string, number>();
  readonly #gauges = new Map<string, number>();
  readonly #timers = new Map<string, number[]>();
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (bytes) => this.#take(bytes.toString()));
  }

  static async start(): Promise<StatsdServer> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    return new StatsdServer(socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** The sum of all that has come for a counter. */
  counter(name: string): number {
    return this.#counters.get(name) ?? 0;
  }

  get counters(): ReadonlyMap<string, number> {
    return this.#counters;
  }

  /** The newest value. */
  gauge(name: string): number | undefined {
    return this.#gauges.get(name);
  }

  timers(name: string): readonly number[] {
    return this.#timers.get(name) ?? [];
  }

  stop(): void {
    this.#socket.close();
  }

  #take(datagram: string): void {
    this.datagrams.push(datagram);
    const [, name = '', value, kind] = /^(.+):(\d+)\|(c|g|ms)$/.exec(datagram) ?? [];
    if (kind === 'c') this.#counters.set(name, this.counter(name) + Number(value));
    else if (kind === 'g') this.#gauges.set(name, Number(value));
    else if (kind === 'ms') this.#timers.set(name, [...this.timers(name), Number(value)]);
  }
}
