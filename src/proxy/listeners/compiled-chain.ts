/** A filter chain, ready to take connections. */

import type { Socket } from 'node:net';
import type { FilterChain } from '../../xds/proto/generated/envoy/config/listener/v3/listener_components_pb.js';
import { Bag } from '../../base/bag.ts';
import { InvalidConfigError, milliseconds, refuseFields, typeNameOf } from '../config-error.ts';
import { UnsupportedError } from '../route/unsupported.ts';
import { withoutTypedStruct } from '../typed-struct.ts';
import type { SecretSource } from '../tls/secrets.ts';
import { AcceptedConnection } from './accepted-connection.ts';
import type { TerminalFilter } from './connection.ts';
import { DrainState } from './drain-state.ts';
import { type ListenerFilter, runFilters } from './listener-filters.ts';
import { readClientHello } from './client-hello.ts';
import type { GateFilter, NetworkFilterContext, NetworkFilterKind } from './network-filter.ts';
import type { PendingConnection } from './pending-connection.ts';
import { type TlsTermination, tlsTermination } from './tls-termination.ts';

/** Looks at the greeting of a TLS client where no listener filter has. */
const HELLO: ListenerFilter = {
  inspect: (connection, bytes) => {
    const hello = readClientHello(bytes);
    if (hello === 'more') return 'more';
    if (typeof hello === 'object') {
      connection.sni = hello.serverName;
      connection.applicationProtocols = hello.applicationProtocols;
    }
    return 'done';
  },
};

export interface ChainOptions {
  readonly field: string;
  readonly kinds: ReadonlyMap<string, NetworkFilterKind>;
  readonly context: NetworkFilterContext;
  readonly secrets: SecretSource | undefined;
}

export class CompiledChain {
  readonly name: string;
  readonly drainState = new DrainState();
  readonly #context: NetworkFilterContext;
  readonly #tls: TlsTermination | undefined;
  readonly #connectTimeout: number;
  readonly #gates: readonly GateFilter[];
  readonly #terminal: TerminalFilter | undefined;
  readonly #sockets = new Bag<Socket>();
  #isRetired = false;
  /** On the clock of `performance.now()`. */
  #drainedAt = 0;
  #isClosed = false;

  /** Throws an `UnsupportedError` or `InvalidConfigError`; nothing is left open then. */
  constructor(message: FilterChain, { field, kinds, context, secrets }: ChainOptions) {
    this.name = message.name;
    this.#context = context;
    refuseFields(field, {
      on_demand_configuration: message.onDemandConfiguration !== undefined,
      use_proxy_proto: message.useProxyProto === true,
    });
    this.#connectTimeout = milliseconds(message.transportSocketConnectTimeout, 0);
    const gates: GateFilter[] = [];
    let terminal: TerminalFilter | undefined;
    this.#tls = tlsTermination(field, message, secrets, context.listener.stats);
    try {
      for (const [index, filter] of message.filters.entries()) {
        const where = `${field}.filters[${index}]`;
        if (filter.configType.case === 'configDiscovery')
          throw new UnsupportedError(`${where}.config_discovery`);
        const written = filter.configType.value;
        const settings = written && withoutTypedStruct(written);
        const type = typeNameOf(settings);
        const kind = kinds.get(type);
        if (settings === undefined || kind === undefined) {
          throw new UnsupportedError(`network filter ${type === '' ? filter.name : type} (${where})`);
        }
        const isLast = index === message.filters.length - 1;
        if ((kind.kind === 'terminal') !== isLast) {
          throw new InvalidConfigError(
            where,
            isLast ? 'the last filter has to end the chain' : 'nothing may come after it',
          );
        }
        if (kind.kind === 'gate') gates.push(kind.compile(settings, context));
        else terminal = kind.compile(settings, context);
      }
    } catch (error) {
      this.#tls?.close();
      for (const gate of gates) gate.close?.();
      throw error;
    }
    this.#gates = gates;
    this.#terminal = terminal;
  }

  /** Resolves when secrets and routes that the chain needs are there. */
  get warm(): Promise<unknown> {
    return Promise.all([this.#tls?.ready, this.#terminal?.warm]);
  }

  get endsTls(): boolean {
    return this.#tls !== undefined;
  }

  /** Whether all connections that the chain took are gone, and it takes no more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Called when the chain is closed. */
  onClosed: () => void = () => undefined;

  get connections(): number {
    return this.#sockets.size;
  }

  /** Secures the connection where it has to be, and hands it to the filters. */
  take(pending: PendingConnection): void {
    const { socket } = pending;
    const place = this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(place);
      if (this.#isRetired && this.#sockets.size === 0) this.close();
    });
    if (this.#tls === undefined) {
      this.#begin(pending, socket, false);
      return;
    }
    if (pending.transportProtocol === 'tls') {
      this.#secure(this.#tls, pending);
      return;
    }
    // Which certificate is wanted, and which protocols are offered, has to be known before the answer.
    const tls = this.#tls;
    runFilters([HELLO], pending, this.#connectTimeout, (outcome) => {
      if (outcome === 'done') this.#secure(tls, pending);
      else socket.destroy();
    });
  }

  /** Takes no more: connections that are there drain, and after `drainTime` milliseconds are closed. */
  retire(drainTime: number): void {
    if (this.#isRetired) return;
    this.#isRetired = true;
    this.#drainedAt = performance.now() + drainTime;
    this.drainState.drain();
    if (this.#sockets.size === 0) {
      this.close();
      return;
    }
    setTimeout(() => this.close(), drainTime).unref();
  }

  /** Closes what is left. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isRetired = true;
    for (const socket of this.#sockets.all()) socket.destroy();
    for (const gate of this.#gates) gate.close?.();
    this.#terminal?.close(Math.max(0, this.#drainedAt - performance.now()));
    this.#tls?.close();
    this.onClosed();
  }

  #secure(tls: TlsTermination, pending: PendingConnection): void {
    tls.secure(pending, this.#connectTimeout, (secured) => {
      if (secured !== undefined) this.#begin(pending, secured, true);
    });
  }

  #begin(pending: PendingConnection, socket: Socket, isTls: boolean): void {
    const { listener } = this.#context;
    const connection = new AcceptedConnection(pending, socket, isTls, listener, this.name, this.drainState);
    this.#pass(connection, 0);
  }

  /** Through the filters from one on. */
  #pass(connection: AcceptedConnection, from: number): void {
    const { socket } = connection;
    for (const [offset, gate] of this.#gates.slice(from).entries()) {
      const verdict = gate.onConnection(connection, () => {
        if (!socket.destroyed) this.#pass(connection, from + offset + 1);
      });
      if (verdict === 'continue') continue;
      if (verdict === 'close') socket.destroy();
      return;
    }
    // A chain without filters closes what it takes.
    if (this.#terminal === undefined) socket.destroy();
    else this.#terminal.onConnection(connection);
  }
}
