/** What the API server asks of `metadata`, whatever the kind. */

import {
  dnsLabelNameProblem,
  dnsSubdomainNameProblem,
  labelValueNameProblem,
  qualifiedNameProblem,
} from '../../base/kubernetes-names.ts';
import { nearestName } from '../../base/nearest.ts';
import type { MeshObject } from '../object.ts';
import type { RuleReport } from '../rules/rule.ts';
import { checkReservedAnnotations } from './reserved-annotations.ts';

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/ and what it once had. */
const FIELDS = new Set([
  'annotations',
  'clusterName',
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'finalizers',
  'generateName',
  'generation',
  'initializers',
  'labels',
  'managedFields',
  'name',
  'namespace',
  'ownerReferences',
  'resourceVersion',
  'selfLink',
  'uid',
]);

/** Bytes of all annotations of an object together. */
const MAX_ANNOTATIONS = 256 * 1024;

/**
 * Reports a missing or malformed name, namespace, label or annotation. Types are the schema's to check: what
 * has the wrong one is passed over here.
 */
export function checkMetadata(object: MeshObject, report: RuleReport): void {
  const metadata = object.value['metadata'];
  if (metadata === undefined) {
    report.error(['metadata'], 'the object has no metadata, so it has no name', { check: 'BadMetadata' });
    return;
  }
  if (!isMapping(metadata)) return;
  for (const field of Object.keys(metadata)) {
    if (FIELDS.has(field)) continue;
    const nearest = nearestName(field, FIELDS);
    report.error(['metadata', field], `unknown field "${field}"`, {
      check: 'UnknownField',
      hint:
        nearest === undefined ? 'Fields of the kind itself belong in spec.' : `Did you mean "${nearest}"?`,
    });
  }
  checkName(object, metadata, report);
  checkLabels(metadata['labels'], report);
  checkAnnotations(metadata['annotations'], report);
  checkReservedAnnotations(object, report);
}

function checkName(
  object: MeshObject,
  metadata: Readonly<Record<string, unknown>>,
  report: RuleReport,
): void {
  const { name, generateName, namespace } = metadata;
  if (typeof name === 'string' && name !== '') {
    const problem = nameProblem(object, name);
    if (problem !== undefined) bad(report, 'name', `the name "${name}" ${problem}`);
  } else if ((name === undefined || name === '') && (generateName === undefined || generateName === '')) {
    bad(report, 'name', 'the object has no name');
  } else if (typeof generateName === 'string') {
    // The server adds letters, so a dash at the end is not the last character.
    const problem = nameProblem(object, `${generateName.slice(0, 247)}x`);
    if (problem !== undefined)
      bad(report, 'generateName', `the name's beginning "${generateName}" ${problem}`);
  }
  if (typeof namespace === 'string' && namespace !== '') {
    const problem = dnsLabelNameProblem(namespace);
    if (problem !== undefined) bad(report, 'namespace', `the namespace "${namespace}" ${problem}`);
  }
}

/** Kubernetes' own kinds each have a rule of their own; only the strict and well-known ones are checked. */
function nameProblem(object: MeshObject, name: string): string | undefined {
  if (object.key === 'core/Namespace') return dnsLabelNameProblem(name);
  if (object.info?.external !== false) return undefined;
  return dnsSubdomainNameProblem(name);
}

function bad(report: RuleReport, field: string, message: string): void {
  report.error(['metadata', field], message, { check: 'BadMetadata' });
}

function checkLabels(labels: unknown, report: RuleReport): void {
  if (!isMapping(labels)) return;
  for (const [key, value] of Object.entries(labels)) {
    const keyProblem = qualifiedNameProblem(key);
    const valueProblem = typeof value === 'string' ? labelValueNameProblem(value) : undefined;
    const path = ['metadata', 'labels', key];
    if (keyProblem !== undefined)
      report.error(path, `the label's key "${key}" ${keyProblem}`, { check: 'BadMetadata' });
    if (valueProblem !== undefined) {
      report.error(path, `the label's value "${String(value)}" ${valueProblem}`, { check: 'BadMetadata' });
    }
  }
}

function checkAnnotations(annotations: unknown, report: RuleReport): void {
  if (!isMapping(annotations)) return;
  let size = 0;
  for (const [key, value] of Object.entries(annotations)) {
    const problem = qualifiedNameProblem(key.toLowerCase());
    if (problem !== undefined) {
      const message = `the annotation's key "${key}" ${problem}`;
      report.error(['metadata', 'annotations', key], message, { check: 'BadMetadata' });
    }
    size += key.length + (typeof value === 'string' ? value.length : 0);
  }
  if (size > MAX_ANNOTATIONS) {
    const message = `the annotations have ${size} characters, more than the ${MAX_ANNOTATIONS} allowed`;
    report.error(['metadata', 'annotations'], message, { check: 'BadMetadata' });
  }
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
