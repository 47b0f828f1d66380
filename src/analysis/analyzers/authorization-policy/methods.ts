/** Methods of AuthorizationPolicies: a mistyped one never matches, so an ALLOW denies and a DENY allows. */

import { nearestName } from '../../../base/nearest.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';

/** https://www.iana.org/assignments/http-methods/ and PURGE, which caches use. */
const METHODS = [
  'ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT CONNECT COPY DELETE GET HEAD LABEL LINK LOCK MERGE',
  'MKACTIVITY MKCALENDAR MKCOL MKREDIRECTREF MKWORKSPACE MOVE OPTIONS ORDERPATCH PATCH POST PRI',
  'PROPFIND PROPPATCH PURGE PUT QUERY REBIND REPORT SEARCH TRACE UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE',
  'UPDATEREDIRECTREF VERSION-CONTROL',
].flatMap((line) => line.split(' '));

export const analyzer: Analyzer = {
  name: 'authorizationpolicy.MethodAnalyzer',
  summary: 'Methods of AuthorizationPolicies are HTTP methods',
  reads: ['security.istio.io/AuthorizationPolicy'],
  messages: [MESH_MESSAGES.UnknownHttpMethod],
  analyze({ snapshot, report }) {
    for (const object of snapshot.list('security.istio.io/AuthorizationPolicy')) {
      for (const [i, { to = [] }] of (object.value.spec?.rules ?? []).entries()) {
        for (const [j, { operation = {} }] of to.entries()) {
          for (const field of ['methods', 'notMethods'] as const) {
            for (const [k, method] of (operation[field] ?? []).entries()) {
              if (matchesSome(method)) continue;
              const path = ['spec', 'rules', i, 'to', j, 'operation', field, k];
              report(MESH_MESSAGES.UnknownHttpMethod, object, path, { method }, hintFor(method));
            }
          }
        }
      }
    }
  },
};

/** Whether some method matches: exactly, or by a `*` in front or at the end. Case counts. */
function matchesSome(pattern: string): boolean {
  if (pattern.startsWith('*')) return METHODS.some((method) => method.endsWith(pattern.slice(1)));
  if (pattern.endsWith('*')) return METHODS.some((method) => method.startsWith(pattern.slice(0, -1)));
  return METHODS.includes(pattern);
}

function hintFor(method: string): string | undefined {
  if (method.includes('/')) return 'The method of gRPC calls is POST; names of gRPC methods belong in paths.';
  const near = nearestName(method, METHODS);
  return near === undefined ? undefined : `Did you mean ${near}?`;
}
