/** Checks on the TLS settings of servers: gateways, and inbound listeners of sidecars. */

import type { FieldPath } from '../../../base/field-path.ts';
import type { ServerTLSSettings } from '../../../api/generated/types/networking.istio.io/Gateway.ts';
import type { RuleReport } from '../rule.ts';

// https://istio.io/latest/docs/reference/config/networking/gateway/#ServerTLSSettings
const CIPHER_SUITES = new Set([
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-RSA-AES128-SHA',
  'ECDHE-ECDSA-AES256-SHA',
  'ECDHE-RSA-AES256-SHA',
  'AES128-GCM-SHA256',
  'AES256-GCM-SHA384',
  'AES128-SHA',
  'AES256-SHA',
  'DES-CBC3-SHA',
]);

/** Fields that hold certificates or say where they are. */
const CERTIFICATE_FIELDS = [
  ...(['serverCertificate', 'privateKey', 'caCertificates', 'tlsCertificates'] as const),
  ...(['credentialName', 'credentialNames'] as const),
];

/** Checks TLS settings that are there. https://istio.io/latest/docs/reference/config/networking/gateway/#ServerTLSSettings */
export function checkServerTls(report: RuleReport, path: FieldPath, tls: ServerTLSSettings): void {
  checkCiphers(report, path, tls);
  const mode = tls.mode ?? 'PASSTHROUGH';
  if (mode === 'ISTIO_MUTUAL') {
    for (const field of CERTIFICATE_FIELDS.filter((name) => isSet(tls[name]))) {
      report.error([...path, field], `mode ISTIO_MUTUAL takes the certificates of the mesh: remove ${field}`);
    }
    return;
  }
  if (mode === 'PASSTHROUGH' || mode === 'AUTO_PASSTHROUGH') {
    for (const field of [...CERTIFICATE_FIELDS, 'caCrl'] as const) {
      if (!isSet(tls[field])) continue;
      report.warn([...path, field], `mode ${mode} does not terminate TLS, so ${field} is ignored`, {
        hint: 'Remove the field, or set the mode to SIMPLE or MUTUAL.',
      });
    }
  }
  checkSources(report, path, tls);
  const terminates = mode === 'SIMPLE' || mode === 'MUTUAL' || mode === 'OPTIONAL_MUTUAL';
  if (terminates && (isSet(tls.credentialName) || isSet(tls.credentialNames))) return;
  if (terminates) checkFiles(report, path, tls, mode);
  if (!isSet(tls.caCrl)) return;
  if (isSet(tls.credentialName)) {
    report.error(
      [...path, 'caCrl'],
      'a revocation list does not go with credentialName: put it into the secret, as ca.crl',
    );
  }
  if (mode === 'SIMPLE') {
    report.error(
      [...path, 'caCrl'],
      'mode SIMPLE asks for no client certificate, so that there is none to revoke: remove caCrl',
    );
  }
}

function isSet(value: string | readonly unknown[] | undefined): boolean {
  return value !== undefined && value.length > 0;
}

function checkCiphers(report: RuleReport, path: FieldPath, tls: ServerTLSSettings): void {
  const suites = tls.cipherSuites ?? [];
  const version = tls.minProtocolVersion;
  if ((version === 'TLSV1_0' || version === 'TLSV1_1') && suites.length === 0) {
    report.warn(
      [...path, 'minProtocolVersion'],
      `${version} has none of the ciphers that are offered by default`,
      {
        hint: 'List ciphers that fit in cipherSuites, or use TLSV1_2.',
      },
    );
  }
  const seen = new Set<string>();
  for (const [index, suite] of suites.entries()) {
    const place = [...path, 'cipherSuites', index];
    if (!isCipherSuite(suite))
      report.warn(place, `"${suite}" is no cipher suite that is known, and is ignored`);
    else if (seen.has(suite)) {
      report.warn(place, `"${suite}" is listed twice; the second is ignored`, { check: 'Duplicate' });
    }
    seen.add(suite);
  }
}

/** Expressions that start with an operator, such as `-ALL`, are left to the TLS library. */
function isCipherSuite(suite: string): boolean {
  return suite === '' || suite === 'ALL' || !/^[A-Za-z0-9]/.test(suite) || CIPHER_SUITES.has(suite);
}

/** Certificates must come from one place. */
function checkSources(report: RuleReport, path: FieldPath, tls: ServerTLSSettings): void {
  const sources: string[] = [];
  if (isSet(tls.serverCertificate) && isSet(tls.privateKey))
    sources.push('serverCertificate with privateKey');
  // Empty ones count where two that exclude each other are written.
  const { credentialName, credentialNames, tlsCertificates } = tls;
  if (isSet(credentialName) || (credentialName !== undefined && credentialNames !== undefined)) {
    sources.push('credentialName');
  }
  if (credentialNames !== undefined) sources.push('credentialNames');
  if (tlsCertificates !== undefined) sources.push('tlsCertificates');
  if (sources.length < 2) return;
  report.error(path, `certificates come from ${sources.join(' and ')}: keep one of them`, {
    check: 'ExclusiveFields',
  });
}

/** Certificates from files must be complete. */
function checkFiles(report: RuleReport, path: FieldPath, tls: ServerTLSSettings, mode: string): void {
  const missing = { check: 'MissingField' } as const;
  if (mode !== 'SIMPLE' && !isSet(tls.caCertificates)) {
    report.error(
      path,
      `mode ${mode} needs caCertificates, or a credentialName, to check clients against`,
      missing,
    );
  }
  const files = tls.tlsCertificates ?? [];
  const pairs =
    files.length > 0
      ? files.map((file, index) => ({ file, at: [...path, 'tlsCertificates', index] }))
      : [{ file: tls, at: path }];
  for (const { file, at } of pairs) {
    const lacking = (['serverCertificate', 'privateKey'] as const).filter((field) => !isSet(file[field]));
    if (lacking.length > 0)
      report.error(at, `mode ${mode} needs ${lacking.join(' and ')}, or a credentialName`, missing);
  }
}
