/** One `--set path=value`: what it means, and whether there is such a setting. */

import { findKind } from '../api/kinds.ts';
import type { FieldPath } from '../base/field-path.ts';
import { MeshError } from '../base/mesh-error.ts';
import { nearestName } from '../base/nearest.ts';
import type { Finding } from '../config/finding.ts';
import { parseValue } from '../config/parse/value.ts';
import type { PackageParts } from './package-parts.ts';
import { type PathStep, parseSettingPath, type Tree } from './setting-path.ts';
import type { Layer } from './settings.ts';
import { checkSpec, OPERATOR_KEY, sentence } from './operator-check.ts';

interface Reading {
  readonly layer: Layer;
  readonly warnings: readonly string[];
}

/**
 * The layer that an argument stands for. The path begins below `spec`, or, as Helm's did, below `spec.values`.
 * Throws a `MeshError` with code `BadSetting` that names the part of the path that is wrong.
 */
export async function readSetting(argument: string, parts: PackageParts): Promise<Reading> {
  const equals = equalsSign(argument);
  if (equals < 1) {
    throw new MeshError('BadSetting', `--set ${argument}: there is no "=" between a path and a value`, {
      hint: 'Write --set path=value, for example --set profile=demo.',
    });
  }
  const typed = parseSettingPath(argument.slice(0, equals));
  const steps = typed[0] === 'spec' && typed.length > 1 ? typed.slice(1) : typed;
  const text = argument.slice(equals + 1);
  const value = readValue(text, argument);
  const own = await checkAt(steps, value, text);
  if (!unknownFirst(own.findings)) return finished(steps, own, argument);
  const inValues: readonly PathStep[] = ['values', ...steps];
  const old = await checkAt(inValues, value, text);
  if (unknownFirst(old.findings, 2)) throw await unknownSetting(steps[0], argument, parts);
  return finished(inValues, old, argument);
}

/** The first that stands in no brackets. */
function equalsSign(argument: string): number {
  let depth = 0;
  for (let index = 0; index < argument.length; index++) {
    const character = argument[index];
    if (character === '[') depth++;
    else if (character === ']') depth--;
    else if (character === '=' && depth <= 0) return index;
  }
  return -1;
}

/** Text as YAML reads a scalar; `{a,b}` is a list, as Helm has it; lists and maps may be written as JSON. */
function readValue(text: string, argument: string): unknown {
  const list = /^\{([^:"'{}]*)\}$/.exec(text)?.[1];
  if (list !== undefined) return list === '' ? [] : list.split(',').map((item) => item.trim());
  if (text === '') return '';
  if (!/^[[{"']|^-?[0-9.]|^(?:true|false|null|~)$/i.test(text)) return text;
  const { value, faults } = parseValue(text);
  const [fault] = faults;
  if (fault === undefined) return value === undefined ? null : value;
  if (!/^[[{]/.test(text)) return text;
  throw new MeshError('BadSetting', `--set ${argument}: the value cannot be read: ${fault.message}`, {
    hint: 'Write lists as {a,b}, and lists and maps of more as JSON.',
  });
}

interface Checked {
  readonly value: unknown;
  readonly findings: readonly Finding[];
}

/** What the schema says of the value there. Where it wants text, numbers and truth values are meant as text. */
async function checkAt(steps: readonly PathStep[], value: unknown, text: string): Promise<Checked> {
  const findings = await findingsAt(steps, value);
  const depth = steps.length + 1;
  const scalar = typeof value === 'number' || typeof value === 'boolean';
  if (scalar && findings.some(({ check, path }) => check === 'WrongType' && path.length === depth)) {
    const asText = await findingsAt(steps, text);
    if (!asText.some(({ level }) => level === 'Error')) return { value: text, findings: asText };
  }
  return { value, findings };
}

async function findingsAt(steps: readonly PathStep[], value: unknown): Promise<readonly Finding[]> {
  const findings = await checkSpec(treeOf(steps, value) as Tree);
  const items = new Set(steps.flatMap((step, index) => (typeof step === 'string' ? [] : [index + 2])));
  // An item of a list is there already, with the fields that it must have.
  return findings.filter(({ check, path }) => check !== 'MissingField' || !items.has(path.length - 1));
}

/** A tree with this value alone; lists have one item. */
function treeOf(steps: readonly PathStep[], value: unknown): unknown {
  let tree: unknown = value === null ? undefined : value;
  for (const step of steps.toReversed()) {
    if (typeof step === 'string') tree = tree === undefined ? {} : { [step]: tree };
    else if (typeof step === 'number' || step.key === '') tree = [tree ?? {}];
    else tree = [typeof tree === 'object' ? { [step.key]: step.value, ...tree } : tree];
  }
  return tree;
}

function unknownFirst(findings: readonly Finding[], depth = 1): boolean {
  return findings.some(({ check, path }) => check === 'UnknownField' && path.length === depth + 1);
}

function finished(steps: readonly PathStep[], { value, findings }: Checked, argument: string): Reading {
  const error = findings.find(({ level }) => level === 'Error');
  if (error !== undefined) {
    throw new MeshError('BadSetting', `--set ${argument}: ${partOf(error.path)}${error.message}`, {
      hint: error.hint,
    });
  }
  const warnings = findings.map(({ message, hint }) => `--set ${argument}: ${sentence(message, hint)}`);
  return { layer: { path: steps, value }, warnings };
}

/** The position in the path: its parts up to the one that is wrong. */
function partOf(path: FieldPath): string {
  const parts = path
    .slice(1)
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${part}`));
  return parts.length === 0 ? '' : `at ${parts.join('')}: `;
}

/** Neither a setting of today nor a value: names the nearest of both. */
async function unknownSetting(
  step: PathStep | undefined,
  argument: string,
  parts: PackageParts,
): Promise<MeshError> {
  const info = findKind(OPERATOR_KEY);
  const schema = info === undefined ? undefined : await parts.schema(info);
  const fields = (name: string): string[] => Object.keys(schema?.$defs?.[name]?.properties ?? {});
  const settings = fields('IstioOperatorSpec');
  const values = fields('Values');
  const word = String(step);
  const near = nearestName(word, [...settings, ...values]);
  return new MeshError('BadSetting', `--set ${argument}: there is no setting "${word}"`, {
    hint:
      near === undefined
        ? `The first part of a path is one of ${settings.slice(0, 9).join(', ')}, or of what is under values.`
        : `Did you mean "${near}"?`,
  });
}

/** Splits `a=1,b=2`, as Helm takes it. Commas stay where no other path follows, or a backslash stands before. */
export function splitSettings(argument: string): readonly string[] {
  return argument.split(/(?<!\\),(?=[\w.\\[\]:-]+=)/).map((setting) => setting.replaceAll('\\,', ','));
}
