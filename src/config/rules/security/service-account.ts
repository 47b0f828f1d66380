/** Checks values that name service accounts and trust domains. */

import type { FieldPath } from '../../../base/field-path.ts';
import type { RuleReport } from '../rule.ts';

const MAX_ACCOUNTS = 16;
const MAX_BYTES = 320;

/** `name` or `namespace/name`, without wildcards. `limited`: the schema has counted and measured already. */
export function checkServiceAccounts(
  report: RuleReport,
  path: FieldPath,
  accounts: readonly string[],
  limited: boolean,
): void {
  if (!limited && accounts.length > MAX_ACCOUNTS) {
    report.error(path, `has ${accounts.length} values, and at most ${MAX_ACCOUNTS} are allowed`, {
      check: 'TooMany',
    });
  }
  for (const [index, account] of accounts.entries()) {
    const problem = accountProblem(account, limited);
    if (problem !== undefined) report.error([...path, index], problem);
  }
}

function accountProblem(account: string, limited: boolean): string | undefined {
  if (account === '') return 'must not be empty';
  if (account.includes('*')) return `"${account}" must not hold "*": service accounts have no wildcards`;
  const parts = account.split('/');
  if (parts.length > 2) return `"${account}" must be a service account, or namespace/account`;
  if (parts.length === 2 && parts[0] === '') return `"${account}" has no namespace before the slash`;
  if (parts.length === 2 && parts[1] === '') return `"${account}" has no service account behind the slash`;
  // The schema counts characters.
  if (limited && [...account].length > MAX_BYTES) return undefined;
  return Buffer.byteLength(account) > MAX_BYTES ? `must not be longer than ${MAX_BYTES} bytes` : undefined;
}

/** Texts with at most one `*`, at the start or the end. */
export function checkWildcards(report: RuleReport, path: FieldPath, values: readonly string[]): void {
  for (const [index, value] of values.entries()) {
    const problem = wildcardProblem(value);
    if (problem !== undefined) report.error([...path, index], problem);
  }
}

/** As `checkWildcards`, and no slash: trust domains, not identities. */
export function checkTrustDomains(report: RuleReport, path: FieldPath, values: readonly string[]): void {
  for (const [index, value] of values.entries()) {
    const problem = wildcardProblem(value);
    if (problem !== undefined) report.error([...path, index], problem);
    else if (value.includes('/')) {
      report.error([...path, index], `"${value}" is no trust domain: it must not hold "/"`, {
        hint: 'For whole identities, such as cluster.local/ns/default/sa/web, use principals.',
      });
    }
  }
}

function wildcardProblem(value: string): string | undefined {
  if (value === '') return 'must not be empty';
  const star = value.indexOf('*');
  if (star < 0) return undefined;
  if (value.includes('*', star + 1)) return `"${value}" must hold "*" only once`;
  if (star === 0 || star === value.length - 1) return undefined;
  return `"${value}" must hold "*" only at its start or end`;
}
