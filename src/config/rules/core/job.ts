/** Rules of Jobs and CronJobs: labels and ports of their pods. Short-lived pods need no version. */

import type { CronJob } from '../../../api/generated/types/batch/CronJob.ts';
import type { Job, JobSpec } from '../../../api/generated/types/batch/Job.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { KindRules, RuleReport } from '../rule.ts';
import { checkLabels, checkLabelSelector } from './label-selector.ts';
import { checkPodPorts } from './pod-ports.ts';

export const kinds = ['batch/Job', 'batch/CronJob'] as const;

export const rules: KindRules<Job | CronJob> = (object, report) => {
  const spec = object.value.spec;
  if (spec === undefined) return;
  if (object.kind === 'CronJob') {
    const { jobTemplate } = spec as NonNullable<CronJob['spec']>;
    checkJob(report, ['spec', 'jobTemplate', 'spec'], jobTemplate?.spec);
  } else checkJob(report, ['spec'], spec as JobSpec);
};

function checkJob(report: RuleReport, path: FieldPath, job: JobSpec | undefined): void {
  checkLabelSelector(report, [...path, 'selector'], job?.selector);
  checkLabels(report, [...path, 'template', 'metadata', 'labels'], job?.template?.metadata?.labels);
  checkPodPorts(report, [...path, 'template', 'spec'], job?.template?.spec);
}
