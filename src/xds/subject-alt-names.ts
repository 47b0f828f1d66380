/** Names that a peer's certificate has to be for, one of them. */

import {
  type SubjectAltNameMatcherSchema,
  SubjectAltNameMatcher_SanType,
} from './proto/generated/envoy/extensions/transport_sockets/tls/v3/common_pb.js';
import type { Init } from './values.ts';

const { DNS, URI } = SubjectAltNameMatcher_SanType;

/** Matchers of exact names; a name may stand in the certificate as a host or as a URI. */
export function subjectAltNameMatchers(names: readonly string[]): Init<typeof SubjectAltNameMatcherSchema>[] {
  return names.flatMap((value) =>
    [DNS, URI].map((sanType) => ({
      sanType,
      matcher: { matchPattern: { case: 'exact' as const, value } },
    })),
  );
}
