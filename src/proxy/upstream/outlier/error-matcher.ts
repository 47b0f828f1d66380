/** Which answers count as failures, where the configuration says so; else those from 500 on do. */

import type { MatchPredicate } from '../../../xds/proto/generated/envoy/config/common/matcher/v3/matcher_pb.js';
import { compileHeader } from '../../route/conditions.ts';
import { HeaderList } from '../../http/header-list.ts';
import { UnsupportedError } from '../../route/unsupported.ts';

/**
 * Compiles `outlier_detection.error_matcher` of HttpProtocolOptions, as far as it looks at the status. Throws an
 * `UnsupportedError` for what looks at anything else.
 */
export function compileErrorMatcher(field: string, predicate: MatchPredicate): (status: number) => boolean {
  const { rule } = predicate;
  switch (rule.case) {
    case 'anyMatch':
      return () => rule.value;
    case 'notMatch': {
      const inner = compileErrorMatcher(field, rule.value);
      return (status) => !inner(status);
    }
    case 'orMatch':
    case 'andMatch': {
      const all = rule.value.rules.map((one) => compileErrorMatcher(field, one));
      return rule.case === 'orMatch'
        ? (status) => all.some((one) => one(status))
        : (status) => all.every((one) => one(status));
    }
    case 'httpResponseHeadersMatch': {
      const other = rule.value.headers.find(({ name }) => name !== ':status');
      if (other !== undefined) throw new UnsupportedError(`${field}.headers[${other.name}]`);
      const conditions = rule.value.headers.map(compileHeader);
      return (status) => {
        const headers = HeaderList.from([[':status', String(status)]]);
        return conditions.every((one) => one.holds({ ...ANSWER, headers }));
      };
    }
    default:
      throw new UnsupportedError(`${field}.${rule.case ?? 'rule'}`);
  }
}

/** What a condition on headers asks of a request, of which an answer has nothing. */
const ANSWER = { method: '', scheme: '', authority: '', path: '', random: 0 } as const;
