/** Rules of EnvoyFilter. https://istio.io/latest/docs/reference/config/networking/envoy-filter/ */

import type {
  EnvoyConfigObjectPatch,
  EnvoyFilter,
  Filter,
  PolicyTargetReference,
} from '../../../api/generated/types/networking.istio.io/EnvoyFilter.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { KindRules, RuleReport } from '../rule.ts';
import { checkMatch } from './envoy-match.ts';
import { checkEnvoyMessage } from './envoy-value.ts';
import { checkSelector } from '../workload-selector.ts';

export const kinds = ['networking.istio.io/EnvoyFilter'] as const;

/** What the value of a patch is. */
const MESSAGE_OF: Readonly<Record<string, string>> = {
  CLUSTER: 'envoy.config.cluster.v3.Cluster',
  LISTENER: 'envoy.config.listener.v3.Listener',
  ROUTE_CONFIGURATION: 'envoy.config.route.v3.RouteConfiguration',
  FILTER_CHAIN: 'envoy.config.listener.v3.FilterChain',
  HTTP_FILTER: 'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter',
  NETWORK_FILTER: 'envoy.config.listener.v3.Filter',
  VIRTUAL_HOST: 'envoy.config.route.v3.VirtualHost',
  HTTP_ROUTE: 'envoy.config.route.v3.Route',
  EXTENSION_CONFIG: 'envoy.config.core.v3.TypedExtensionConfig',
  BOOTSTRAP: 'envoy.config.bootstrap.v3.Bootstrap',
  LISTENER_FILTER: 'envoy.config.listener.v3.ListenerFilter',
};

const TARGETS = new Set([
  '/Service',
  'core/Service',
  'networking.istio.io/ServiceEntry',
  'gateway.networking.k8s.io/Gateway',
  'gateway.networking.k8s.io/GatewayClass',
]);
const MISSING = { check: 'MissingField' } as const;

export const rules: KindRules<EnvoyFilter> = (object, report) => {
  const { workloadSelector, targetRefs, configPatches, filters } = object.value.spec ?? {};
  if (workloadSelector !== undefined) {
    checkSelector(report, ['spec', 'workloadSelector'], workloadSelector.labels, 'labels');
    if (targetRefs !== undefined) {
      report.error(['spec', 'targetRefs'], 'targetRefs and workloadSelector exclude each other: keep one', {
        check: 'ExclusiveFields',
      });
    }
  }
  for (const [index, target] of (targetRefs ?? []).entries())
    checkTarget(report, ['spec', 'targetRefs', index], target);
  for (const [index, patch] of (configPatches ?? []).entries()) {
    const path = ['spec', 'configPatches', index];
    if (patch.match?.context === 'WAYPOINT') checkWaypointPatch(report, path, patch);
    else checkPatch(report, path, patch);
  }
  for (const [index, filter] of (filters ?? []).entries())
    checkOldFilter(report, ['spec', 'filters', index], filter);
};

function checkTarget(report: RuleReport, path: FieldPath, target: PolicyTargetReference): void {
  if ((target.namespace ?? '') !== '') {
    report.error([...path, 'namespace'], 'objects of other namespaces cannot be named: remove the namespace');
  }
  if (target.kind === undefined || TARGETS.has(`${target.group ?? ''}/${target.kind}`)) return;
  report.warn(
    [...path, 'kind'],
    `${target.group ?? ''}/${target.kind} is nothing that patches can apply to`,
    {
      hint: 'Name a Gateway, GatewayClass, Service or ServiceEntry, with its group.',
    },
  );
}

function checkPatch(
  report: RuleReport,
  path: FieldPath,
  { applyTo, match, patch }: EnvoyConfigObjectPatch,
): void {
  if (applyTo === undefined) {
    report.error([...path, 'applyTo'], 'a patch must say what it applies to', MISSING);
    return;
  }
  if (patch === undefined) {
    report.error([...path, 'patch'], 'there is no patch: write an operation and a value', MISSING);
  } else if (patch.operation === undefined) {
    report.error([...path, 'patch', 'operation'], 'a patch needs an operation, such as MERGE', MISSING);
  } else if (patch.operation !== 'REMOVE' && patch.value === undefined) {
    report.error([...path, 'patch', 'value'], `operation ${patch.operation} needs a value`, MISSING);
  }
  if (match !== undefined) {
    checkMatch(report, [...path, 'match'], match, applyTo);
    if (match.waypoint !== undefined) reportWaypoint(report, path);
  }
  checkPatchValue(report, path, applyTo, patch?.value);
}

/** In a waypoint a patch may be incomplete: it then does nothing. */
function checkWaypointPatch(
  report: RuleReport,
  path: FieldPath,
  { applyTo, match, patch }: EnvoyConfigObjectPatch,
): void {
  if (match?.waypoint === undefined) reportWaypoint(report, path);
  checkPatchValue(report, path, applyTo ?? '', patch?.value);
}

function reportWaypoint(report: RuleReport, path: FieldPath): void {
  report.error(
    [...path, 'match'],
    'context WAYPOINT and a match on waypoint go together: set both or neither',
  );
}

function checkPatchValue(report: RuleReport, path: FieldPath, applyTo: string, value: unknown): void {
  const message = Object.hasOwn(MESSAGE_OF, applyTo) ? MESSAGE_OF[applyTo] : undefined;
  if (message !== undefined && value !== undefined)
    checkEnvoyMessage(report, [...path, 'patch', 'value'], message, value);
}

/** The form of release 1.2 and before, which 1.4 still took. */
function checkOldFilter(report: RuleReport, path: FieldPath, filter: Filter): void {
  const {
    insertPosition: { index, relativeTo = '' } = {},
    filterType,
    filterName = '',
    filterConfig,
  } = filter;
  if ((index === 'BEFORE' || index === 'AFTER') && relativeTo === '') {
    report.error(
      [...path, 'insertPosition', 'relativeTo'],
      `index ${index} needs the name of another filter`,
      MISSING,
    );
  }
  if (filterType === undefined)
    report.error([...path, 'filterType'], 'a filter needs a type: HTTP or NETWORK', MISSING);
  if (filterName === '') report.error([...path, 'filterName'], 'a filter needs a name', MISSING);
  if (filterConfig === undefined)
    report.error([...path, 'filterConfig'], 'a filter needs a configuration', MISSING);
}
