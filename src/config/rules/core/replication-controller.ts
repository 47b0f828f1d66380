/** Rules of workloads whose selector is a plain map: ReplicationController, OpenShift DeploymentConfig. */

import type { DeploymentConfig } from '../../../api/generated/types/apps.openshift.io/DeploymentConfig.ts';
import type { ReplicationController } from '../../../api/generated/types/core/ReplicationController.ts';
import { matchesLabels } from '../../../base/label-selector.ts';
import type { KindRules } from '../rule.ts';
import { checkLabels } from './label-selector.ts';
import { checkTemplate } from './workload.ts';

export const kinds = ['core/ReplicationController', 'apps.openshift.io/DeploymentConfig'] as const;

export const rules: KindRules<ReplicationController | DeploymentConfig> = (object, report, context) => {
  const { selector, template } = object.value.spec ?? {};
  checkLabels(report, ['spec', 'selector'], selector);
  checkTemplate(
    report,
    template,
    (object.meta.namespace ?? context.defaultNamespace) === context.rootNamespace,
  );
  if (selector === undefined || template === undefined) return;
  if (matchesLabels(selector, template.metadata?.labels ?? {})) return;
  report.error(
    ['spec', 'selector'],
    'the selector does not choose the pods of the template, by their labels',
    {
      hint: 'Give spec.template.metadata.labels the labels that spec.selector asks for.',
    },
  );
};
