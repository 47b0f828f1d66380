/** Headers that a route sets, adds and removes. */

import type { HttpRoute } from '../../model/virtual-services.ts';
import {
  type HeaderValueOptionSchema,
  HeaderValueOption_HeaderAppendAction,
} from '../proto/generated/envoy/config/core/v3/base_pb.js';
import type { Init } from '../values.ts';

type RouteDestination = NonNullable<HttpRoute['route']>[number];
type Operations = NonNullable<NonNullable<HttpRoute['headers']>['request']>;
type HeaderOption = Init<typeof HeaderValueOptionSchema>;

/** What stands in a rule or a destination, in the spellings of all releases. */
export type HeaderHolder = Pick<
  RouteDestination & HttpRoute,
  | 'headers'
  | 'appendRequestHeaders'
  | 'removeRequestHeaders'
  | 'appendResponseHeaders'
  | 'removeResponseHeaders'
> &
  Pick<HttpRoute, 'appendHeaders'>;

export interface HeaderEdits {
  readonly requestHeadersToAdd: HeaderOption[];
  readonly requestHeadersToRemove: string[];
  readonly responseHeadersToAdd: HeaderOption[];
  readonly responseHeadersToRemove: string[];
}

/** The edits, and the host that requests are given when one is set; '' when none is. */
export function headerEdits(holder: HeaderHolder): { edits: HeaderEdits; authority: string } {
  const request = holder.headers?.request ?? {};
  const response = holder.headers?.response ?? {};
  const added = { ...holder.appendHeaders, ...holder.appendRequestHeaders, ...request.add };
  return {
    edits: {
      requestHeadersToAdd: additions({ set: request.set, add: added }),
      requestHeadersToRemove: removals([...(holder.removeRequestHeaders ?? []), ...(request.remove ?? [])]),
      responseHeadersToAdd: additions({
        set: response.set,
        add: { ...holder.appendResponseHeaders, ...response.add },
      }),
      responseHeadersToRemove: removals([
        ...(holder.removeResponseHeaders ?? []),
        ...(response.remove ?? []),
      ]),
    },
    authority: hostIn(request.set) ?? hostIn(added) ?? '',
  };
}

function hostIn(map: Readonly<Record<string, string>> | undefined): string | undefined {
  return Object.entries(map ?? {}).find(([name]) => isHost(name))?.[1];
}

function isHost(name: string): boolean {
  const lower = name.toLowerCase();
  return lower === 'host' || lower === ':authority';
}

/** Names that are no headers to Envoy: it refuses to edit them. */
function isEditable(name: string): boolean {
  return !name.startsWith(':') && name.toLowerCase() !== 'host';
}

function removals(names: readonly string[]): string[] {
  return names.filter(isEditable);
}

function additions({ set, add }: Pick<Operations, 'set' | 'add'>): HeaderOption[] {
  const { OVERWRITE_IF_EXISTS_OR_ADD, APPEND_IF_EXISTS_OR_ADD } = HeaderValueOption_HeaderAppendAction;
  return [...options(set, OVERWRITE_IF_EXISTS_OR_ADD), ...options(add, APPEND_IF_EXISTS_OR_ADD)];
}

function options(
  map: Readonly<Record<string, string>> | undefined,
  appendAction: HeaderValueOption_HeaderAppendAction,
): HeaderOption[] {
  return Object.entries(map ?? {})
    .filter(([name]) => isEditable(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => ({ header: { key, value }, appendAction }));
}
