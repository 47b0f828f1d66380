/**
 * A route configuration as Envoy means it, compiled once and asked for each request: which virtual host and
 * route take it, and what becomes of it. Pure: shares are decided by the request's own random number.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/route_matching
 */

import type { RouteConfiguration } from '../../xds/proto/generated/envoy/config/route/v3/route_pb.js';
import {
  RedirectAction_RedirectResponseCode as RedirectCode,
  type Route,
  type VirtualHost,
  VirtualHost_TlsRequirementType as TlsRequirement,
} from '../../xds/proto/generated/envoy/config/route/v3/route_components_pb.js';
import { InvalidConfigError, checkDurations } from '../config-error.ts';
import { type CompiledMatch, compileMatch } from './conditions.ts';
import { type FaultRule, type Faults, compileFaults } from './faults.ts';
import { type Forwarding, type WeightedDestination, compileForwarding } from './forwarding.ts';
import { type HeaderEdits, editsOf, joinEdits } from './headers.ts';
import { type RouteRequest, headerValue } from './request.ts';
import { type HostParts, type RouteParts, hostParts, routeParts } from './parts.ts';
import type { Retries } from './retries.ts';
import { type PathRewrite, compileLocation, compilePathRewrite } from './rewrite.ts';
import { UnsupportedError } from './unsupported.ts';
import { VirtualHostIndex } from './virtual-hosts.ts';

/** The request is sent to a cluster. */
export interface Forward {
  readonly kind: 'forward';
  readonly cluster: string;
  /** All that the route spreads requests over, the chosen one among them. */
  readonly destinations: readonly Pick<WeightedDestination, 'cluster' | 'weight'>[];
  /** As the destination sees it. */
  readonly path: string;
  /** As the destination sees it; undefined for the name of the endpoint. */
  readonly authority: string | undefined;
  /** In milliseconds; 0 for none. */
  readonly timeout: number;
  readonly retries: Retries | undefined;
  readonly mirrors: readonly { readonly cluster: string; readonly percent: number }[];
  readonly edits: HeaderEdits;
  readonly faults: Faults | undefined;
}

export interface Redirect {
  readonly kind: 'redirect';
  readonly status: number;
  readonly location: string;
  readonly edits: HeaderEdits;
}

export interface DirectResponse {
  readonly kind: 'direct';
  readonly status: number;
  readonly body: string | Uint8Array;
  readonly edits: HeaderEdits;
  readonly faults: Faults | undefined;
}

/** A route takes the request, but nothing can come of it: the header that should name the cluster is missing. */
export interface NoCluster {
  readonly kind: 'no-cluster';
}

export type Outcome = Forward | Redirect | DirectResponse | NoCluster;

export type RouteResult =
  | { readonly kind: 'no-host' }
  | { readonly kind: 'no-route'; readonly virtualHost: HostParts }
  /** The virtual host wants TLS of every request; no route has been asked. */
  | { readonly kind: 'tls-required'; readonly virtualHost: HostParts; readonly location: string }
  | {
      readonly kind: 'route';
      readonly virtualHost: HostParts;
      readonly route: RouteParts;
      /** Where the route stands among those of its virtual host, from 0. */
      readonly index: number;
      readonly outcome: Outcome;
    };

/** A route that did not take the request, and the first of its conditions that does not hold. */
export interface Refusal {
  readonly virtualHost: HostParts;
  /** Where the route stands among those of its virtual host, from 0. */
  readonly index: number;
  readonly condition: string;
}

/** What a route does with the requests that it takes. */
export type CompiledAction =
  | {
      readonly kind: 'forward';
      readonly forwarding: Forwarding;
      readonly rewrite: PathRewrite;
      /** The route rewrites no path. */
      readonly keepsPath: boolean;
      /** Those of the route and of what is around it. */
      readonly commonEdits: HeaderEdits;
      /** Those of the destination with them. */
      edits(destination: WeightedDestination): HeaderEdits;
    }
  | {
      readonly kind: 'redirect';
      readonly status: number;
      location(request: RouteRequest): string;
      readonly edits: HeaderEdits;
    }
  | {
      readonly kind: 'direct';
      readonly status: number;
      readonly body: string | Uint8Array;
      readonly edits: HeaderEdits;
    };

export interface CompiledRoute {
  readonly route: RouteParts;
  readonly virtualHost: HostParts;
  readonly config: RouteConfiguration;
  /** Where the route stands among those of its virtual host, from 0. */
  readonly index: number;
  readonly match: CompiledMatch;
  readonly action: CompiledAction;
  readonly faults: FaultRule | undefined;
}

export interface CompiledHost {
  readonly virtualHost: HostParts;
  readonly routes: readonly CompiledRoute[];
}

/** A virtual host of a table: compiled when it is asked for first. */
export interface TableHost {
  readonly domains: readonly string[];
  /** Throws an `UnsupportedError` that names what is not understood, or a `SyntaxError` for a bad pattern. */
  readonly compiled: CompiledHost;
}

/** Which route takes a request. */
export type Found =
  | { readonly kind: 'no-host' }
  | { readonly kind: 'no-route'; readonly virtualHost: HostParts }
  | { readonly kind: 'tls-required'; readonly virtualHost: HostParts }
  | { readonly kind: 'route'; readonly compiled: CompiledRoute };

const NO_HOST: Found = { kind: 'no-host' };

const REDIRECT_STATUS: Readonly<Record<RedirectCode, number>> = {
  [RedirectCode.MOVED_PERMANENTLY]: 301,
  [RedirectCode.FOUND]: 302,
  [RedirectCode.SEE_OTHER]: 303,
  [RedirectCode.TEMPORARY_REDIRECT]: 307,
  [RedirectCode.PERMANENT_REDIRECT]: 308,
};

export class RouteTable {
  readonly #config: RouteConfiguration;
  readonly #hosts: VirtualHostIndex<TableHost>;

  /**
   * The virtual hosts are those of the configuration unless others are given. Throws an `UnsupportedError` that names
   * what is not understood, or a `SyntaxError` for a bad pattern.
   */
  constructor(config: RouteConfiguration, hosts: readonly TableHost[] = compiledHosts(config)) {
    if (config.vhds !== undefined) throw new UnsupportedError('vhds');
    checkDurations(`route configuration ${config.name}`, config);
    this.#config = config;
    this.#hosts = new VirtualHostIndex(hosts.map((host) => ({ domains: host.domains, host })));
  }

  /** Without its virtual hosts, where others were given. */
  get config(): RouteConfiguration {
    return this.#config;
  }

  /** The route that takes a request. */
  find(request: RouteRequest): Found {
    const host = this.#host(request);
    if (host === undefined) return NO_HOST;
    const { virtualHost } = host;
    if (wantsTls(virtualHost, request)) return { kind: 'tls-required', virtualHost };
    for (const compiled of host.routes) if (takes(compiled, request)) return { kind: 'route', compiled };
    return { kind: 'no-route', virtualHost };
  }

  /** What becomes of a request. */
  match(request: RouteRequest): RouteResult {
    const found = this.find(request);
    switch (found.kind) {
      case 'tls-required':
        return { ...found, location: overTls(request) };
      case 'route': {
        const { route, virtualHost, index } = found.compiled;
        return { kind: 'route', virtualHost, route, index, outcome: outcomeOf(found.compiled, request) };
      }
      default:
        return found;
    }
  }

  /** The routes that were asked before the one that takes the request, and why they do not. */
  refusals(request: RouteRequest): readonly Refusal[] {
    const refusals: Refusal[] = [];
    for (const { virtualHost, index, match } of this.#host(request)?.routes ?? []) {
      const failed = match.conditions.find((one) => !one.holds(request));
      if (failed === undefined) break;
      refusals.push({ virtualHost, index, condition: failed.description });
    }
    return refusals;
  }

  #host({ authority }: RouteRequest): CompiledHost | undefined {
    return this.#hosts.find(authority, this.#config.ignorePortInHostMatching)?.compiled;
  }
}

function wantsTls({ requireTls }: HostParts, request: RouteRequest): boolean {
  if (request.scheme === 'https' || requireTls === TlsRequirement.NONE) return false;
  return requireTls === TlsRequirement.ALL || headerValue(request, 'x-envoy-internal') !== 'true';
}

/** Where a request goes that has to come over TLS. */
export function overTls({ authority, path }: Pick<RouteRequest, 'authority' | 'path'>): string {
  return `https://${authority}${path}`;
}

function takes({ match: { conditions } }: CompiledRoute, request: RouteRequest): boolean {
  for (const condition of conditions) if (!condition.holds(request)) return false;
  return true;
}

function outcomeOf({ action, faults }: CompiledRoute, request: RouteRequest): Outcome {
  switch (action.kind) {
    case 'forward': {
      const { forwarding } = action;
      const chosen = forwarding.choose(request);
      if (chosen === undefined) return { kind: 'no-cluster' };
      const destinations = forwarding.destinations.length > 0 ? forwarding.destinations : [chosen];
      const { timeout, retries, mirrors } = forwarding;
      return {
        kind: 'forward',
        cluster: chosen.cluster,
        destinations: destinations.map(({ cluster, weight }) => ({ cluster, weight })),
        path: action.rewrite(request.path),
        authority: (chosen.host ?? forwarding.host)(request),
        timeout,
        retries,
        mirrors: mirrors.flatMap((mirror) => {
          const cluster = mirror.clusterFor(request);
          return cluster === undefined ? [] : [{ cluster, percent: mirror.percent }];
        }),
        edits: action.edits(chosen),
        faults: faults?.(request),
      };
    }
    case 'redirect':
      return {
        kind: 'redirect',
        status: action.status,
        location: action.location(request),
        edits: action.edits,
      };
    case 'direct':
      return {
        kind: 'direct',
        status: action.status,
        body: action.body,
        edits: action.edits,
        faults: faults?.(request),
      };
  }
}

function compiledHosts(config: RouteConfiguration): readonly TableHost[] {
  return config.virtualHosts.map((virtualHost) => ({
    domains: virtualHost.domains,
    compiled: compileHost(virtualHost, config),
  }));
}

/** Throws an `UnsupportedError` that names what is not understood, or a `SyntaxError` for a bad pattern. */
export function compileHost(virtualHost: VirtualHost, config: RouteConfiguration): CompiledHost {
  checkDurations(`virtual host ${virtualHost.name}`, virtualHost);
  const parts = hostParts(virtualHost);
  return { virtualHost: parts, routes: compileRoutes(virtualHost, parts, config) };
}

function compileRoutes(
  virtualHost: VirtualHost,
  parts: HostParts,
  config: RouteConfiguration,
): readonly CompiledRoute[] {
  if (virtualHost.matcher !== undefined) throw new UnsupportedError('virtual_hosts.matcher');
  if (virtualHost.cors !== undefined) throw new UnsupportedError('virtual_hosts.cors');
  return virtualHost.routes.map((route, index) => ({
    ...compileRoute(route, virtualHost, config),
    virtualHost: parts,
    index,
  }));
}

function compileRoute(
  route: Route,
  virtualHost: VirtualHost,
  config: RouteConfiguration,
): Omit<CompiledRoute, 'virtualHost' | 'index'> {
  if (route.match === undefined) throw new UnsupportedError('a route without a match');
  const match = compileMatch(route.match, config.ignorePathParametersInPathMatching);
  // What is nearest to the destination comes first, unless the configuration turns that around.
  const levels = [route, virtualHost, config].map(editsOf);
  const editsFrom = (own: HeaderEdits | undefined): HeaderEdits => {
    const all = own === undefined ? levels : [own, ...levels];
    return joinEdits(config.mostSpecificHeaderMutationsWins ? all.toReversed() : all);
  };
  const faults = compileFaults([
    route.typedPerFilterConfig,
    virtualHost.typedPerFilterConfig,
    config.typedPerFilterConfig,
  ]);
  const action = compileAction(route, match, editsFrom, virtualHost, config);
  return { route: routeParts(route), config, match, action, faults };
}

function compileAction(
  { action }: Route,
  match: CompiledMatch,
  editsFrom: (own: HeaderEdits | undefined) => HeaderEdits,
  virtualHost: VirtualHost,
  config: RouteConfiguration,
): CompiledAction {
  switch (action.case) {
    case 'route': {
      const forwarding = compileForwarding(action.value, {
        retries: virtualHost.retryPolicy,
        mirrors:
          virtualHost.requestMirrorPolicies.length > 0
            ? virtualHost.requestMirrorPolicies
            : config.requestMirrorPolicies,
        hedging: virtualHost.hedgePolicy,
      });
      const common = editsFrom(undefined);
      const { prefixRewrite, regexRewrite } = action.value;
      return {
        kind: 'forward',
        forwarding,
        rewrite: compilePathRewrite(action.value, match.path),
        keepsPath: prefixRewrite === '' && regexRewrite === undefined,
        commonEdits: common,
        edits: (destination) => (destination.edits === undefined ? common : editsFrom(destination.edits)),
      };
    }
    case 'redirect': {
      const status = REDIRECT_STATUS[action.value.responseCode] ?? 301;
      const location = compileLocation(action.value, match.path);
      return { kind: 'redirect', status, location, edits: editsFrom(undefined) };
    }
    case 'directResponse': {
      const { status, body } = action.value;
      if (status < 200 || status > 599)
        throw new InvalidConfigError('direct_response.status', `${status} is not from 200 to 599`);
      const source = body?.specifier;
      if (source?.case !== undefined && source.case !== 'inlineString' && source.case !== 'inlineBytes') {
        throw new UnsupportedError(`direct_response.body.${source.case}`);
      }
      return { kind: 'direct', status, body: source?.value ?? '', edits: editsFrom(undefined) };
    }
    default:
      throw new UnsupportedError(action.case === undefined ? 'a route without an action' : action.case);
  }
}
