/** Checks the value of a flag, wherever it came from: the command line, the environment or a file. */

import { dnsLabelNameProblem } from '../base/kubernetes-names.ts';
import { MeshError } from '../base/mesh-error.ts';
import { nearestName } from '../base/nearest.ts';
import { printable } from '../base/printable.ts';
import type { FlagSpec, FlagValue } from './command.ts';
import type { Setting } from './context.ts';

const TRUTHS: Readonly<Record<string, boolean>> = {
  true: true,
  t: true,
  '1': true,
  false: false,
  f: false,
  '0': false,
};

const GO_DURATION = /^[+-]?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;

/** The value in the flag's own type. Throws a `MeshError` that names the flag, or the place of the setting. */
export function checkFlagValue(
  name: string,
  spec: FlagSpec,
  raw: string | boolean | readonly string[],
  setting?: Setting,
): FlagValue {
  if (typeof raw === 'boolean') return raw;
  const list = typeof raw === 'string' ? [raw] : raw;
  if (spec.type === 'strings') {
    const split = spec.commas === true || (setting !== undefined && typeof raw === 'string');
    const values = split ? list.flatMap((entry) => entry.split(',').filter((part) => part !== '')) : list;
    return values.map((value) => oneOf(name, spec, value, setting));
  }
  const text = list.at(-1) ?? '';
  switch (spec.type) {
    case 'boolean': {
      const truth = TRUTHS[text.toLowerCase()];
      if (truth === undefined) throw badValue(name, text, 'true or false', setting);
      return truth;
    }
    case 'integer':
      if (!/^-?\d{1,15}$/.test(text)) throw badValue(name, text, 'a whole number', setting);
      return Number(text);
    case 'duration':
      if (!GO_DURATION.test(text)) throw badValue(name, text, 'a duration such as 30s or 1m30s', setting);
      return text;
    case 'string':
      return oneOf(name, spec, text, setting);
  }
}

function oneOf(name: string, spec: FlagSpec, text: string, setting: Setting | undefined): string {
  if (spec.names === 'namespace') requireNamespace(name, text, setting);
  if (spec.values === undefined) return text;
  const match = spec.values.find((value) => value.toLowerCase() === text.toLowerCase());
  if (match !== undefined) return match;
  const near = nearestName(text, spec.values);
  throw badValue(name, text, `one of ${spec.values.join(', ')}`, setting, near);
}

/** A name that no namespace can have would only select nothing, and leave whoever mistyped it in the dark. */
function requireNamespace(name: string, text: string, setting: Setting | undefined): void {
  const problem = dnsLabelNameProblem(text);
  if (problem === undefined) return;
  const which = text.length > 63 ? 'of 63 characters at most' : `which ${problem}`;
  throw badValue(name, printable(text), `the name of a namespace, ${which}`, setting);
}

function badValue(
  name: string,
  text: string,
  wanted: string,
  setting: Setting | undefined,
  near?: string,
): MeshError {
  const hint = near === undefined ? undefined : `Did you mean ${near}?`;
  if (setting === undefined) {
    return new MeshError('BadFlagValue', `--${name} is "${text}", but must be ${wanted}`, { hint });
  }
  if (setting.where === undefined) {
    return new MeshError('BadSetting', `${setting.from} is "${text}", but must be ${wanted}`, { hint });
  }
  return new MeshError('BadSetting', `${name} is "${text}", but must be ${wanted}`, {
    hint,
    where: setting.where,
  });
}
