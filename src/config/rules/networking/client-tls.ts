/** Checks TLS settings of connections to a service. */

import type { ClientTLSSettings } from '../../../api/generated/types/networking.istio.io/DestinationRule.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { RuleReport } from '../rule.ts';

const CONFIG_MAP_PREFIX = 'configmap://';
const FILES = ['clientCertificate', 'privateKey', 'caCertificates', 'caCrl'] as const;

/** `namespace` is that of the configuration; empty where there is none, as for the mesh's settings. */
export function checkClientTls(
  report: RuleReport,
  path: FieldPath,
  tls: ClientTLSSettings | undefined,
  namespace: string,
): void {
  if (tls === undefined) return;
  const { mode = 'DISABLE', credentialName = '' } = tls;
  if (credentialName.startsWith(CONFIG_MAP_PREFIX)) {
    checkConfigMapName(report, [...path, 'credentialName'], credentialName, namespace);
  }
  if (tls.insecureSkipVerify === true) checkSkipVerify(report, path, tls);
  if (mode !== 'SIMPLE' && mode !== 'MUTUAL') return;
  if (credentialName !== '') {
    for (const field of FILES) {
      if ((tls[field] ?? '') === '') continue;
      report.error([...path, field], 'cannot stand beside credentialName, whose Secret holds it; keep one', {
        check: 'ExclusiveFields',
      });
    }
    return;
  }
  if (mode !== 'MUTUAL') return;
  const lacking = (['clientCertificate', 'privateKey'] as const).filter((field) => (tls[field] ?? '') === '');
  const [first] = lacking;
  if (first === undefined) return;
  report.error([...path, first], `mode MUTUAL needs ${lacking.join(' and ')}, or a credentialName`, {
    check: 'MissingField',
  });
}

/** What a server's certificate is checked against makes no sense when it is not checked. */
function checkSkipVerify(report: RuleReport, path: FieldPath, tls: ClientTLSSettings): void {
  const { mode, caCertificates = '', credentialName = '', subjectAltNames = [] } = tls;
  const pointless = {
    caCertificates: caCertificates !== '' && (mode === 'SIMPLE' || mode === 'MUTUAL'),
    // With MUTUAL the Secret holds the client's own certificate too.
    credentialName: credentialName !== '' && mode === 'SIMPLE',
    subjectAltNames: subjectAltNames.length > 0 && (mode === 'SIMPLE' || mode === 'MUTUAL'),
  };
  for (const [field, present] of Object.entries(pointless)) {
    if (!present) continue;
    report.error([...path, field], 'has no use while insecureSkipVerify is true; remove one of them', {
      check: 'ExclusiveFields',
    });
  }
}

function checkConfigMapName(report: RuleReport, path: FieldPath, name: string, namespace: string): void {
  const [place = '', object = ''] = name.slice(CONFIG_MAP_PREFIX.length).split('/');
  if (place === '' || object === '') {
    report.error(path, `"${name}" must have the form ${CONFIG_MAP_PREFIX}NAMESPACE/NAME`);
  } else if (place !== namespace || namespace === '') {
    report.error(path, `the ConfigMap must be in this object's namespace "${namespace}", not in "${place}"`);
  }
}
