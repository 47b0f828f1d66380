/** Checks where traffic is sent to: destinations and their weights. */

import type {
  Destination,
  HTTPRouteDestination,
  RouteDestination,
} from '../../../api/generated/types/networking.istio.io/VirtualService.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import { wildcardDomainProblem } from '../../../base/hostname.ts';
import { isDnsLabel } from '../../../base/labels.ts';
import type { RuleReport } from '../rule.ts';

/** A host that is no bare wildcard, a subset that is a DNS label, a port with a number. */
export function checkDestination(
  report: RuleReport,
  path: FieldPath,
  destination: Destination | undefined,
): void {
  if (destination === undefined) return;
  const { host, subset, port } = destination;
  if (host === '*') {
    report.error([...path, 'host'], '"*" is no destination; name a service');
  } else if (host !== undefined) {
    const problem = wildcardDomainProblem(host);
    if (problem !== undefined) report.error([...path, 'host'], `"${host}" ${problem}`);
  }
  if (subset !== undefined && subset !== '') checkSubsetName(report, [...path, 'subset'], subset);
  if (port !== undefined && port.number === undefined) {
    report.error([...path, 'port'], 'must have a number, or be left out', { check: 'MissingField' });
  }
}

/** The name of a subset, as routes and DestinationRules write it. */
export function checkSubsetName(report: RuleReport, path: FieldPath, name: string): void {
  if (name === '') report.error(path, 'must not be empty');
  else if (!isDnsLabel(name)) {
    report.error(path, `"${name}" must be letters, digits and inner dashes, 63 characters at most`);
  }
}

/**
 * The destinations of a route. Weights are relative, but with several destinations one must be above 0.
 * `generated`: the object was made from a Gateway API route, whose hosts the controller chose.
 */
export function checkRouteDestinations(
  report: RuleReport,
  path: FieldPath,
  route: readonly (HTTPRouteDestination | RouteDestination)[] | undefined,
  generated: boolean,
): void {
  if (route === undefined) return;
  if (!generated) {
    for (const [index, { destination }] of route.entries()) {
      checkDestination(report, [...path, index, 'destination'], destination);
    }
  }
  if (route.length > 1 && route.every(({ weight = 0 }) => weight === 0)) {
    report.error(path, 'all weights are 0, so that no destination gets traffic; give one a weight above 0');
  }
}
