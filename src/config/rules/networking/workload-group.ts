/** Rules of WorkloadGroup. https://istio.io/latest/docs/reference/config/networking/workload-group/ */

import type {
  ReadinessProbe,
  WorkloadGroup,
} from '../../../api/generated/types/networking.istio.io/WorkloadGroup.ts';
import type { KindRules, RuleReport } from '../rule.ts';
import { checkLabels } from './label-map.ts';
import { checkPorts, checkSocket } from './workload-fields.ts';

export const kinds = ['networking.istio.io/WorkloadGroup'] as const;

export const rules: KindRules<WorkloadGroup> = (object, report) => {
  const { spec } = object.value;
  checkLabels(report, ['spec', 'metadata', 'labels'], spec?.metadata?.labels);
  if (spec?.template !== undefined) {
    // The address comes from the workload when it joins, so that it may be absent here.
    const path = ['spec', 'template'];
    checkSocket(report, path, spec.template);
    checkPorts(report, [...path, 'ports'], spec.template.ports, undefined);
  }
  if (spec?.probe !== undefined) checkProbe(report, spec.probe);
};

/** What the schema leaves: it has the ranges of numbers and that there is exactly one method. */
function checkProbe(report: RuleReport, probe: ReadinessProbe): void {
  const path = ['spec', 'probe'];
  const missing = { check: 'MissingField' } as const;
  for (const [index, header] of (probe.httpGet?.httpHeaders ?? []).entries()) {
    if (header.name !== undefined) continue;
    report.error([...path, 'httpGet', 'httpHeaders', index, 'name'], 'a header needs a name', missing);
  }
  if (probe.exec?.command?.length === 0)
    report.error([...path, 'exec', 'command'], 'a command is needed', missing);
  if (probe.grpc !== undefined && probe.grpc.port === undefined) {
    report.error([...path, 'grpc', 'port'], 'a port is needed', missing);
  }
}
