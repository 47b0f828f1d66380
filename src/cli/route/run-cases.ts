/** Asks each case's requests and compares the answers with what is expected. */

import { MeshError } from '../../base/mesh-error.ts';
import { parseDuration } from '../../base/duration.ts';
import { type AnswerDestination, type RouteAnswer, placeText } from './answer.ts';
import { outcomeLine } from './answer-text.ts';
import { type RouteCase, contains } from './cases.ts';
import type { RouteMesh, RouteQuestion } from './route-mesh.ts';

export interface CaseResult {
  readonly title: string;
  readonly file: string;
  readonly line: number;
  readonly passed: boolean;
  /** What is not as expected, and what won instead; empty when it passed. */
  readonly failures: readonly string[];
}

/** Who is asked where a case does not say it. */
export type Defaults = Pick<RouteQuestion, 'gateway' | 'from'>;

export function runCase(one: RouteCase, mesh: RouteMesh, defaults: Defaults): CaseResult {
  const failures = one.questions.flatMap((question) => {
    const asked = question.gateway ?? question.from;
    const answer = answerTo(asked === undefined ? { ...question, ...defaults } : question, mesh);
    if (typeof answer === 'string') return [answer];
    const differences = compare(one, answer, mesh);
    return differences.length === 0 ? [] : [`${differences.join('; ')} (${winner(answer)})`];
  });
  const { title, file, line } = one;
  return { title, file, line, passed: failures.length === 0, failures };
}

/** Questions that cannot be answered fail their case, not the run. */
function answerTo(question: RouteQuestion, mesh: RouteMesh): RouteAnswer | string {
  try {
    return mesh.ask(question);
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    return error.hint === undefined ? error.message : `${error.message}. ${error.hint}`;
  }
}

function winner(answer: RouteAnswer): string {
  const { rule, route, request } = answer;
  const by = rule === undefined ? (route ?? 'no rule') : `${placeText(rule)} ${rule.object}`;
  return `${request.method} ${request.url}: ${by} won, ${outcomeLine(answer)}`;
}

function compare({ expected }: RouteCase, answer: RouteAnswer, mesh: RouteMesh): string[] {
  if (expected.kind === 'rule') {
    const { fields, wanted } = expected;
    const written = writtenRule(answer, mesh);
    const fits = written !== undefined && contains(written, fields);
    if (fits === wanted) return [];
    return [wanted ? `no rule with ${JSON.stringify(fields)} takes it` : 'the rule takes it, but should not'];
  }
  return Object.entries(expected.fields).flatMap(([field, wanted]) =>
    holds(field, wanted, answer) ? [] : [`expected ${field} ${JSON.stringify(wanted)}`],
  );
}

/** The rule that won, as its VirtualService has it. */
function writtenRule({ rule }: RouteAnswer, mesh: RouteMesh): Readonly<Record<string, unknown>> | undefined {
  return rule === undefined ? undefined : mesh.ruleAt(rule);
}

function holds(field: string, wanted: unknown, answer: RouteAnswer): boolean {
  const destinations = answer.destinations ?? [];
  switch (field) {
    case 'routed':
      return answer.routed === wanted;
    case 'destination':
      return destinations.length === 1 && isDestination(destinations[0], wanted);
    case 'destinations':
      return (
        Array.isArray(wanted) &&
        wanted.length === destinations.length &&
        wanted.every((one, index) => isDestination(destinations[index], one))
      );
    case 'status':
      return statusOf(answer) === wanted;
    case 'redirect':
      return typeof wanted === 'string'
        ? answer.redirect?.location === wanted
        : contains(answer.redirect, wanted);
    case 'rewrite':
      return contains(answer.rewrite, wanted);
    case 'timeout':
      return sameDuration(answer.timeout ?? '0s', wanted);
    case 'retries':
      return typeof wanted === 'number'
        ? (answer.retries?.attempts ?? 0) === wanted
        : contains(answer.retries, wanted);
    case 'mirrors':
      return (
        Array.isArray(wanted) &&
        wanted.length === (answer.mirrors ?? []).length &&
        wanted.every((host, index) => hostFits(answer.mirrors?.[index]?.host ?? '', host))
      );
    case 'faults':
      return contains(answer.faults, wanted);
    case 'rule':
      return answer.rule?.name === wanted || answer.rule?.object === wanted;
    default:
      return false;
  }
}

/** What a client sees without asking any workload. */
function statusOf({ redirect, response, reason, result, destinations }: RouteAnswer): number | undefined {
  if (redirect !== undefined) return redirect.status;
  if (response !== undefined) return response.status;
  if (result === 'none' && reason !== undefined) return 404;
  return destinations?.some(({ missing }) => missing === true) === true ? 503 : undefined;
}

function isDestination(actual: AnswerDestination | undefined, wanted: unknown): boolean {
  if (actual === undefined) return false;
  if (typeof wanted === 'string') return hostFits(actual.host, wanted);
  if (typeof wanted !== 'object' || wanted === null) return false;
  const { host, weight, ...rest } = wanted as Readonly<Record<string, unknown>>;
  return (
    (host === undefined || hostFits(actual.host, host)) &&
    (weight === undefined || actual.percent === weight) &&
    contains(actual, rest)
  );
}

/** The name in full, or as much of its beginning as is written: `web`, `web.shop`. */
function hostFits(actual: string, wanted: unknown): boolean {
  return typeof wanted === 'string' && (actual === wanted || actual.startsWith(`${wanted}.`));
}

function sameDuration(actual: string, wanted: unknown): boolean {
  return typeof wanted === 'string' && parseDuration(actual) === parseDuration(wanted);
}
