/** TLS that ends here: chooses the certificate, shakes hands, and looks at the client's certificate. */

import { constants, createHash } from 'node:crypto';
import { type SecureContextOptions, TLSSocket } from 'node:tls';
import type { TransportSocket } from '../../xds/proto/generated/envoy/config/core/v3/base_pb.js';
import type { FilterChain } from '../../xds/proto/generated/envoy/config/listener/v3/listener_components_pb.js';
import { RawBufferSchema } from '../../xds/proto/generated/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb.js';
import {
  type DownstreamTlsContext,
  DownstreamTlsContextSchema,
} from '../../xds/proto/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import { refuseFields, typeNameOf, unpacked } from '../config-error.ts';
import { UnsupportedError } from '../route/unsupported.ts';
import type { Counter, StatsScope } from '../stats/stats.ts';
import { Timeout } from '../timeout.ts';
import { readDataSource } from '../tls/data-source.ts';
import { TlsContext, peerCertificate } from '../tls/context.ts';
import type { Identity } from '../tls/identity.ts';
import type { SecretSource } from '../tls/secrets.ts';
import { dnsNameMatches } from '../tls/subject-alt-names.ts';
import type { PendingConnection } from './pending-connection.ts';

/** What OpenSSL has room for. */
const MAX_SESSION_SECONDS = 2 ** 31 - 1;

export interface TlsTermination {
  readonly ready: Promise<void>;
  /** Calls back with the secured socket, or with undefined when the connection has been closed. */
  secure(
    connection: PendingConnection,
    timeout: number,
    onDone: (socket: TLSSocket | undefined) => void,
  ): void;
  close(): void;
}

interface TlsStats {
  readonly handshake: Counter;
  readonly connectionError: Counter;
  readonly noCertificate: Counter;
  readonly failVerifyNoCert: Counter;
  readonly failVerifyError: Counter;
  readonly failVerifySan: Counter;
  readonly secretsNotReady: Counter;
}

/** Undefined for connections in the clear. Throws an `UnsupportedError` or `InvalidConfigError`. */
export function tlsTermination(
  field: string,
  chain: FilterChain,
  secrets: SecretSource | undefined,
  stats: StatsScope,
): TlsTermination | undefined {
  const config = chain.transportSocket;
  if (config === undefined) return undefined;
  const context = contextOf(`${field}.transport_socket`, config);
  return context === undefined
    ? undefined
    : new Termination(`${field}.transport_socket`, context, secrets, stats);
}

function contextOf(field: string, config: TransportSocket): DownstreamTlsContext | undefined {
  const any = config.configType.case === 'typedConfig' ? config.configType.value : undefined;
  const type = typeNameOf(any);
  if (type === RawBufferSchema.typeName) return undefined;
  if (type === '' && config.name === 'envoy.transport_sockets.raw_buffer') return undefined;
  if (type !== DownstreamTlsContextSchema.typeName) {
    throw new UnsupportedError(`${field} ${type === '' ? config.name : type}`);
  }
  return unpacked(field, any, DownstreamTlsContextSchema);
}

class Termination implements TlsTermination {
  readonly #context: TlsContext;
  readonly #requiresClient: boolean;
  readonly #requiresSni: boolean;
  readonly #scansAll: boolean;
  readonly #stats: TlsStats;

  constructor(
    field: string,
    config: DownstreamTlsContext,
    secrets: SecretSource | undefined,
    scope: StatsScope,
  ) {
    refuseFields(field, {
      session_ticket_keys_sds_secret_config:
        config.sessionTicketKeysType.case === 'sessionTicketKeysSdsSecretConfig',
      ocsp_staple_policy: config.ocspStaplePolicy !== 0,
    });
    const updates = scope.counter('server_ssl_socket_factory.ssl_context_update_by_sds');
    const onSecret = () => void updates.value++;
    this.#context = new TlsContext(
      field,
      config.commonTlsContext,
      secrets,
      sessionOptions(field, config),
      onSecret,
    );
    if (this.#context.isReady && this.#context.identities.length === 0) {
      this.#context.close();
      throw new UnsupportedError(`${field} without tls_certificates`);
    }
    this.#requiresClient = config.requireClientCertificate === true;
    this.#requiresSni = config.requireSni === true;
    this.#scansAll = config.fullScanCertsOnSniMismatch === true;
    const ssl = scope.scope('ssl.');
    this.#stats = {
      handshake: ssl.counter('handshake'),
      connectionError: ssl.counter('connection_error'),
      noCertificate: ssl.counter('no_certificate'),
      failVerifyNoCert: ssl.counter('fail_verify_no_cert'),
      failVerifyError: ssl.counter('fail_verify_error'),
      failVerifySan: ssl.counter('fail_verify_san'),
      secretsNotReady: scope.counter('server_ssl_socket_factory.downstream_context_secrets_not_ready'),
    };
  }

  get ready(): Promise<void> {
    return this.#context.settled;
  }

  secure(
    connection: PendingConnection,
    timeout: number,
    onDone: (socket: TLSSocket | undefined) => void,
  ): void {
    const raw = connection.socket;
    const identities = this.#identitiesFor(connection.sni);
    if (!this.#context.isReady || identities.length === 0 || (this.#requiresSni && connection.sni === '')) {
      if (!this.#context.isReady) this.#stats.secretsNotReady.value++;
      else this.#stats.connectionError.value++;
      raw.destroy();
      onDone(undefined);
      return;
    }
    const validation = this.#context.validation;
    const asks = this.#requiresClient || validation !== undefined;
    // Without a protocol in common the connection goes on without one, where OpenSSL alone would end it.
    const alpn = this.#context.alpn.filter((one) => connection.applicationProtocols.includes(one));
    const secured = new TLSSocket(raw, {
      isServer: true,
      secureContext: this.#context.secureContext(identities),
      requestCert: asks,
      rejectUnauthorized: false,
      ...(alpn.length > 0 && { ALPNProtocols: alpn }),
    });
    let timer: Timeout | undefined;
    const finish = (isGood: boolean) => {
      timer?.clear();
      secured.off('close', onClose);
      if (!isGood) {
        this.#stats.connectionError.value++;
        secured.destroy();
      }
      onDone(isGood ? secured : undefined);
    };
    const onClose = () => finish(false);
    if (timeout > 0) timer = new Timeout(timeout, () => finish(false));
    secured.on('error', () => undefined);
    secured.once('close', onClose);
    secured.once('secure', () => {
      this.#stats.handshake.value++;
      finish(this.#isTrusted(secured, asks));
    });
  }

  close(): void {
    this.#context.close();
  }

  #isTrusted(socket: TLSSocket, asks: boolean): boolean {
    if (!asks) {
      this.#stats.noCertificate.value++;
      return true;
    }
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) {
      (this.#requiresClient ? this.#stats.failVerifyNoCert : this.#stats.noCertificate).value++;
      return !this.#requiresClient;
    }
    const { validation } = this.#context;
    if (validation?.ca !== undefined && verifyError(socket) !== undefined) {
      this.#stats.failVerifyError.value++;
      return false;
    }
    const why = validation?.check(peerCertificate(certificate.raw, certificate.subjectAltName));
    if (why !== undefined) this.#stats.failVerifySan.value++;
    return why === undefined;
  }

  /** Certificates for that very name, else those whose wildcard holds it, else the first; one for each type of key. */
  #identitiesFor(sni: string): readonly Identity[] {
    const { identities } = this.#context;
    if (sni === '' || identities.length <= 1) return identities.slice(0, 1);
    const dot = sni.indexOf('.');
    const found = [
      (one: Identity) => one.names.includes(sni),
      (one: Identity) => dot > 0 && one.names.includes(`*${sni.slice(dot)}`),
      (one: Identity) => this.#scansAll && one.names.some((name) => dnsNameMatches(sni, name)),
    ]
      .map((isFor) => identities.filter(isFor))
      .find(({ length }) => length > 0);
    return found === undefined ? identities.slice(0, 1) : ofEachType(found);
  }
}

/** The first of each type of key; one whose type is not known stands alone. */
function ofEachType(identities: readonly Identity[]): readonly Identity[] {
  const [first] = identities;
  if (first?.keyType === undefined) return identities.slice(0, 1);
  const types = new Map(identities.toReversed().map((one) => [one.keyType, one]));
  types.delete(undefined);
  return [...types.values()];
}

/** What OpenSSL found wrong with the client's chain of certificates. */
function verifyError(socket: TLSSocket): unknown {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (typeof handle !== 'object' || handle === null) return new Error('closed');
  const verify: unknown = Reflect.get(handle, 'verifyError');
  const found: unknown =
    typeof verify === 'function' ? Reflect.apply(verify, handle, []) : new Error('unknown');
  return found ?? undefined;
}

function sessionOptions(field: string, config: DownstreamTlsContext): SecureContextOptions {
  const keys = config.sessionTicketKeysType;
  const options: SecureContextOptions = {
    // Envoy's own choice, which no setting changes.
    honorCipherOrder: true,
    sessionIdContext: createHash('sha256').update(field).digest('hex').slice(0, 32),
  };
  if (config.sessionTimeout !== undefined)
    options.sessionTimeout = Math.min(Number(config.sessionTimeout.seconds), MAX_SESSION_SECONDS);
  if (keys.case === 'disableStatelessSessionResumption' && keys.value) {
    options.secureOptions = constants.SSL_OP_NO_TICKET;
  }
  if (keys.case === 'sessionTicketKeys') {
    const [first] = keys.value.keys.map((key, index) =>
      readDataSource(`${field}.session_ticket_keys[${index}]`, key),
    );
    // 80 bytes in Envoy, 48 in OpenSSL as Node.js uses it. Tickets are the business of proxies of one kind only.
    if (first !== undefined) options.ticketKeys = createHash('sha384').update(first).digest();
  }
  return options;
}
