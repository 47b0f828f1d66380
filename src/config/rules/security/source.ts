/** Checks where requests come from: the sources of an AuthorizationPolicy's rules. */

import type { Source } from '../../../api/generated/types/security.istio.io/AuthorizationPolicy.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { RuleReport } from '../rule.ts';
import { checkServiceAccounts, checkTrustDomains } from './service-account.ts';
import { checkIpBlocks, checkNotEmpty } from './values.ts';

type ValueCheck = (report: RuleReport, path: FieldPath, values: readonly string[]) => void;

const accounts: ValueCheck = (report, path, values) => checkServiceAccounts(report, path, values, true);

const CHECKS: Readonly<Record<keyof Source, ValueCheck>> = {
  principals: checkNotEmpty,
  notPrincipals: checkNotEmpty,
  requestPrincipals: checkNotEmpty,
  notRequestPrincipals: checkNotEmpty,
  namespaces: checkNotEmpty,
  notNamespaces: checkNotEmpty,
  serviceAccounts: accounts,
  notServiceAccounts: accounts,
  trustDomains: checkTrustDomains,
  notTrustDomains: checkTrustDomains,
  ipBlocks: checkIpBlocks,
  notIpBlocks: checkIpBlocks,
  remoteIpBlocks: checkIpBlocks,
  notRemoteIpBlocks: checkIpBlocks,
};
const FIELDS = Object.keys(CHECKS) as (keyof Source)[];

/** Fields that an external authorizer cannot be given. */
const NOT_CUSTOM: readonly (keyof Source)[] = [
  ...(['namespaces', 'notNamespaces', 'serviceAccounts', 'notServiceAccounts'] as const),
  ...(['trustDomains', 'notTrustDomains', 'principals', 'notPrincipals'] as const),
  ...(['requestPrincipals', 'notRequestPrincipals'] as const),
];

/** What can be known of a connection that is not HTTP. */
const TCP: readonly (keyof Source)[] = [
  ...(['principals', 'notPrincipals', 'ipBlocks', 'notIpBlocks', 'namespaces', 'notNamespaces'] as const),
  ...(['remoteIpBlocks', 'notRemoteIpBlocks', 'serviceAccounts', 'notServiceAccounts'] as const),
];

/** https://istio.io/latest/docs/reference/config/security/authorization-policy/#Source */
export function checkSource(report: RuleReport, path: FieldPath, source: Source, custom: boolean): void {
  const set = FIELDS.filter((field) => (source[field] ?? []).length > 0);
  if (set.length === 0) {
    report.error(
      path,
      'the source is empty; set a field of it, or leave the whole "from" out to match any source',
    );
  }
  checkExclusive(report, path, source);
  for (const field of set) {
    CHECKS[field](report, [...path, field], source[field] ?? []);
    if (custom && NOT_CUSTOM.includes(field)) {
      report.error([...path, field], `${field} cannot be used with the action CUSTOM`);
    }
  }
}

/** A service account says the namespace and the principal already. */
function checkExclusive(report: RuleReport, path: FieldPath, source: Source): void {
  // An empty list counts here: the API server refuses it too.
  const account = (['serviceAccounts', 'notServiceAccounts'] as const).find(
    (field) => source[field] !== undefined,
  );
  if (account === undefined) return;
  for (const other of ['principals', 'notPrincipals', 'namespaces', 'notNamespaces'] as const) {
    if (source[other] === undefined) continue;
    report.error([...path, other], `${other} cannot stand beside ${account}; use another entry of "from"`, {
      check: 'ExclusiveFields',
    });
  }
}

/** Whether the source says something that a plain TCP connection can be checked for. */
export function holdsForTcp(source: Source): boolean {
  return TCP.some((field) => (source[field] ?? []).length > 0);
}
