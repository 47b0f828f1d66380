/** What is done for every request of a route, made ready once. */

import type { RouteConfiguration } from '../../xds/proto/generated/envoy/config/route/v3/route_pb.js';
import { checkRouteSettings } from '../http-filters/filters.ts';
import type { WeightedDestination } from '../route/forwarding.ts';
import type { HeaderEdits } from '../route/headers.ts';
import { settings } from '../route/parts.ts';
import {
  type EncodedRoutes,
  decodeFirst,
  decodeHost,
  domainsOf,
  hostShape,
  nameOf,
} from '../route/encoded-routes.ts';
import {
  type CompiledHost,
  type CompiledRoute,
  RouteTable,
  type TableHost,
  compileHost,
} from '../route/route-table.ts';
import { type HeaderEditor, compileEdits } from './header-edits.ts';
import { type CountedParts, RouteTableStats, countedParts } from './request-stats.ts';

export interface EditPlan {
  readonly request: HeaderEditor | undefined;
  readonly response: HeaderEditor | undefined;
}

export interface RoutePlan {
  /** Without those of a destination. */
  readonly edits: EditPlan;
  readonly byDestination: ReadonlyMap<WeightedDestination, EditPlan>;
  readonly directBody: Buffer;
}

const plans = new WeakMap<CompiledRoute, RoutePlan>();

export function planOf(compiled: CompiledRoute): RoutePlan {
  let plan = plans.get(compiled);
  if (plan === undefined) plans.set(compiled, (plan = makePlan(compiled)));
  return plan;
}

/**
 * A route configuration ready for requests. Throws an `UnsupportedError` or `FormatError`. Of virtual hosts that say the
 * same but for their names one is looked through; each is compiled with the first request for it.
 */
export function compileRouteTable({ config, virtualHosts }: EncodedRoutes): CountedTable {
  const table = new RouteTable(
    config,
    virtualHosts.map((encoded) => new LateHost(encoded, config)),
  );
  checkRouteSettings(config.typedPerFilterConfig);
  const known = new Map<string, CountedParts | undefined>();
  const counted = new Map<string, CountedParts>();
  for (const encoded of virtualHosts) {
    const shape = hostShape(encoded);
    if (!known.has(shape)) {
      const virtualHost = decodeFirst(encoded);
      checkRouteSettings(settings(virtualHost.typedPerFilterConfig));
      for (const compiled of compileHost(virtualHost, config).routes) {
        checkRouteSettings(compiled.route.typedPerFilterConfig);
        planOf(compiled);
      }
      known.set(shape, countedParts(virtualHost));
    }
    const parts = known.get(shape);
    if (parts !== undefined) counted.set(nameOf(encoded), parts);
  }
  return { table, stats: new RouteTableStats(config, counted) };
}

/** A table, and what is counted of its routes. */
export interface CountedTable {
  readonly table: RouteTable;
  readonly stats: RouteTableStats;
}

class LateHost implements TableHost {
  readonly #encoded: Uint8Array;
  readonly #config: RouteConfiguration;
  #compiled: CompiledHost | undefined;

  constructor(encoded: Uint8Array, config: RouteConfiguration) {
    this.#encoded = encoded;
    this.#config = config;
  }

  get domains(): readonly string[] {
    return domainsOf(this.#encoded);
  }

  get compiled(): CompiledHost {
    return (this.#compiled ??= compileHost(decodeHost(this.#encoded), this.#config));
  }
}

function makePlan({ action }: CompiledRoute): RoutePlan {
  switch (action.kind) {
    case 'forward': {
      const edits = editPlan(action.commonEdits);
      const own = action.forwarding.destinations.filter((one) => one.edits !== undefined);
      if (own.length === 0) return edits === NO_EDITS ? NO_PLAN : { ...NO_PLAN, edits };
      const byDestination = new Map(own.map((one) => [one, editPlan(action.edits(one))]));
      return { edits, byDestination, directBody: NO_BODY };
    }
    case 'redirect':
      return { edits: editPlan(action.edits), byDestination: NONE, directBody: NO_BODY };
    case 'direct':
      return {
        edits: editPlan(action.edits),
        byDestination: NONE,
        directBody: Buffer.from(action.body),
      };
  }
}

const NONE: ReadonlyMap<WeightedDestination, EditPlan> = new Map();
const NO_BODY = Buffer.alloc(0);
const NO_EDITS: EditPlan = { request: undefined, response: undefined };
const NO_PLAN: RoutePlan = { edits: NO_EDITS, byDestination: NONE, directBody: NO_BODY };

/** What the proxy says itself of its connection to the client. */
const OF_CONNECTION: ReadonlySet<string> = new Set([
  'connection',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

function editPlan({ request, response }: HeaderEdits): EditPlan {
  const kept = response.map((level) => level.filter(({ name }) => !OF_CONNECTION.has(name)));
  const plan = {
    request: compileEdits(request),
    response: compileEdits(kept.filter((level) => level.length > 0)),
  };
  return plan.request === undefined && plan.response === undefined ? NO_EDITS : plan;
}
