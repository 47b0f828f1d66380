/** Who answers: which kinds of backends the mesh knows, how they are named, and their weights. */

import type { BackendObjectReference } from '../../../api/generated/types/gateway.networking.k8s.io/HTTPRoute.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { RuleReport } from '../rule.ts';
import { checkAllowedKind } from './group-kind.ts';

const BACKENDS = [
  'core/Service',
  'networking.istio.io/Hostname',
  'multicluster.x-k8s.io/ServiceImport',
  'inference.networking.k8s.io/InferencePool',
  'gateway.networking.x-k8s.io/XBackend',
];

interface WeightedReference extends BackendObjectReference {
  readonly weight?: number;
}

/** Checks each backend of a rule, and that one of them gets traffic. `path` is that of the list. */
export function checkBackends(
  report: RuleReport,
  path: FieldPath,
  backends: readonly WeightedReference[] | undefined,
): void {
  for (const [index, backend] of (backends ?? []).entries()) checkBackend(report, [...path, index], backend);
  if (backends !== undefined && backends.length > 0 && backends.every(({ weight }) => weight === 0)) {
    report.warn(path, 'every backend has weight 0, so no request gets an answer', {
      hint: 'Give at least one backend a weight above 0, or leave weight out.',
    });
  }
}

/** Checks one backend. */
export function checkBackend(
  report: RuleReport,
  path: FieldPath,
  backend: BackendObjectReference | undefined,
): void {
  if (backend === undefined) return;
  const { group = '', kind = 'Service', name = '', namespace, port } = backend;
  checkAllowedKind(report, path, { group, kind }, BACKENDS);
  if (group === '' && kind === 'Service' && name.includes('.')) {
    report.error([...path, 'name'], `"${name}" is a host; a Service is named by its own name`, {
      hint: 'Write the name, and namespace beside it; for a host use group networking.istio.io and kind Hostname.',
    });
  }
  if (group === 'networking.istio.io' && kind === 'Hostname') {
    if (namespace !== undefined) {
      report.error([...path, 'namespace'], 'a Hostname belongs to no namespace; remove namespace');
    }
    if (port === undefined) {
      report.error([...path, 'port'], 'a Hostname needs a port', { check: 'MissingField' });
    }
  }
}
