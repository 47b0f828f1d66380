/** TLS towards endpoints. */

import type { Socket } from 'node:net';
import { isIP } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';
import type { UpstreamTlsContext } from '../../../xds/proto/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import { InvalidConfigError, refuseFields } from '../../config-error.ts';
import { UnsupportedError } from '../../route/unsupported.ts';
import type { Counter, StatsScope } from '../../stats/stats.ts';
import { TlsContext, peerCertificate } from '../../tls/context.ts';
import type { SecretSource } from '../../tls/secrets.ts';
import { isForHost } from '../../tls/subject-alt-names.ts';
import type { Endpoint } from '../host.ts';
import type { ConnectOptions } from '../types.ts';
import type { Dialer } from './dial.ts';
import type { TransportSocket } from './socket.ts';

/** What of TLS comes from each request's host: `auto_sni`, `auto_san_validation`. */
export interface AutoTls {
  readonly sni: boolean;
  readonly san: boolean;
}

interface TlsStats {
  readonly handshake: Counter;
  readonly connectionError: Counter;
  readonly failVerifyError: Counter;
  readonly failVerifySan: Counter;
  readonly secretsNotReady: Counter;
}

/** https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/transport_sockets/tls/v3/tls.proto#extensions-transport-sockets-tls-v3-upstreamtlscontext */
export class TlsClient implements TransportSocket {
  readonly tls = true;
  readonly #context: TlsContext;
  readonly #sni: string;
  readonly #auto: AutoTls;
  readonly #stats: TlsStats;

  /** Throws an `UnsupportedError` or `InvalidConfigError`. */
  constructor(
    field: string,
    config: UpstreamTlsContext,
    auto: AutoTls,
    secrets: SecretSource | undefined,
    scope: StatsScope,
    onSecret: () => void,
  ) {
    refuseFields(field, { allow_renegotiation: config.allowRenegotiation });
    if (config.sni.length > 255) throw new InvalidConfigError(`${field}.sni`, 'longer than 255');
    this.#context = new TlsContext(field, config.commonTlsContext, secrets, {}, onSecret);
    if (this.#context.identities.length > 1) {
      this.#context.close();
      throw new InvalidConfigError(`${field}.tls_certificates`, 'more than one');
    }
    const { validation } = this.#context;
    if (validation?.isChecking === true && validation.ca === undefined) {
      this.#context.close();
      throw new UnsupportedError(`${field}: verify_certificate_hash and _spki without trusted_ca`);
    }
    this.#sni = config.sni;
    this.#auto = auto;
    const ssl = scope.scope('ssl.');
    this.#stats = {
      handshake: ssl.counter('handshake'),
      connectionError: ssl.counter('connection_error'),
      failVerifyError: ssl.counter('fail_verify_error'),
      failVerifySan: ssl.counter('fail_verify_san'),
      secretsNotReady: scope.counter('client_ssl_socket_factory.upstream_context_secrets_not_ready'),
    };
  }

  get ready(): Promise<void> | undefined {
    return this.#context.isSettled ? undefined : this.#context.settled;
  }

  connect(dialer: Dialer, host: Endpoint, options: ConnectOptions): Socket {
    return this.over(dialer.dial(host.place, options.source), options);
  }

  /** A connection is for one name where names come from requests. */
  keyOf({ authority }: ConnectOptions): string {
    return (this.#auto.sni || this.#auto.san) && authority !== undefined ? hostOf(authority) : '';
  }

  /** On top of a connection that is being opened; the greeting waits until it is. */
  over(raw: Socket, { alpn, authority }: ConnectOptions): Socket {
    const context = this.#context;
    const { validation } = context;
    if (!context.isReady) {
      this.#stats.secretsNotReady.value++;
      return raw.destroy(new Error('TLS_error: a secret is not there yet'));
    }
    const host = authority === undefined ? undefined : hostOf(authority);
    const serverName = this.#auto.sni && host !== undefined && isIP(host) === 0 ? host : this.#sni;
    const protocols = context.alpn.length > 0 ? context.alpn : alpn;
    const wanted = this.#auto.san ? host : undefined;
    const verifies = validation?.ca !== undefined;
    const settings: ConnectionOptions = {
      socket: raw,
      secureContext: context.secureContext(context.identities),
      // A name that is an address is not sent, and Node.js warns of it.
      ...(serverName !== '' && isIP(serverName) === 0 && { servername: serverName }),
      ...(protocols.length > 0 && { ALPNProtocols: [...protocols] }),
      rejectUnauthorized: verifies || validation?.isChecking === true,
      checkServerIdentity: (_name, certificate) => {
        const peer = peerCertificate(certificate.raw, certificate.subjectaltname);
        const why =
          validation?.check(peer) ??
          (wanted !== undefined && verifies && !isForHost(peer.names, wanted)
            ? 'verify SAN list'
            : undefined);
        if (why === undefined) return undefined;
        this.#stats.failVerifySan.value++;
        return new Error(`TLS_error: CERTIFICATE_VERIFY_FAILED: ${why}`);
      },
    };
    const socket = connect(settings);
    let isSecured = false;
    socket.once('secureConnect', () => {
      isSecured = true;
      this.#stats.handshake.value++;
    });
    socket.once('error', () => {
      if (isSecured) return;
      this.#stats.connectionError.value++;
      if (socket.authorizationError !== undefined && socket.authorizationError !== null)
        this.#stats.failVerifyError.value++;
    });
    // What befalls the connection below shows on the one above; nobody else hears of it.
    raw.once('error', (error) => socket.destroy(error));
    return socket;
  }

  close(): void {
    this.#context.close();
  }
}

/** The host of an authority, without its port. */
function hostOf(authority: string): string {
  if (authority.startsWith('[')) return authority.slice(1, authority.indexOf(']'));
  const colon = authority.lastIndexOf(':');
  return colon < 0 ? authority : authority.slice(0, colon);
}
