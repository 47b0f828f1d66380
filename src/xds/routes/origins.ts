/** From a route that was made back to the rule that it was made of, for tools that explain where requests go. */

import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { HttpMatch, HttpRoute } from '../../model/virtual-services.ts';
import {
  type RouteMatch,
  RouteMatchSchema,
} from '../proto/generated/envoy/config/route/v3/route_components_pb.js';

export interface RouteOrigin {
  readonly rule: HttpRoute;
  /** The alternative of the rule; undefined when it has none. */
  readonly match: HttpMatch | undefined;
}

/** By the message of the match, which stays the same one in all messages that hold it. */
const ORIGINS = new WeakMap<RouteMatch, RouteOrigin>();

/** The match as a message that its origin can be asked of. */
export function matchWithOrigin(
  init: MessageInitShape<typeof RouteMatchSchema>,
  origin: RouteOrigin,
): RouteMatch {
  const match = create(RouteMatchSchema, init);
  ORIGINS.set(match, origin);
  return match;
}

/** Undefined for routes that no VirtualService asks for. */
export function originOfMatch(match: RouteMatch | undefined): RouteOrigin | undefined {
  return match === undefined ? undefined : ORIGINS.get(match);
}
