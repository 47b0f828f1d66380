/** Paths of settings as people type them: `components.ingressGateways[name:x].k8s`, `a.b\.c[0]`. */

import { MeshError } from '../base/mesh-error.ts';

/** A key, an index, or the first list item with a field (or, with an empty key, a value) of that text. */
export type PathStep = string | number | { readonly key: string; readonly value: string };

/** Data as YAML and JSON have it. */
export type Tree = Record<string, unknown>;

/** Keys that a plain object cannot safely hold. */
const UNSAFE = new Set(['__proto__', 'constructor', 'prototype']);

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The steps of a path. Dots behind a backslash belong to the key. Throws a `MeshError` with code `BadSetting`. */
export function parseSettingPath(text: string): readonly PathStep[] {
  const steps: PathStep[] = [];
  const pattern = /\.?\[([^\]]*)\]|(?:^|\.)((?:\\.|[^.[\]\\])+)/sy;
  while (pattern.lastIndex < text.length) {
    const start = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null || match[0] === '') {
      throw new MeshError('BadSetting', `"${text}" is not the path of a setting`, {
        hint: `It cannot be read from "${text.slice(start)}" on. Write keys with dots between them, list items as [0] or [name:x].`,
      });
    }
    const [, bracket, key] = match;
    steps.push(key === undefined ? listStep(bracket ?? '') : key.replaceAll(/\\(.)/gs, '$1'));
  }
  const unsafe = steps.find((step) => typeof step === 'string' && UNSAFE.has(step));
  if (steps.length === 0 || unsafe !== undefined) {
    throw new MeshError('BadSetting', `"${text}" is not the path of a setting`, {
      hint: 'Write keys with dots between them.',
    });
  }
  return steps;
}

function listStep(text: string): PathStep {
  if (/^[0-9]{1,4}$/.test(text)) return Number(text);
  const colon = text.indexOf(':');
  return colon < 0 ? { key: '', value: text } : { key: text.slice(0, colon), value: text.slice(colon + 1) };
}

/** The value at a path; undefined where there is none. */
export function valueAt(root: unknown, steps: readonly PathStep[]): unknown {
  let current = root;
  for (const step of steps) {
    if (typeof step === 'string')
      current = isTree(current) && Object.hasOwn(current, step) ? current[step] : undefined;
    else current = Array.isArray(current) ? current[indexIn(current, step)] : undefined;
  }
  return current;
}

/**
 * Sets the value at a path in place, making maps and lists on the way; undefined takes the field away. A list
 * item that is named by a field and is not there is added. Throws a `MeshError` with code `BadSetting` when an
 * index leaves a gap, or the path runs into a value that has no fields.
 */
export function setAt(root: Tree, steps: readonly PathStep[], value: unknown): void {
  let holder: unknown = root;
  for (const [depth, step] of steps.entries()) {
    const last = depth === steps.length - 1;
    const next = steps[depth + 1];
    if (typeof step === 'string') {
      if (!isTree(holder)) throw noFields(steps, depth);
      if (last) {
        if (value === undefined) Reflect.deleteProperty(holder, step);
        else holder[step] = value;
      } else if (holder[step] === undefined || holder[step] === null) {
        if (value === undefined) return;
        holder[step] = typeof next === 'string' ? {} : [];
      }
      holder = holder[step];
      continue;
    }
    if (!Array.isArray(holder)) throw noFields(steps, depth);
    const list: unknown[] = holder;
    const index = indexIn(list, step);
    if (last) {
      if (value !== undefined) list[placeFor(list, index, step, steps)] = value;
      else if (index >= 0) list.splice(index, 1);
      return;
    }
    const place = placeFor(list, index, step, steps);
    list[place] ??=
      typeof step === 'object' ? { [step.key]: step.value } : typeof next === 'string' ? {} : [];
    holder = list[place];
  }
}

function indexIn(list: readonly unknown[], step: Exclude<PathStep, string>): number {
  if (typeof step === 'number') return step;
  return list.findIndex((item) =>
    step.key === '' ? String(item) === step.value : isTree(item) && String(item[step.key]) === step.value,
  );
}

function placeFor(
  list: readonly unknown[],
  index: number,
  step: PathStep,
  steps: readonly PathStep[],
): number {
  if (typeof step === 'object' && index < 0 && step.key === '') {
    throw new MeshError('BadSetting', `${formatSteps(steps)}: the list has no item "${step.value}"`, {
      hint: 'Name an item that is there, or its index.',
    });
  }
  if (index > list.length) {
    throw new MeshError(
      'BadSetting',
      `${formatSteps(steps)}: the list has ${list.length} items, so [${index}] would leave a gap`,
      {
        hint: `Use [${list.length}] to add an item.`,
      },
    );
  }
  return index < 0 ? list.length : index;
}

function noFields(steps: readonly PathStep[], depth: number): MeshError {
  const holder = depth === 0 ? 'the root' : formatSteps(steps.slice(0, depth));
  const wanted =
    typeof steps[depth] === 'string' ? 'no map, so it has no field' : 'no list, so it has no item';
  return new MeshError(
    'BadSetting',
    `${formatSteps(steps)}: ${holder} is ${wanted} ${formatSteps(steps.slice(depth, depth + 1))}`,
  );
}

/** The path as it is typed. */
export function formatSteps(steps: readonly PathStep[]): string {
  return steps
    .map((step) => {
      if (typeof step === 'string')
        return `.${step.replaceAll(/[.[\]\\]/g, (character) => `\\${character}`)}`;
      return typeof step === 'number' ? `[${step}]` : `[${step.key}:${step.value}]`;
    })
    .join('')
    .replace(/^\./, '');
}
