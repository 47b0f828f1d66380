/** What both sides of TLS have in common: certificates, versions, whom to trust. */

import { createHash, X509Certificate } from 'node:crypto';
import { constants } from 'node:crypto';
import { type SecureContext, type SecureContextOptions, createSecureContext } from 'node:tls';
import { equals } from '@bufbuild/protobuf';
import {
  type CertificateValidationContext,
  CertificateValidationContext_TrustChainVerification as TrustChain,
  type TlsParameters,
  TlsParameters_TlsProtocol as Protocol,
} from '../../xds/proto/generated/envoy/extensions/transport_sockets/tls/v3/common_pb.js';
import {
  type SdsSecretConfig,
  type Secret,
  SecretSchema,
} from '../../xds/proto/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import type { CommonTlsContext } from '../../xds/proto/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import { InvalidConfigError, refuseFields } from '../config-error.ts';
import { UnsupportedError } from '../route/unsupported.ts';
import { readDataSource } from './data-source.ts';
import { type Identity, identityOf, optionsOf } from './identity.ts';
import type { SecretHandle, SecretSource } from './secrets.ts';
import { type NameCheck, type SubjectAltName, nameCheck, subjectAltNames } from './subject-alt-names.ts';

/** Whom to trust. */
export interface Validation {
  /** Undefined when the chain of certificates is not verified. */
  readonly ca: Buffer | undefined;
  readonly crl: Buffer | undefined;
  /** Says why a certificate is refused; undefined when it is good. */
  check(certificate: PeerCertificate): string | undefined;
  /** Whether `check` may refuse anything. */
  readonly isChecking: boolean;
}

export interface PeerCertificate {
  /** In DER. */
  readonly raw: Buffer;
  readonly names: readonly SubjectAltName[];
}

export function peerCertificate(raw: Buffer, subjectAltName: string | undefined): PeerCertificate {
  return { raw, names: subjectAltNames(subjectAltName) };
}

/** The state of a TLS context: secrets that come by name may be missing yet, and change. */
export class TlsContext {
  readonly #field: string;
  readonly #parameters: SecureContextOptions;
  readonly #handles: SecretHandle[] = [];
  /** Secrets that have not come and are still waited for. */
  #waiting = 0;
  /** Certificates come by name, and one of them is needed; whom to trust comes by name, and is needed. */
  #needsIdentity = false;
  #needsValidation = false;
  readonly #ready = Promise.withResolvers<void>();
  readonly #onChange: () => void;
  readonly alpn: readonly string[];
  #identities: (Identity | undefined)[] = [];
  #validation: Validation | undefined;
  /** By the places of their identities. */
  #contexts = new Map<string, SecureContext>();

  /** Throws an `UnsupportedError` or `InvalidConfigError`; `onChange` is called after a secret changed. */
  constructor(
    field: string,
    context: CommonTlsContext | undefined,
    secrets: SecretSource | undefined,
    extra: SecureContextOptions,
    onChange: () => void = () => undefined,
  ) {
    this.#field = field;
    this.#onChange = onChange;
    refuseFields(`${field}.common_tls_context`, {
      tls_certificate_provider_instance: context?.tlsCertificateProviderInstance !== undefined,
      tls_certificate_certificate_provider: context?.tlsCertificateCertificateProvider !== undefined,
      tls_certificate_certificate_provider_instance:
        context?.tlsCertificateCertificateProviderInstance !== undefined,
      custom_handshaker: context?.customHandshaker !== undefined,
      key_log: context?.keyLog !== undefined,
    });
    this.alpn = context?.alpnProtocols ?? [];
    this.#parameters = { ...parametersOf(`${field}.tls_params`, context?.tlsParams), ...extra };
    this.#identities = (context?.tlsCertificates ?? []).map((one, index) =>
      identityOf(`${field}.tls_certificates[${index}]`, one),
    );
    try {
      this.#subscribe(context, secrets);
      // Reads all that is there already, so that what is wrong with it is told now.
      for (const identity of this.identities) this.secureContext([identity]);
      if (this.identities.length === 0 && this.isReady) this.secureContext([]);
    } catch (error) {
      this.close();
      throw error;
    }
    if (this.isSettled) this.#ready.resolve();
  }

  get identities(): readonly Identity[] {
    return this.#identities.filter((one) => one !== undefined);
  }

  get validation(): Validation | undefined {
    return this.#validation;
  }

  /** Whether connections can be secured: of several certificates that come by name one is enough, as in Envoy. */
  get isReady(): boolean {
    if (this.#needsIdentity && this.identities.length === 0) return false;
    return !this.#needsValidation || this.#validation !== undefined;
  }

  /** Whether every secret has come, or is not waited for any longer. */
  get isSettled(): boolean {
    return this.#waiting === 0;
  }

  /** Resolves when all is settled. */
  get settled(): Promise<void> {
    return this.#ready.promise;
  }

  /**
   * OpenSSL's context with these certificates, which have keys of different types: each client gets one that it can
   * check, of elliptic curves where it can check several. Kept until a secret changes.
   */
  secureContext(identities: readonly Identity[]): SecureContext {
    const key = identities.map((one) => this.#identities.indexOf(one)).join();
    let context = this.#contexts.get(key);
    if (context === undefined) {
      const validation = this.#validation;
      try {
        context = createSecureContext({
          ...this.#parameters,
          ...optionsOf(identities, this.#parameters),
          // An empty list in place of the public authorities that Node.js would trust.
          ca: validation?.ca ?? [],
          ...(validation?.crl !== undefined && { crl: validation.crl }),
        });
      } catch (error) {
        // OpenSSL's words name no secret: what is wrong with PEM, a key that does not belong to a certificate.
        throw new InvalidConfigError(this.#field, error instanceof Error ? error.message : String(error));
      }
      this.#contexts.set(key, context);
    }
    return context;
  }

  close(): void {
    for (const handle of this.#handles) handle.release();
    this.#handles.length = 0;
    this.#ready.resolve();
  }

  #subscribe(context: CommonTlsContext | undefined, secrets: SecretSource | undefined): void {
    const first = this.#identities.length;
    for (const [index, config] of (context?.tlsCertificateSdsSecretConfigs ?? []).entries()) {
      const at = first + index;
      this.#needsIdentity = true;
      this.#identities[at] = undefined;
      this.#secret(config, secrets, (secret) => {
        if (secret.type.case !== 'tlsCertificate') throw this.#wrongSecret(config.name, 'tls_certificate');
        this.#identities[at] = identityOf(`secret ${config.name}`, secret.type.value);
      });
    }
    const type = context?.validationContextType;
    switch (type?.case) {
      case 'validationContext':
        this.#validation = validationOf(`${this.#field}.validation_context`, type.value);
        break;
      case 'validationContextSdsSecretConfig':
        this.#validationSecret(type.value, undefined, secrets);
        break;
      case 'combinedValidationContext':
        refuseFields(`${this.#field}.combined_validation_context`, {
          validation_context_certificate_provider:
            type.value.validationContextCertificateProvider !== undefined,
          validation_context_certificate_provider_instance:
            type.value.validationContextCertificateProviderInstance !== undefined,
        });
        this.#validationSecret(
          type.value.validationContextSdsSecretConfig,
          type.value.defaultValidationContext,
          secrets,
        );
        break;
      case 'validationContextCertificateProvider':
      case 'validationContextCertificateProviderInstance':
        throw new UnsupportedError(`${this.#field}.${type.case}`);
      case undefined:
        break;
    }
  }

  #validationSecret(
    config: SdsSecretConfig | undefined,
    byDefault: CertificateValidationContext | undefined,
    secrets: SecretSource | undefined,
  ): void {
    if (config === undefined) {
      this.#validation = validationOf(`${this.#field}.default_validation_context`, byDefault);
      return;
    }
    this.#needsValidation = true;
    this.#secret(config, secrets, (secret) => {
      if (secret.type.case !== 'validationContext')
        throw this.#wrongSecret(config.name, 'validation_context');
      this.#validation = validationOf(`secret ${config.name}`, merged(byDefault, secret.type.value));
    });
  }

  #secret(
    config: SdsSecretConfig,
    secrets: SecretSource | undefined,
    take: (secret: Parameters<Parameters<SecretSource['subscribe']>[2]>[0]) => void,
  ): void {
    if (secrets === undefined)
      throw new UnsupportedError(`${this.#field}: secret "${config.name}" by name (SDS)`);
    let isWaiting = true;
    this.#waiting += 1;
    const settle = (): void => {
      if (!isWaiting) return;
      isWaiting = false;
      this.#waiting -= 1;
      if (this.isSettled) this.#ready.resolve();
    };
    let inForce: Secret | undefined;
    const handle = secrets.subscribe(config.name, config.sdsConfig, (secret) => {
      this.#replace(() => take(secret));
      settle();
      // What comes again as it was is no change, as in Envoy; files that it names may be other ones nonetheless.
      if (inForce === undefined || !equals(SecretSchema, inForce, secret)) this.#onChange();
      inForce = secret;
    });
    this.#handles.push(handle);
    void handle.warm.then(settle);
  }

  /** What is wrong with a new version is thrown, and the last good one stays in force. */
  #replace(change: () => void): void {
    const before = {
      identities: [...this.#identities],
      validation: this.#validation,
      contexts: this.#contexts,
    };
    this.#contexts = new Map();
    try {
      change();
      for (const identity of this.identities) this.secureContext([identity]);
      if (this.identities.length === 0) this.secureContext([]);
    } catch (error) {
      this.#identities = before.identities;
      this.#validation = before.validation;
      this.#contexts = before.contexts;
      throw error;
    }
  }

  #wrongSecret(name: string, wanted: string): InvalidConfigError {
    return new InvalidConfigError(this.#field, `the secret "${name}" is no ${wanted}`);
  }
}

/** As protobuf merges messages: what is set in the second wins, lists are joined. */
function merged(
  first: CertificateValidationContext | undefined,
  second: CertificateValidationContext,
): CertificateValidationContext {
  if (first === undefined) return second;
  return {
    ...first,
    trustedCa: second.trustedCa ?? first.trustedCa,
    crl: second.crl ?? first.crl,
    verifyCertificateHash: [...first.verifyCertificateHash, ...second.verifyCertificateHash],
    verifyCertificateSpki: [...first.verifyCertificateSpki, ...second.verifyCertificateSpki],
    matchTypedSubjectAltNames: [...first.matchTypedSubjectAltNames, ...second.matchTypedSubjectAltNames],
    matchSubjectAltNames: [...first.matchSubjectAltNames, ...second.matchSubjectAltNames],
  };
}

function validationOf(
  field: string,
  context: CertificateValidationContext | undefined,
): Validation | undefined {
  if (context === undefined) return undefined;
  refuseFields(field, {
    ca_certificate_provider_instance: context.caCertificateProviderInstance !== undefined,
    watched_directory: context.watchedDirectory !== undefined,
    require_signed_certificate_timestamp: context.requireSignedCertificateTimestamp === true,
    allow_expired_certificate: context.allowExpiredCertificate,
    custom_validator_config: context.customValidatorConfig !== undefined,
    only_verify_leaf_cert_crl: context.onlyVerifyLeafCertCrl,
    max_verify_depth: context.maxVerifyDepth !== undefined,
    match_subject_alt_names: context.matchSubjectAltNames.length > 0,
    system_root_certs: context.systemRootCerts !== undefined,
  });
  const ca = readDataSource(`${field}.trusted_ca`, context.trustedCa);
  const names = nameCheck(`${field}.match_typed_subject_alt_names`, context.matchTypedSubjectAltNames);
  if (ca === undefined && names !== undefined) {
    throw new InvalidConfigError(
      `${field}.match_typed_subject_alt_names`,
      'names prove nothing without trusted_ca',
    );
  }
  const hashes = context.verifyCertificateHash.map((hash) => hash.replaceAll(':', '').toLowerCase());
  const accepts = context.trustChainVerification === TrustChain.ACCEPT_UNTRUSTED;
  return {
    ca: accepts ? undefined : ca,
    crl: readDataSource(`${field}.crl`, context.crl),
    isChecking: names !== undefined || hashes.length > 0 || context.verifyCertificateSpki.length > 0,
    check: (certificate) => refusal(certificate, names, hashes, context.verifyCertificateSpki),
  };
}

function refusal(
  { raw, names }: PeerCertificate,
  isNamed: NameCheck | undefined,
  hashes: readonly string[],
  keys: readonly string[],
): string | undefined {
  if (isNamed !== undefined && !isNamed(names)) return 'verify SAN list';
  if (hashes.length === 0 && keys.length === 0) return undefined;
  if (hashes.includes(createHash('sha256').update(raw).digest('hex'))) return undefined;
  if (keys.length > 0) {
    const spki = new X509Certificate(raw).publicKey.export({ type: 'spki', format: 'der' });
    if (keys.includes(createHash('sha256').update(spki).digest('base64'))) return undefined;
  }
  return 'cert hash and spki';
}

type Version = NonNullable<SecureContextOptions['minVersion']>;

const VERSIONS: Readonly<Record<number, Version>> = {
  [Protocol.TLSv1_0]: 'TLSv1',
  [Protocol.TLSv1_1]: 'TLSv1.1',
  [Protocol.TLSv1_2]: 'TLSv1.2',
  [Protocol.TLSv1_3]: 'TLSv1.3',
};

function parametersOf(field: string, parameters: TlsParameters | undefined): SecureContextOptions {
  const minVersion = VERSIONS[parameters?.tlsMinimumProtocolVersion ?? Protocol.TLS_AUTO] ?? 'TLSv1.2';
  const maxVersion = VERSIONS[parameters?.tlsMaximumProtocolVersion ?? Protocol.TLS_AUTO] ?? 'TLSv1.3';
  if (minVersion > maxVersion)
    throw new InvalidConfigError(field, 'the minimum version is above the maximum');
  const ciphers = (parameters?.cipherSuites ?? []).flatMap((one) => one.replaceAll(/[[\]]/g, '').split('|'));
  const isOld = minVersion === 'TLSv1' || minVersion === 'TLSv1.1';
  return {
    minVersion,
    maxVersion,
    // The suites of TLS 1.3 are no matter of configuration in Envoy; OpenSSL wants them in the same list.
    ...(ciphers.length > 0 && {
      ciphers: [...TLS13_SUITES, ...ciphers, ...(isOld ? ['@SECLEVEL=0'] : [])].join(':'),
    }),
    ...(ciphers.length === 0 && isOld && { ciphers: `${constants.defaultCipherList}:@SECLEVEL=0` }),
    ...((parameters?.ecdhCurves ?? []).length > 0 && { ecdhCurve: parameters?.ecdhCurves.join(':') }),
    ...((parameters?.signatureAlgorithms ?? []).length > 0 && {
      sigalgs: parameters?.signatureAlgorithms.join(':'),
    }),
  };
}

const TLS13_SUITES = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];
