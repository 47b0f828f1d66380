/** Where the HTTP rules of VirtualServices were written: names put in full and delegates put in place hide it. */

import type { FieldPath } from '../base/field-path.ts';
import type { MeshObject } from '../config/object.ts';
import type { HttpRoute } from './virtual-services.ts';

export interface RuleOrigin {
  readonly object: MeshObject;
  /** `['spec', 'http', 0]`. */
  readonly path: FieldPath;
  /** The matches are those of the rule as written, in their order. */
  readonly ownMatches: boolean;
}

/** Beside the rules, so that they stay what the API says, and go when the rules go. */
const ORIGINS = new WeakMap<HttpRoute, RuleOrigin>();

export function originOfRule(rule: HttpRoute): RuleOrigin | undefined {
  return ORIGINS.get(rule);
}

/** Notes where a rule was written, and gives it back. */
export function withOrigin(rule: HttpRoute, origin: RuleOrigin | undefined): HttpRoute {
  if (origin !== undefined) ORIGINS.set(rule, origin);
  return rule;
}
