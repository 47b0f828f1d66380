/** Suppressions: findings that somebody has looked at and accepted, by flag, annotation or file. */

import type { Message } from './message.ts';
import { type MeshObject, objectName } from '../config/object.ts';

export interface Suppression {
  /** A message code, or `*`. */
  readonly code: string;
  /** Glob over `Kind namespace/name` or the older `Kind name.namespace`; undefined is every object. */
  readonly resource?: string;
  readonly reason?: string;
  /** Where it was said, for warnings: `--suppress …`, or file:line of the configuration file. */
  readonly origin: string;
}

export interface SuppressionResult {
  readonly kept: readonly Message[];
  readonly suppressed: readonly Message[];
  /** Suppressions that matched nothing: out of date, or mistyped. */
  readonly unused: readonly Suppression[];
}

/** Istio's annotation on an object: codes between commas, or `*`. */
export const SUPPRESS_ANNOTATION = 'galley.istio.io/analyze-suppress';

/** Sorts messages into kept and suppressed. `namespaceOf` gives an object's effective namespace. */
export function suppress(
  messages: readonly Message[],
  suppressions: readonly Suppression[],
  namespaceOf: (object: MeshObject) => string,
): SuppressionResult {
  const used = new Set<Suppression>();
  const kept: Message[] = [];
  const suppressed: Message[] = [];
  for (const message of messages) {
    const hits = suppressions.filter((suppression) => applies(suppression, message, namespaceOf));
    for (const hit of hits) used.add(hit);
    if (hits.length > 0 || isSuppressedByAnnotation(message)) suppressed.push(message);
    else kept.push(message);
  }
  return { kept, suppressed, unused: suppressions.filter((suppression) => !used.has(suppression)) };
}

function isSuppressedByAnnotation(message: Message): boolean {
  const codes = message.object?.meta.annotations[SUPPRESS_ANNOTATION];
  if (codes === undefined) return false;
  return codes.split(',').some((code) => code.trim() === '*' || code.trim() === message.type.code);
}

function applies(
  suppression: Suppression,
  message: Message,
  namespaceOf: (object: MeshObject) => string,
): boolean {
  if (suppression.code !== '*' && suppression.code !== message.type.code) return false;
  if (suppression.resource === undefined) return true;
  if (message.object === undefined) return false;
  const { kind, meta } = message.object;
  const namespace = namespaceOf(message.object);
  const names = [
    objectName(message.object),
    `${kind} ${namespace}/${meta.name}`,
    `${kind} ${meta.name}.${namespace}`,
  ];
  return names.some((name) => globMatches(suppression.resource ?? '', name));
}

/** `*` stands for any run of characters; all else for itself. Linear in the text for each `*`. */
export function globMatches(glob: string, text: string): boolean {
  const parts = glob.split('*');
  const first = parts[0] ?? '';
  if (parts.length === 1) return glob === text;
  const last = parts[parts.length - 1] ?? '';
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length)
    return false;
  let from = first.length;
  const end = text.length - last.length;
  for (const part of parts.slice(1, -1)) {
    const at = text.indexOf(part, from);
    if (at < 0 || at + part.length > end) return false;
    from = at + part.length;
  }
  return true;
}
