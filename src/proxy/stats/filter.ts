/** Which statistics are kept: `stats_config.stats_matcher` of the bootstrap. */

import type { ListStringMatcher } from '../../xds/proto/generated/envoy/type/matcher/v3/string_pb.js';
import type { StatsMatcher } from '../../xds/proto/generated/envoy/config/metrics/v3/stats_pb.js';
import { compileStringMatcher } from '../route/string-matcher.ts';
import type { StatFilter } from './store.ts';

/** Throws as `compileStringMatcher` does. */
export function compileStatsMatcher(matcher: StatsMatcher | undefined): StatFilter {
  const wanted = matcher?.statsMatcher;
  switch (wanted?.case) {
    case 'rejectAll':
      return () => !wanted.value;
    case 'exclusionList': {
      const fits = anyOf(wanted.value);
      return (name) => !fits(name);
    }
    case 'inclusionList':
      return anyOf(wanted.value);
    case undefined:
      return () => true;
  }
}

function anyOf({ patterns }: ListStringMatcher): StatFilter {
  const matchers = patterns.map(compileStringMatcher);
  return (name) => matchers.some((matcher) => matcher.fits(name));
}
