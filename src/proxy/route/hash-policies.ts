/** What of a request decides its endpoint with balancers that hash: `hash_policy` of a route. */

import { compileRe2 } from '../../base/re2.ts';
import type { RouteAction_HashPolicy } from '../../xds/proto/generated/envoy/config/route/v3/route_components_pb.js';
import { UnsupportedError } from './unsupported.ts';

export type HashSource =
  | { readonly kind: 'header'; readonly name: string; rewrite(value: string): string }
  | {
      readonly kind: 'cookie';
      readonly name: string;
      /** Undefined: a request without the cookie is given none. In seconds; 0 for as long as the client runs. */
      readonly ttl: number | undefined;
      readonly path: string;
      /** `; Name=value`, one behind the other. */
      readonly attributes: string;
    }
  | { readonly kind: 'source-ip' }
  | { readonly kind: 'query'; readonly name: string }
  | { readonly kind: 'filter-state'; readonly key: string };

export interface HashPolicy {
  readonly source: HashSource;
  /** With a value the policies behind it do not count. */
  readonly terminal: boolean;
}

const NONE: readonly HashPolicy[] = [];

export function compileHashPolicies(policies: readonly RouteAction_HashPolicy[]): readonly HashPolicy[] {
  if (policies.length === 0) return NONE;
  return policies.map(({ policySpecifier: specifier, terminal }) => ({
    source: source(specifier),
    terminal,
  }));
}

function source(specifier: RouteAction_HashPolicy['policySpecifier']): HashSource {
  switch (specifier.case) {
    case 'header': {
      const { headerName, regexRewrite } = specifier.value;
      const name = headerName.toLowerCase();
      if (regexRewrite === undefined) return { kind: 'header', name, rewrite: (value) => value };
      const pattern = compileRe2(regexRewrite.pattern?.regex ?? '');
      return {
        kind: 'header',
        name,
        rewrite: (value) => pattern.replaceAll(value, regexRewrite.substitution),
      };
    }
    case 'cookie': {
      const { name, ttl, path, attributes } = specifier.value;
      return {
        kind: 'cookie',
        name,
        ttl: ttl === undefined ? undefined : Number(ttl.seconds),
        path,
        attributes: attributes
          .map((one) => (one.value === '' ? `; ${one.name}` : `; ${one.name}=${one.value}`))
          .join(''),
      };
    }
    case 'connectionProperties':
      if (!specifier.value.sourceIp)
        throw new UnsupportedError('hash_policy.connection_properties without source_ip');
      return { kind: 'source-ip' };
    case 'queryParameter':
      return { kind: 'query', name: specifier.value.name };
    case 'filterState':
      return { kind: 'filter-state', key: specifier.value.key };
    default:
      throw new UnsupportedError('hash_policy without a source');
  }
}
