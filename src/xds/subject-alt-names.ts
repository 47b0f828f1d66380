/** Names that a peer's certificate has to be for, one of them. */

import { isIp } from '../base/cidr.ts';
import {
  type SubjectAltNameMatcherSchema,
  SubjectAltNameMatcher_SanType,
} from './proto/generated/envoy/extensions/transport_sockets/tls/v3/common_pb.js';
import type { Init } from './values.ts';

const { DNS, EMAIL, IP_ADDRESS, URI } = SubjectAltNameMatcher_SanType;

/** Matchers of exact names; what sort of name each is, a certificate may say as it likes. */
export function subjectAltNameMatchers(names: readonly string[]): Init<typeof SubjectAltNameMatcherSchema>[] {
  return names.flatMap((value) =>
    sortsOf(value).map((sanType) => ({
      sanType,
      matcher: { matchPattern: { case: 'exact' as const, value } },
    })),
  );
}

/** What a name can be in a certificate. */
function sortsOf(name: string): readonly SubjectAltNameMatcher_SanType[] {
  return [DNS, URI, ...(isIp(name) ? [IP_ADDRESS] : []), ...(name.includes('@') ? [EMAIL] : [])];
}
