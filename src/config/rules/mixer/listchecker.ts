/** Rules of listchecker: where the list comes from and what its entries are. */

import { parseSubnet } from '../../../base/cidr.ts';
import { re2Problem } from '../../../base/re2.ts';
import type { Listchecker, Params } from '../../../api/generated/types/config.istio.io/listchecker.ts';
import type { KindRules, RuleReport } from '../rule.ts';
import { checkUrl } from './address.ts';
import { checkCount, checkNotNegative, checkSecond } from './limits.ts';
import { enumName, nanoseconds } from './values.ts';

export const kinds = ['config.istio.io/listchecker'] as const;

const ENTRY_TYPES = ['STRINGS', 'CASE_INSENSITIVE_STRINGS', 'IP_ADDRESSES', 'REGEX'] as const;

export const rules: KindRules<Listchecker> = (object, report) => {
  const spec = object.value.spec ?? {};
  if ((spec.providerUrl ?? '') !== '') checkProvider(report, spec);
  else if ((spec.overrides ?? []).length === 0) {
    const message = spec.blacklist === true ? 'so nothing is refused' : 'so everything is refused';
    report.warn(['spec'], `the list is empty, ${message}`, { hint: 'Set overrides or providerUrl.' });
  }
  checkNotNegative(report, ['spec', 'cachingInterval'], spec.cachingInterval);
  checkCount(report, ['spec', 'cachingUseCount'], spec.cachingUseCount);
  checkEntries(report, spec);
};

function checkProvider(report: RuleReport, { providerUrl = '', refreshInterval, ttl }: Params): void {
  checkUrl(report, ['spec', 'providerUrl'], providerUrl, 'a list');
  checkSecond(report, ['spec', 'refreshInterval'], refreshInterval);
  const refresh = nanoseconds(refreshInterval ?? '1m');
  const life = nanoseconds(ttl ?? '5m');
  if (refresh === undefined || life === undefined || life >= refresh) return;
  report.error(
    ['spec', ttl === undefined ? 'refreshInterval' : 'ttl'],
    'the list is dropped before it is fetched again',
    {
      hint: `Set ttl (${ttl ?? '5m'}) to more than refreshInterval (${refreshInterval ?? '1m'}).`,
    },
  );
}

function checkEntries(report: RuleReport, { overrides = [], entryType }: Params): void {
  const type = enumName(entryType, ENTRY_TYPES);
  for (const [index, entry] of overrides.entries()) {
    const path = ['spec', 'overrides', index];
    if (type === 'IP_ADDRESSES' && parseSubnet(entry) === undefined) {
      report.error(path, `${JSON.stringify(entry)} is neither an IP address nor a range`, {
        hint: 'Write it as 10.0.0.1 or 10.0.0.0/8.',
      });
    }
    const problem = type === 'REGEX' ? re2Problem(entry) : undefined;
    if (problem !== undefined)
      report.error(path, `${JSON.stringify(entry)} is no regular expression of RE2: ${problem}`);
  }
}
