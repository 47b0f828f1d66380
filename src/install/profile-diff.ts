/** What differs between the settings of two installations. */

import type { IstioOperatorSpec } from '../api/generated/types/install.istio.io/IstioOperator.ts';
import { formatSteps, isTree, type PathStep, type Tree } from './setting-path.ts';

/** One setting that differs. */
export interface SettingDifference {
  /** As `--set` takes it. */
  readonly path: string;
  readonly change: 'added' | 'removed' | 'changed';
  readonly old?: unknown;
  readonly new?: unknown;
}

interface Difference {
  readonly steps: readonly PathStep[];
  readonly difference: SettingDifference;
}

/** The settings that differ, in the order of their names. */
export function settingDifferences(
  left: IstioOperatorSpec,
  right: IstioOperatorSpec,
): readonly SettingDifference[] {
  return compare({ ...left }, { ...right }, []).map(({ difference }) => difference);
}

function compare(left: unknown, right: unknown, steps: readonly PathStep[]): Difference[] {
  if (left === right) return [];
  const path = formatSteps(steps);
  if (left === undefined && isFilled(right)) return compare({}, right, steps);
  if (right === undefined && isFilled(left)) return compare(left, {}, steps);
  if (left === undefined) return [{ steps, difference: { path, change: 'added', new: right } }];
  if (right === undefined) return [{ steps, difference: { path, change: 'removed', old: left } }];
  if (isTree(left) && isTree(right)) {
    return keysOf(left, right).flatMap((key) => compare(left[key], right[key], [...steps, key]));
  }
  if (isNamedList(left) && isNamedList(right)) {
    const [before, after] = [byName(left), byName(right)];
    return keysOf(before, after).flatMap((name) =>
      compare(before[name], after[name], [...steps, { key: 'name', value: name }]),
    );
  }
  return JSON.stringify(left) === JSON.stringify(right)
    ? []
    : [{ steps, difference: { path, change: 'changed', old: left, new: right } }];
}

/** Its fields are told one by one. */
function isFilled(value: unknown): value is Tree {
  return isTree(value) && Object.keys(value).length > 0;
}

function keysOf(left: Tree, right: Tree): readonly string[] {
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].toSorted();
}

function isNamedList(value: unknown): value is readonly (Tree & { name: string })[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((item) => isTree(item) && typeof item['name'] === 'string')
  );
}

function byName(list: readonly (Tree & { name: string })[]): Tree {
  return Object.fromEntries(list.map((item) => [item.name, item]));
}

/** The differences as a tree of the settings, each as `old -> new`. Empty for none. */
export function differenceTree(left: IstioOperatorSpec, right: IstioOperatorSpec): string {
  let text = '';
  let open: readonly string[] = [];
  for (const { steps, difference } of compare({ ...left }, { ...right }, [])) {
    const keys = steps.map(keyOf);
    const last = keys.length - 1;
    let depth = 0;
    while (depth < last && open[depth] === keys[depth]) depth++;
    for (; depth < last; depth++) text += `${'  '.repeat(depth)}${keys[depth]}:\n`;
    text += `${'  '.repeat(last)}${keys[last]}: ${show(difference.old)} -> ${show(difference.new)}\n`;
    open = keys.slice(0, last);
  }
  return text;
}

function keyOf(step: PathStep): string {
  if (typeof step === 'object') return `[name:${step.value}]`;
  return String(step);
}

function show(value: unknown): string {
  if (value === undefined) return '<empty>';
  return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value) ? value : JSON.stringify(value);
}
