/** The VirtualServices that have to do with a service, and which of their routes lead to it. */

import { MESH_GATEWAY } from '../../model/gateways.ts';
import { hostCovers } from '../../model/hosts.ts';
import type { MeshService } from '../../model/services.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { HttpMatch, HttpRoute, VirtualService } from '../../model/virtual-services.ts';
import { isVisibleFrom } from '../../model/visibility.ts';
import type { RuleDescription } from './destination-rule.ts';

export interface RouteDescription {
  readonly name: string;
  readonly namespace: string;
  readonly gateways: readonly string[];
  readonly hosts: readonly string[];
  /** What leads to the service, a text each. */
  readonly routes: readonly string[];
  /** Routes to subsets that there are not, or that the workload is not in. */
  readonly warnings: readonly string[];
  /** Rules that lead elsewhere. */
  readonly otherRoutes: number;
}

/** Those that name the service as a host or as a destination. */
export function describeRoutes(
  snapshot: Snapshot,
  service: MeshService,
  rule: RuleDescription | undefined,
): readonly RouteDescription[] {
  return snapshot.virtualServices
    .filter((one) => isVisibleFrom(one.visibility, service.namespace))
    .map((one) => describeOne(one, service, rule))
    .filter((described) => described !== undefined);
}

function describeOne(
  virtualService: VirtualService,
  service: MeshService,
  rule: RuleDescription | undefined,
): RouteDescription | undefined {
  const { name, namespace, gateways, hosts, http, tls, tcp } = virtualService;
  const routes: string[] = [];
  const warnings: string[] = [];
  let otherRoutes = 0;
  for (const route of http) {
    const parts = partsTo(route, service.hostname);
    const wrong = parts.flatMap(({ subset }) => subsetProblem(subset, rule));
    if (parts.length === 0) otherRoutes++;
    else if (wrong.length === parts.length) {
      const isFine = parts.every(({ subset }) => rule?.otherSubsets.includes(subset));
      const told = wrong.map((text) => `${text} (${matchText(route)})`);
      (isFine ? routes : warnings).push(...told);
    } else routes.push(routeText(route, parts));
  }
  for (const route of [...tls, ...tcp]) {
    const leads = (route.route ?? []).some(({ destination }) => destination?.host === service.hostname);
    if (leads) routes.push(`Route to host "${service.hostname}"`);
    else otherRoutes++;
  }
  const isNamed = hosts.some((host) => hostCovers(host, service.hostname));
  if (routes.length === 0 && warnings.length === 0 && !isNamed) return undefined;
  return { name, namespace, gateways, hosts, routes, warnings, otherRoutes };
}

interface Part {
  readonly subset: string;
  readonly weight: number;
}

function partsTo({ route = [] }: HttpRoute, host: string): readonly Part[] {
  return route
    .filter(({ destination }) => destination?.host === host)
    .map(({ destination, weight }) => ({
      subset: destination?.subset ?? '',
      weight: weight ?? (route.length === 1 ? 100 : 0),
    }));
}

function subsetProblem(subset: string, rule: RuleDescription | undefined): readonly string[] {
  if (subset === '') return [];
  if (rule === undefined) return [`Route to subset ${subset} but NO DESTINATION RULE defining subsets!`];
  if (rule.otherSubsets.includes(subset)) return [`Route to non-matching subset ${subset}`];
  if (rule.matchingSubsets.includes(subset)) return [];
  return [`Route to UNKNOWN subset ${subset}; check DestinationRule ${rule.name}`];
}

function routeText(route: HttpRoute, parts: readonly Part[]): string {
  const { route: all = [] } = route;
  const total = all.reduce((sum, { weight }) => sum + (weight ?? 0), 0);
  const told = parts.map(({ subset, weight }) => {
    const share =
      total === 0 ? Math.round(100 / Math.max(1, all.length)) : Math.round((weight * 100) / total);
    return `${subset === '' ? '' : `subset "${subset}" `}with weight ${share}%`;
  });
  const host = all.find(({ destination }) => destination !== undefined)?.destination?.host ?? '';
  const fault = route.fault === undefined ? '' : ', with fault injection';
  return `Route to host "${host}" ${told.join(' and ')}${fault}, ${matchText(route)}`;
}

/** `Match: /v1*, when headers are a=b`; `everything` without conditions. */
function matchText({ match = [] }: HttpRoute): string {
  return match.length === 0 ? 'everything' : match.map(oneMatch).join(' or ');
}

function oneMatch(match: HttpMatch): string {
  const headers = Object.entries(match.headers ?? {}).map(([name, value]) => `${name}${stringMatch(value)}`);
  const parts = [
    ...(match.uri === undefined ? [] : [stringMatch(match.uri).replace(/^=/, '')]),
    ...(match.method === undefined ? [] : [`method ${stringMatch(match.method).replace(/^=/, '')}`]),
    ...(headers.length === 0 ? [] : [`when headers are ${headers.join('; ')}`]),
    ...((match.gateways ?? []).includes(MESH_GATEWAY) ? ['inside of the mesh'] : []),
  ];
  return parts.length === 0 ? 'everything' : `Match: ${parts.join(' ')}`;
}

function stringMatch(match: { exact?: string; prefix?: string; regex?: string }): string {
  if (match.exact !== undefined) return `=${match.exact}`;
  if (match.prefix !== undefined) return `=${match.prefix}*`;
  return match.regex === undefined ? '' : `~${match.regex}`;
}
