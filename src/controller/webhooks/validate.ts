/** The webhook `/validate`: objects of the mesh under the checks of `mesh validate`. */

import { formatFieldPath } from '../../base/field-path.ts';
import type { Finding } from '../../config/finding.ts';
import { readObjects } from '../../config/parse/objects.ts';
import { validate } from '../../config/validate.ts';
import type { AdmissionRequest, Verdict } from './review.ts';

/** Errors that an answer names. */
const MAX_NAMED = 10;

/**
 * Whether the object may be. Names that it uses of others are not looked up, for these may come later.
 * `rootNamespace` is that of mesh-wide policies.
 */
export async function validateReview(request: AdmissionRequest, rootNamespace: string): Promise<Verdict> {
  const { object, namespace, operation } = request;
  if (operation === 'DELETE') return { allowed: true };
  if (object === undefined) return refused('the review has no object');
  const { managedFields: _managed, ...metadata } = fieldsOf(object['metadata']);
  const source = { file: '-', line: 1, locate: () => ({ line: 1, column: 1 }) };
  const reading = readObjects({ ...object, metadata }, true, () => source);
  if (reading.is !== 'objects') return refused('the object has no kind and apiVersion that can be read');
  const defaultNamespace = namespace === '' ? 'default' : namespace;
  const checked = await validate(reading.objects, { referential: false, defaultNamespace, rootNamespace });
  const findings = checked.flatMap((one) => one.findings);
  const errors = findings.filter(({ level }) => level === 'Error').map(textOf);
  if (errors.length === 0) return { allowed: true, warnings: findings.map(textOf) };
  const more = errors.length > MAX_NAMED ? [`and ${errors.length - MAX_NAMED} more`] : [];
  return refused([...errors.slice(0, MAX_NAMED), ...more].join('; '));
}

function refused(message: string): Verdict {
  return { allowed: false, code: 400, message };
}

function textOf({ path, message, hint }: Finding): string {
  const place = path.length === 0 ? '' : `${formatFieldPath(path)}: `;
  return `${place}${message}${hint === undefined ? '' : ` (${hint})`}`;
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
