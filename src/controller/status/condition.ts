/** What an object's status says of it: whether it is in force, and if not, why, in the words of who refuses it. */

import { printable } from '../../base/printable.ts';
import type { Rejection } from '../../config/admission.ts';
import type { ObjectProblem } from '../debug/object-problems.ts';

/** A condition as Kubernetes writes it, of Istio's type for it. */
export interface Condition {
  readonly type: 'Reconciled';
  readonly status: 'True' | 'False';
  readonly reason: 'InForce' | 'Invalid' | 'NotInForce' | 'RefusedByProxies';
  readonly message: string;
  readonly observedGeneration?: number;
  readonly lastTransitionTime: string;
}

/** What is said, without since when. */
export type Verdict = Pick<Condition, 'status' | 'reason' | 'message'>;

/** Proxies that are named in one message. */
const NAMED = 3;

const IN_FORCE: Verdict = { status: 'True', reason: 'InForce', message: 'In force; no proxy refuses it.' };

/** Of an object that is in force, with what is wrong with it. */
export function verdictOf(problems: readonly ObjectProblem[]): Verdict {
  if (problems.length === 0) return IN_FORCE;
  const refused = problems.filter(({ proxies }) => proxies !== undefined);
  return {
    status: 'False',
    reason: refused.length > 0 ? 'RefusedByProxies' : 'NotInForce',
    message: joined([...refused, ...problems.filter((one) => !refused.includes(one))].map(sentence)),
  };
}

/** Of an object that is set aside; what it said before, if anything, stays in force. */
export function verdictOfRejection({ errors }: Pick<Rejection, 'errors'>): Verdict {
  return { status: 'False', reason: 'Invalid', message: joined([...errors]) };
}

function sentence({ message, resource, proxies = [] }: ObjectProblem): string {
  if (resource === undefined) return message;
  const others = proxies.length - NAMED;
  const names = proxies.toSorted().slice(0, NAMED).join(', ') + (others > 0 ? ` and ${others} more` : '');
  return `${names}: ${resource} is refused: ${message.trim()}`;
}

function joined(sentences: readonly string[]): string {
  return printable(sentences.toSorted().join(' | '));
}

/** Whether what an object says of itself already is the verdict, on this generation of it. */
export function says(status: unknown, verdict: Verdict, generation: number | undefined): boolean {
  const own = conditionsIn(status).find(({ type }) => type === 'Reconciled');
  return (
    own !== undefined &&
    own.status === verdict.status &&
    own.reason === verdict.reason &&
    own.message === verdict.message &&
    own.observedGeneration === generation
  );
}

/** The conditions with this verdict among them; those of others stay as they are. */
export function conditionsWith(
  status: unknown,
  verdict: Verdict,
  generation: number | undefined,
  now: string,
): readonly object[] {
  const all = conditionsIn(status);
  const before = all.find(({ type }) => type === 'Reconciled');
  const since = before?.lastTransitionTime;
  const isSame = before?.status === verdict.status && typeof since === 'string';
  const condition: Condition = {
    type: 'Reconciled',
    ...verdict,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    lastTransitionTime: isSame ? since : now,
  };
  return [...all.filter((one) => one !== before), condition];
}

function conditionsIn(status: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (typeof status !== 'object' || status === null) return [];
  const { conditions } = status as { readonly conditions?: unknown };
  return Array.isArray(conditions)
    ? conditions.filter((one): one is Record<string, unknown> => typeof one === 'object' && one !== null)
    : [];
}
