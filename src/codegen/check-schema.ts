/** The conventions that every schema file keeps, checked one by one. */

import { RE2JS } from 're2js';
import { refName } from '../api/schema.ts';
import { checkHeader } from './check-header.ts';
import { kindTypeName } from './types.ts';

export interface Problem {
  readonly pointer: string;
  readonly message: string;
}

type Node = Readonly<Record<string, unknown>>;
type Report = (pointer: string, message: string) => void;

const words = (...lines: string[]): string[] => lines.flatMap((line) => line.split(' '));

const TYPES = ['object', 'array', 'string', 'integer', 'number', 'boolean'];
const FORMATS: Readonly<Record<string, readonly string[]>> = {
  string: ['duration', 'date-time', 'byte', 'int64', 'uint64'],
  integer: ['int32', 'int64', 'uint32', 'uint64'],
  number: ['float', 'double'],
};
const ANY_TYPE = new Set(
  words(
    '$ref type title description default enum nullable deprecated x-mesh-deprecated x-mesh-unit',
    'x-kubernetes-validations x-kubernetes-preserve-unknown-fields x-kubernetes-int-or-string',
  ),
);
const NUMBER_WORDS = ['format', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'];
const BY_TYPE: Readonly<Record<string, readonly string[]>> = {
  object: words(
    'properties required additionalProperties minProperties maxProperties x-kubernetes-map-type',
    'x-mesh-exclusive x-mesh-one-of',
  ),
  array: [
    'items',
    'minItems',
    'maxItems',
    'uniqueItems',
    'x-kubernetes-list-type',
    'x-kubernetes-list-map-keys',
  ],
  string: ['format', 'minLength', 'maxLength', 'pattern'],
  integer: NUMBER_WORDS,
  number: NUMBER_WORDS,
  boolean: [],
  // Int-or-string and free values.
  none: ['pattern', 'minimum', 'maximum', 'minLength', 'maxLength'],
};
const ROOT_WORDS = new Set(['$schema', '$id', '$comment', 'x-mesh', '$defs']);

/** Every convention that the parsed file breaks; empty when it is sound. `place` is where the file stands. */
export function checkSchema(value: unknown, place: { folder: string; name: string }): Problem[] {
  const problems: Problem[] = [];
  const report: Report = (pointer, message) => void problems.push({ pointer, message });
  if (!isNode(value)) return [{ pointer: '', message: 'must be a JSON object' }];
  checkHeader(value, place, report);

  const { $defs, ...root } = value;
  const defs = isNode($defs) ? $defs : {};
  const used = new Set<string>();
  for (const version of versionsOf(value)) {
    const name = typeof version['schema'] === 'string' ? refName(version['schema']) : undefined;
    if (name !== undefined) used.add(name);
  }
  const check = new NodeCheck(defs, used, report);
  check.node(Object.fromEntries(Object.entries(root).filter(([word]) => !ROOT_WORDS.has(word))), '', true);
  for (const [name, def] of Object.entries(defs)) {
    const pointer = `/$defs/${escapePointer(name)}`;
    if (!/^[A-Za-z]\w*$/.test(name)) report(pointer, 'the name of a definition is letters, digits and _');
    if (name === kindTypeName(place.name)) {
      report(pointer, `the kind's own type has this name; call the definition ${name}Spec or the like`);
    }
    check.node(def, pointer, true);
  }
  for (const name of Object.keys(defs)) {
    if (!used.has(name))
      report(`/$defs/${escapePointer(name)}`, 'nothing refers to this definition; remove it');
  }
  for (const cycle of findCycles(defs))
    report(`/$defs/${escapePointer(cycle)}`, 'refers to itself; recursion is not allowed');
  return problems;
}

class NodeCheck {
  readonly #defs: Node;
  readonly #used: Set<string>;
  readonly #report: Report;

  constructor(defs: Node, used: Set<string>, report: Report) {
    this.#defs = defs;
    this.#used = used;
    this.#report = report;
  }

  /** Checks a schema and all below it. `described`: it must have a description of its own. */
  node(node: unknown, pointer: string, described: boolean): void {
    if (!isNode(node)) return this.#report(pointer, 'must be a schema object');
    const target = this.#follow(node, pointer);
    const type = node['type'] ?? target?.['type'];
    this.#words(node, typeof type === 'string' ? type : 'none', pointer);
    this.#description(node, target, pointer, described);
    if (node['$ref'] === undefined) this.#type(node, pointer);
    else if (node['properties'] !== undefined || node['items'] !== undefined) {
      this.#report(pointer, 'properties and items do not stand beside $ref; put them into the definition');
    }
    this.#values(node, type, pointer);
    this.#children(node, pointer);
  }

  #follow(node: Node, pointer: string): Node | undefined {
    const ref = node['$ref'];
    if (ref === undefined) return undefined;
    const name = typeof ref === 'string' ? refName(ref) : undefined;
    const target = name === undefined ? undefined : this.#defs[name];
    if (name === undefined) this.#report(`${pointer}/$ref`, 'must be "#/$defs/Name" of the same file');
    else if (!isNode(target)) this.#report(`${pointer}/$ref`, `there is no definition ${name} in $defs`);
    else {
      this.#used.add(name);
      return target['$ref'] === undefined ? target : undefined;
    }
    return undefined;
  }

  #words(node: Node, type: string, pointer: string): void {
    const allowed = BY_TYPE[type] ?? [];
    for (const word of Object.keys(node)) {
      if (ANY_TYPE.has(word) || allowed.includes(word)) continue;
      const elsewhere = Object.keys(BY_TYPE).filter((one) => BY_TYPE[one]?.includes(word));
      const why =
        elsewhere.length > 0
          ? `belongs to type ${elsewhere.join(' or ')}`
          : 'is no keyword of the conventions';
      this.#report(`${pointer}/${escapePointer(word)}`, `"${word}" ${why}`);
    }
  }

  #description(node: Node, target: Node | undefined, pointer: string, described: boolean): void {
    const text = node['description'] ?? target?.['description'];
    if (text === undefined) {
      if (described) this.#report(pointer, 'needs a description: one sentence');
    } else if (node['description'] !== undefined && !isSentence(text)) {
      this.#report(
        `${pointer}/description`,
        'must be a sentence: a capital (or `code`) first, a full stop last',
      );
    }
    const hint = node['x-mesh-deprecated'];
    if (hint === undefined) return;
    if (!isSentence(hint))
      this.#report(`${pointer}/x-mesh-deprecated`, 'must be a sentence that says what to use');
    if (node['deprecated'] !== true)
      this.#report(pointer, 'x-mesh-deprecated needs "deprecated": true beside it');
  }

  #type(node: Node, pointer: string): void {
    const type = node['type'];
    if (type === undefined) {
      if (
        node['x-kubernetes-int-or-string'] === true ||
        node['x-kubernetes-preserve-unknown-fields'] === true
      )
        return;
      return this.#report(pointer, `needs a type (${TYPES.join(', ')}) or a $ref`);
    }
    if (typeof type !== 'string' || !TYPES.includes(type)) {
      return this.#report(`${pointer}/type`, `must be one of ${TYPES.join(', ')}`);
    }
    if (node['x-kubernetes-int-or-string'] === true) {
      this.#report(`${pointer}/type`, 'x-kubernetes-int-or-string stands without a type');
    }
    if (type === 'array' && !isNode(node['items'])) this.#report(pointer, 'an array needs items');
    if (type === 'object') this.#object(node, pointer);
    const format = node['format'];
    if (typeof format === 'string' && !FORMATS[type]?.includes(format)) {
      this.#report(
        `${pointer}/format`,
        `type ${type} has the formats ${FORMATS[type]?.join(', ') ?? '(none)'}`,
      );
    }
  }

  #object(node: Node, pointer: string): void {
    const properties = node['properties'];
    const open = node['x-kubernetes-preserve-unknown-fields'] === true;
    const forms = [properties, node['additionalProperties']].filter((form) => form !== undefined).length;
    if (forms === 2) this.#report(pointer, 'properties and additionalProperties exclude each other');
    if (forms === 0 && !open) {
      this.#report(
        pointer,
        'an object needs properties, additionalProperties, or x-kubernetes-preserve-unknown-fields',
      );
    }
    const known = isNode(properties) ? properties : {};
    const required = node['required'];
    if (required !== undefined && !isNames(required))
      this.#report(`${pointer}/required`, 'must be a list of names');
    for (const name of isNames(required) ? required : []) {
      if (!Object.hasOwn(known, name))
        this.#report(`${pointer}/required`, `"${name}" is not among the properties`);
    }
    for (const word of ['x-mesh-exclusive', 'x-mesh-one-of']) {
      const groups = node[word];
      if (groups === undefined) continue;
      if (!Array.isArray(groups) || !groups.every(isNames)) {
        this.#report(`${pointer}/${word}`, 'must be a list of lists of field names');
        continue;
      }
      for (const group of groups) {
        if (group.length < 2) this.#report(`${pointer}/${word}`, 'a group has at least two fields');
        for (const name of group) {
          if (!Object.hasOwn(known, name))
            this.#report(`${pointer}/${word}`, `"${name}" is not among the properties`);
        }
      }
    }
  }

  #values(node: Node, type: unknown, pointer: string): void {
    const choices = node['enum'];
    if (choices !== undefined && (!Array.isArray(choices) || choices.length === 0)) {
      this.#report(`${pointer}/enum`, 'must be a list of at least one value');
    }
    for (const choice of Array.isArray(choices) ? choices : []) {
      if (!fits(choice, type))
        this.#report(`${pointer}/enum`, `${JSON.stringify(choice)} is no ${String(type)}`);
    }
    if (node['default'] !== undefined && !fits(node['default'], type)) {
      this.#report(`${pointer}/default`, `${JSON.stringify(node['default'])} is no ${String(type)}`);
    }
    const pattern = node['pattern'];
    if (pattern !== undefined) {
      try {
        if (typeof pattern !== 'string') throw new SyntaxError('not a string');
        RegExp(pattern, 'u');
        // The API server has another engine, which knows no lookaround and no backreferences.
        RE2JS.compile(pattern);
      } catch (error) {
        this.#report(`${pointer}/pattern`, `is no regular expression: ${(error as Error).message}`);
      }
    }
    const rules = node['x-kubernetes-validations'];
    if (rules !== undefined && !(Array.isArray(rules) && rules.every(isCelRule))) {
      this.#report(
        `${pointer}/x-kubernetes-validations`,
        'each entry needs a rule, and a message or messageExpression',
      );
    }
  }

  #children(node: Node, pointer: string): void {
    const properties = node['properties'];
    if (properties !== undefined && !isNode(properties))
      this.#report(`${pointer}/properties`, 'must be an object');
    for (const [name, child] of Object.entries(isNode(properties) ? properties : {})) {
      this.node(child, `${pointer}/properties/${escapePointer(name)}`, true);
    }
    if (node['items'] !== undefined) this.node(node['items'], `${pointer}/items`, false);
    if (node['additionalProperties'] !== undefined) {
      this.node(node['additionalProperties'], `${pointer}/additionalProperties`, false);
    }
  }
}

/** The definitions that can be reached from themselves. */
function findCycles(defs: Node): string[] {
  const state = new Map<string, 'open' | 'done'>();
  const cycles: string[] = [];
  const visit = (name: string): void => {
    if (state.get(name) === 'done') return;
    if (state.get(name) === 'open') return void cycles.push(name);
    state.set(name, 'open');
    for (const next of refsIn(defs[name])) visit(next);
    state.set(name, 'done');
  };
  for (const name of Object.keys(defs)) visit(name);
  return cycles;
}

function refsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(refsIn);
  if (!isNode(value)) return [];
  return Object.entries(value).flatMap(([word, inner]) => {
    const name = word === '$ref' && typeof inner === 'string' ? refName(inner) : undefined;
    return name === undefined ? refsIn(inner) : [name];
  });
}

function fits(value: unknown, type: unknown): boolean {
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isNode(value);
  if (type === 'integer') return Number.isSafeInteger(value);
  return typeof type !== 'string' || typeof value === type;
}

function isCelRule(value: unknown): boolean {
  if (!isNode(value) || typeof value['rule'] !== 'string') return false;
  return typeof value['message'] === 'string' || typeof value['messageExpression'] === 'string';
}

function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}

/** A sentence: starts with a capital, digit or code, ends with a stop, and is more than a word. */
export function isSentence(value: unknown): boolean {
  return (
    typeof value === 'string' &&
    /^[\p{Lu}\p{N}`"'(*]/u.test(value) &&
    /[.!?)]$/.test(value) &&
    value.includes(' ')
  );
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function versionsOf(value: Node): Node[] {
  const header = value['x-mesh'];
  const versions = isNode(header) ? header['versions'] : undefined;
  return Array.isArray(versions) ? versions.filter(isNode) : [];
}

function escapePointer(part: string): string {
  return part.replaceAll('~', '~0').replaceAll('/', '~1');
}
