/** Evaluates the CEL rules of a kind, as the API server does for the rules of a CustomResourceDefinition. */

import type { Environment } from '@marcbachmann/cel-js';
import type { FieldPath } from '../../base/field-path.ts';
import { parseDuration } from '../../base/duration.ts';
import { matchesRe2 } from '../../base/re2.ts';
import { parseRequestUri } from '../../base/url.ts';
import type { PlacedCelRule } from '../../api/placed-cel-rule.ts';
import type { Finding } from '../finding.ts';
import type { MeshObject } from '../object.ts';

/** A rule, ready: whether it holds of a value. Throws where the value has no answer for it. */
type Program = (self: unknown) => boolean;

interface Place {
  readonly path: FieldPath;
  readonly value: unknown;
}

/** Rules may compare all items with all: longer lists are past every limit that a CRD with such rules sets. */
const MAX_ITEMS = 2_048;

/** Evaluations for one object; more have no place in an object that the API server would store. */
const MAX_EVALUATIONS = 20_000;

/** The most usual rule, which needs no library. */
const DURATION_RULE = /^duration\(self\) (>=|>|<=|<) duration\('([^']+)'\)$/;

/** Words that CEL keeps for itself: Kubernetes writes fields of such names between underscores. */
const ESCAPED_WORD =
  /__(true|false|null|in|as|break|const|continue|else|for|function|if|import|let|loop|package|namespace|return)__/g;

const programs = new Map<string, Program>();
let environment: Environment | undefined;

/** Rules by the place that they are about, so that one walk along the object meets them all. */
interface RuleTree {
  readonly rules: PlacedCelRule[];
  readonly children: Map<string, RuleTree>;
}

const trees = new WeakMap<readonly PlacedCelRule[], RuleTree>();

/** What the rules that hold for the object's version refuse. A value that a rule cannot judge is refused. */
export async function celFindings(
  object: MeshObject,
  rules: readonly PlacedCelRule[],
): Promise<readonly Finding[]> {
  let tree = trees.get(rules);
  if (tree === undefined) trees.set(rules, (tree = treeOf(rules)));
  const due: { rule: PlacedCelRule; place: Place }[] = [];
  collect(tree, { path: [], value: object.value }, (rule, place) => {
    if (due.length >= MAX_EVALUATIONS || sizeOf(place.value) > MAX_ITEMS) return;
    if (rule.versions === undefined || rule.versions.includes(object.version)) due.push({ rule, place });
  });
  const findings: Finding[] = [];
  for (const { rule, place } of due) {
    const program = programs.get(rule.rule) ?? (await compile(rule.rule));
    if (!holds(program, place.value)) findings.push(await refusal(rule, place));
  }
  return findings;
}

function treeOf(rules: readonly PlacedCelRule[]): RuleTree {
  const root: RuleTree = { rules: [], children: new Map() };
  for (const rule of rules) {
    // A rule on oldSelf is about updates, and here is one state only.
    if (/\boldSelf\b/.test(rule.rule)) continue;
    let node = root;
    for (const part of rule.path) {
      let child = node.children.get(part);
      if (child === undefined) node.children.set(part, (child = { rules: [], children: new Map() }));
      node = child;
    }
    node.rules.push(rule);
  }
  return root;
}

/** Meets the values at the rules' places: none where a field on the way is absent. */
function collect(tree: RuleTree, place: Place, meet: (rule: PlacedCelRule, place: Place) => void): void {
  for (const rule of tree.rules) meet(rule, place);
  if (tree.children.size === 0) return;
  const { path, value } = place;
  if (typeof value !== 'object' || value === null) return;
  for (const [part, child] of tree.children) {
    if (Array.isArray(value)) {
      if (part !== '[]') continue;
      for (const [index, item] of value.entries())
        collect(child, { path: [...path, index], value: item }, meet);
    } else if (part === '{}') {
      for (const [key, item] of Object.entries(value))
        collect(child, { path: [...path, key], value: item }, meet);
    } else if (Object.hasOwn(value, part)) {
      collect(child, { path: [...path, part], value: Reflect.get(value, part) }, meet);
    }
  }
}

function holds(program: Program, value: unknown): boolean {
  try {
    return program(value);
  } catch {
    return false;
  }
}

async function refusal(rule: PlacedCelRule, place: Place): Promise<Finding> {
  const field = rule.fieldPath?.split('.').filter((part) => part !== '') ?? [];
  return {
    check: 'InvalidValue',
    level: 'Error',
    path: [...place.path, ...field],
    message:
      (await expressedMessage(rule, place.value)) ?? rule.message ?? `the rule ${rule.rule} does not hold`,
  };
}

async function expressedMessage(rule: PlacedCelRule, value: unknown): Promise<string | undefined> {
  if (rule.messageExpression === undefined) return undefined;
  try {
    const message: unknown = (await loadEnvironment()).parse(prepare(rule.messageExpression))({
      self: withIntegers(value),
    });
    return typeof message === 'string' && message !== '' ? message : undefined;
  } catch {
    return undefined;
  }
}

function sizeOf(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 0;
}

async function compile(rule: string): Promise<Program> {
  const program = durationProgram(rule) ?? (await libraryProgram(rule));
  programs.set(rule, program);
  return program;
}

function durationProgram(rule: string): Program | undefined {
  const [, operator, text = ''] = DURATION_RULE.exec(rule) ?? [];
  const bound = parseDuration(text);
  if (operator === undefined || bound === undefined) return undefined;
  return (self) => {
    const value = typeof self === 'string' ? parseDuration(self) : undefined;
    if (value === undefined) return false;
    switch (operator) {
      case '>=':
        return value >= bound;
      case '>':
        return value > bound;
      case '<=':
        return value <= bound;
      default:
        return value < bound;
    }
  };
}

async function libraryProgram(rule: string): Promise<Program> {
  const evaluate = (await loadEnvironment()).parse(prepare(rule));
  return (self) => evaluate({ self: withIntegers(self) }) === true;
}

/** The library runs `matches` on the engine's own expressions, which hostile text can keep busy for hours. */
function prepare(rule: string): string {
  return rule.replaceAll('.matches(', '.re2Matches(').replace(ESCAPED_WORD, '$1');
}

async function loadEnvironment(): Promise<Environment> {
  if (environment !== undefined) return environment;
  const cel = await import('@marcbachmann/cel-js');
  environment = new cel.Environment({ unlistedVariablesAreDyn: true, homogeneousAggregateLiterals: false })
    .registerFunction('string.re2Matches(string): bool', (text: string, pattern: string) =>
      matchesRe2(pattern, text),
    )
    .registerType('kubernetes.URL', CelUrl)
    .registerFunction('isURL(string): bool', (text: string) => parseRequestUri(text) !== undefined)
    .registerFunction('url(string): kubernetes.URL', (text: string) => new CelUrl(text))
    .registerFunction('kubernetes.URL.getScheme(): string', (url: CelUrl) => url.scheme)
    .registerFunction('kubernetes.URL.getHost(): string', (url: CelUrl) => url.host);
  return environment;
}

/** A URL inside CEL. The constructor throws on text that is none, which makes the rule fail. */
class CelUrl {
  readonly scheme: string;
  readonly host: string;
  constructor(text: string) {
    const parsed = parseRequestUri(text);
    if (parsed === undefined) throw new RangeError('not a URL');
    this.scheme = parsed.scheme;
    this.host = parsed.host;
  }
}

/** CEL tells integers from other numbers by type. */
function withIntegers(value: unknown): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withIntegers);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withIntegers(inner)]));
}
