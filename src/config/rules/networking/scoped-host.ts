/** Hosts of gateways and sidecars: a domain name behind the namespace that it is taken from. */

import { isIp } from '../../../base/cidr.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import { wildcardDomainProblem } from '../../../base/hostname.ts';
import { isDnsLabel } from '../../../base/labels.ts';
import type { RuleReport } from '../rule.ts';

/** What is wrong with a wildcard that is not alone in the first label; undefined when there is none. */
export function partialWildcardProblem(host: string): string | undefined {
  if (!host.includes('*') || host === '*' || host.startsWith('*.')) return undefined;
  return 'has a wildcard for a part of a label: it must be the whole first label, as in *.example.com';
}

/**
 * A host of a gateway: `dnsName` or `namespace/dnsName`. The name may also be an IP address.
 * https://istio.io/latest/docs/reference/config/networking/gateway/#Server
 */
export function checkGatewayHost(
  report: RuleReport,
  path: FieldPath,
  host: string,
  options: { readonly mayHide: boolean },
): void {
  const slash = host.indexOf('/');
  if (slash >= 0) {
    const namespace = host.slice(0, slash);
    const known = namespace === '*' || namespace === '.' || (namespace === '~' && options.mayHide);
    if (!known) checkNamespace(report, path, host, namespace, '*, . or the name of a namespace');
  }
  const name = host.slice(slash + 1);
  if (isIp(name)) {
    // An IPv6 address has no dots, and is no short name all the same for those who write it.
    if (!name.includes('.')) reportShortName(report, path, host, name);
    return;
  }
  checkName(report, path, host, name);
}

/**
 * A host of a sidecar's listener: `namespace/dnsName`.
 * https://istio.io/latest/docs/reference/config/networking/sidecar/#IstioEgressListener
 */
export function checkSidecarHost(report: RuleReport, path: FieldPath, host: string): void {
  const slash = host.indexOf('/');
  if (slash < 0) {
    report.error(path, `"${host}" lacks a namespace: write namespace/dnsName`, {
      hint: `Use "./${host}" for services of this namespace, or "*/${host}" for those of any.`,
    });
    return;
  }
  const namespace = host.slice(0, slash);
  const plain = namespace.startsWith('~') ? namespace.slice(1) : namespace;
  if (namespace === '' || (plain !== '' && plain !== '*' && plain !== '.')) {
    checkNamespace(report, path, host, plain, '*, ., ~ or the name of a namespace');
  }
  checkName(report, path, host, host.slice(slash + 1));
}

function checkNamespace(
  report: RuleReport,
  path: FieldPath,
  host: string,
  namespace: string,
  allowed: string,
): void {
  if (isDnsLabel(namespace)) return;
  report.error(path, `"${host}" has "${namespace}" for a namespace: in front of the slash goes ${allowed}`);
}

function checkName(report: RuleReport, path: FieldPath, host: string, name: string): void {
  const problem = wildcardDomainProblem(name) ?? partialWildcardProblem(name);
  if (problem !== undefined) report.error(path, `the domain name in "${host}" ${problem}`);
  else if (name !== '*' && !name.includes('.')) reportShortName(report, path, host, name);
}

function reportShortName(report: RuleReport, path: FieldPath, host: string, name: string): void {
  report.error(path, `"${host}" has the short name "${name}": write the full domain name, with a dot in it`);
}
