/** Reports routes and matches of a VirtualService that no traffic ever reaches. */

import type { VirtualServiceSpec } from '../../../api/generated/types/networking.istio.io/VirtualService.ts';
import type { RuleReport } from '../rule.ts';
import { findUnused } from './unreachable.ts';
import type { RouteList } from './unreachable.ts';

/** One warning each, at the route or the match. */
export function reportUnreachable(report: RuleReport, spec: VirtualServiceSpec): void {
  for (const unused of findUnused(spec)) {
    const path = ['spec', unused.list, unused.route];
    if (unused.kind === 'route') {
      const earlier = routeName(spec, unused.list, unused.by);
      const message =
        unused.reason === 'takes-all-before'
          ? `is never used: ${earlier} has no match, so it takes everything; put it last`
          : `is never used: earlier routes, the last of them ${earlier}, have the same matches; remove it or change them`;
      report.warn(path, message, { check: 'UnreachableRule' });
    } else {
      const { by } = unused;
      const earlier =
        by.route === unused.route
          ? `${matchName(spec, unused.list, by.route, by.match)} of the same route`
          : `${matchName(spec, unused.list, by.route, by.match)} of ${routeName(spec, unused.list, by.route)}`;
      const message =
        unused.reason === 'duplicate'
          ? `is never used: ${earlier} is the same; remove one`
          : `is never used: ${earlier} takes all that it would; put the narrower match first`;
      report.warn([...path, 'match', unused.match], message, { check: 'IneffectiveMatch' });
    }
  }
}

function routeName(spec: VirtualServiceSpec, list: RouteList, index: number): string {
  const name = list === 'http' ? spec.http?.[index]?.name : undefined;
  return name === undefined || name === '' ? `${list}[${index}]` : `"${name}"`;
}

function matchName(spec: VirtualServiceSpec, list: RouteList, route: number, index: number): string {
  const name = list === 'http' ? spec.http?.[route]?.match?.[index]?.name : undefined;
  return name === undefined || name === '' ? `match[${index}]` : `match "${name}"`;
}
