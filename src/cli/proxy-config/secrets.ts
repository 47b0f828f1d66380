/** `mesh proxy-config secret`. */

import { X509Certificate } from 'node:crypto';
import { tabwriter } from '../output/tabwriter.ts';
import type { ConfigDump } from './dump.ts';
import { field, list, text } from './fields.ts';
import type { TableOptions } from './printing.ts';

export interface SecretItem {
  readonly name: string;
  readonly state: 'ACTIVE' | 'WARMING';
  /** Empty when there is no certificate that can be read. */
  readonly type: 'CA' | 'Cert Chain' | '';
  readonly valid: boolean;
  readonly serialNumber: string;
  readonly notAfter: string;
  readonly notBefore: string;
  readonly trustDomain: string;
}

const PADDING = 5;
const SPIFFE_VALIDATOR = 'SPIFFECertValidatorConfig';

/** The certificates of a dump, those not in use yet first. `now` is in milliseconds. */
export function secretsOf(dump: ConfigDump, now: number): readonly SecretItem[] {
  const read = (listName: string, state: SecretItem['state']) =>
    [...dump.entries('SecretsConfigDump', listName)].flatMap((entry) => itemsOf(entry, state, now));
  return [...read('dynamic_warming_secrets', 'WARMING'), ...read('dynamic_active_secrets', 'ACTIVE')];
}

function itemsOf(entry: unknown, state: SecretItem['state'], now: number): readonly SecretItem[] {
  const secret = field(entry, 'secret');
  const item = (bytes: string, trustDomain = ''): SecretItem => ({
    name: text(entry, 'name'),
    state,
    ...describe(bytes, trustDomain, now),
  });
  const chain = text(secret, 'tls_certificate', 'certificate_chain', 'inline_bytes');
  if (chain !== '') return [item(chain)];
  const trusted = text(secret, 'validation_context', 'trusted_ca', 'inline_bytes');
  if (trusted !== '') return [item(trusted)];
  const validator = field(secret, 'validation_context', 'custom_validator_config', 'typed_config');
  if (!text(validator, '@type').endsWith(SPIFFE_VALIDATOR)) return [item('')];
  return list(validator, 'trust_domains').map((domain) =>
    item(text(domain, 'trust_bundle', 'inline_bytes'), text(domain, 'name')),
  );
}

const UNREADABLE: Omit<SecretItem, 'name' | 'state'> = {
  type: '',
  valid: false,
  serialNumber: '',
  notAfter: '',
  notBefore: '',
  trustDomain: '',
};

/** The first certificate of a PEM text in base64. */
function describe(bytes: string, trustDomain: string, now: number): Omit<SecretItem, 'name' | 'state'> {
  const certificate = firstCertificate(Buffer.from(bytes, 'base64').toString('latin1'));
  if (certificate === undefined) return UNREADABLE;
  const { ca, serialNumber, subjectAltName = '' } = certificate;
  const [notBefore, notAfter] = [new Date(certificate.validFrom), new Date(certificate.validTo)];
  return {
    type: ca ? 'CA' : 'Cert Chain',
    valid: notBefore.getTime() < now && now < notAfter.getTime(),
    serialNumber: serialNumber.toLowerCase().padStart(32, '0'),
    notAfter: seconds(notAfter),
    notBefore: seconds(notBefore),
    trustDomain: trustDomain === '' ? spiffeDomain(subjectAltName) : trustDomain,
  };
}

function firstCertificate(pem: string): X509Certificate | undefined {
  const begin = pem.indexOf('-----BEGIN CERTIFICATE-----');
  if (begin < 0) return undefined;
  try {
    return new X509Certificate(pem.slice(begin));
  } catch {
    return undefined;
  }
}

/** The last that a certificate names. */
function spiffeDomain(subjectAltName: string): string {
  return [...subjectAltName.matchAll(/URI:spiffe:\/\/([^/,"]+)/g)].at(-1)?.[1] ?? '';
}

function seconds(date: Date): string {
  return date.toISOString().replace('.000Z', 'Z');
}

export function secretTable(dump: ConfigDump, now: number, { withType = false }: TableOptions = {}): string {
  const isEmpty = ['dynamic_active_secrets', 'dynamic_warming_secrets'].every(
    (listName) => [...dump.entries('SecretsConfigDump', listName)].length === 0,
  );
  if (isEmpty) return 'No active or warming secrets found.\n';
  const secrets = secretsOf(dump, now);
  if (secrets.length === 0) return 'No secret items to show.\n';
  const hasDomains = secrets.every(({ trustDomain }) => trustDomain !== '');
  const header = [
    'RESOURCE NAME',
    'TYPE',
    'STATUS',
    'VALID CERT',
    'SERIAL NUMBER',
    'NOT AFTER',
    'NOT BEFORE',
  ];
  const rows = secrets.map((secret) => [
    `${withType ? 'secret/' : ''}${secret.name}`,
    secret.type,
    secret.state,
    String(secret.valid),
    secret.serialNumber,
    secret.notAfter,
    secret.notBefore,
    ...(hasDomains ? [secret.trustDomain] : []),
  ]);
  return tabwriter([[...header, ...(hasDomains ? ['TRUST DOMAIN'] : [])], ...rows], PADDING);
}
