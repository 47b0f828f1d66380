/**
 * The configuration file: values of flags by name, for every command that has the flag, or below a command's
 * name for that command alone.
 */

import type { FieldPath } from '../base/field-path.ts';
import { MeshError } from '../base/mesh-error.ts';
import { nearestName } from '../base/nearest.ts';
import type { FlagSpec, FlagSpecs } from './command.ts';
import type { Setting, SettingsSource } from './context.ts';
import { checkFlagValue } from './flag-value.ts';
import { COMMAND_SETTINGS } from './generated/settings.ts';
import { GLOBAL_FLAGS } from './global-flags.ts';
import { readYamlFile, type YamlFile } from '../config/sources/yaml-file.ts';

type Values = ReadonlyMap<string, Setting>;

/** Reads and checks the whole file, so that a slip shows at once and not when a rare command runs. */
export async function readSettingsFile(path: string): Promise<SettingsSource> {
  const file = await readYamlFile(path, path);
  if (file?.value === undefined) return { find: () => undefined };
  const everywhere = new Map<string, Setting>();
  const byCommand = new Map<string, Values>();
  for (const [key, value] of entriesOf(file, [])) {
    const own = Object.hasOwn(COMMAND_SETTINGS, key) ? COMMAND_SETTINGS[key] : undefined;
    if (own !== undefined && isMapping(value))
      byCommand.set(key, readSection(file, key, { ...globalFlags(), ...own }));
    else everywhere.set(key, readValue(file, [key], specsOf(key)));
  }
  return {
    find(flag, command, spec) {
      const own = byCommand.get(command.join(' '))?.get(flag);
      if (own !== undefined) return own;
      const shared = everywhere.get(flag);
      // `output: sarif` is meant for the commands that know sarif.
      return shared !== undefined && accepts(flag, spec, shared) ? shared : undefined;
    },
  };
}

function readSection(file: YamlFile, command: string, specs: FlagSpecs): Values {
  return new Map(
    entriesOf(file, [command]).map(([flag]) => {
      const spec = Object.hasOwn(specs, flag) ? specs[flag] : undefined;
      if (spec === undefined) throw unknownKey(file, [command, flag], flag, Object.keys(specs));
      return [flag, readValue(file, [command, flag], [spec])];
    }),
  );
}

/** A value that at least one of the flags takes. */
function readValue(file: YamlFile, path: FieldPath, specs: readonly FlagSpec[]): Setting {
  const flag = String(path.at(-1));
  const first = specs[0];
  if (first === undefined) throw unknownKey(file, path, flag, knownKeys());
  const setting = toSetting(file, path);
  if (specs.some((spec) => accepts(flag, spec, setting))) return setting;
  checkFlagValue(flag, first, setting.list ?? setting.text, setting);
  return setting;
}

function accepts(flag: string, spec: FlagSpec, setting: Setting): boolean {
  try {
    checkFlagValue(flag, spec, setting.list ?? setting.text, setting);
    return true;
  } catch (error) {
    if (error instanceof MeshError) return false;
    throw error;
  }
}

function toSetting(file: YamlFile, path: FieldPath): Setting {
  const value = valueAt(file.value, path);
  const where = file.where(path);
  const from = `${where.file}:${where.line}:${where.column}`;
  if (isScalar(value)) return { text: String(value), from, where };
  if (Array.isArray(value) && value.every(isScalar))
    return { text: value.join(','), list: value.map(String), from, where };
  throw new MeshError(
    'BadSetting',
    `${path.join('.')} must be text, a number, true or false, or a list of these`,
    { where },
  );
}

function entriesOf(file: YamlFile, path: FieldPath): [string, unknown][] {
  const value = valueAt(file.value, path);
  if (isMapping(value)) return Object.entries(value);
  throw new MeshError('BadSetting', 'the file must be a map of flags and their values', {
    hint: 'Write lines such as "istioNamespace: istio-system".',
    where: file.where(path),
  });
}

function specsOf(flag: string): readonly FlagSpec[] {
  return [globalFlags(), ...Object.values(COMMAND_SETTINGS)]
    .filter((specs) => Object.hasOwn(specs, flag))
    .flatMap((specs) => specs[flag] ?? []);
}

function globalFlags(): FlagSpecs {
  return Object.fromEntries(
    Object.entries(GLOBAL_FLAGS as FlagSpecs).filter(([, spec]) => spec.settable !== false),
  );
}

function knownKeys(): string[] {
  return [globalFlags(), ...Object.values(COMMAND_SETTINGS)]
    .flatMap((specs) => Object.keys(specs))
    .concat(Object.keys(COMMAND_SETTINGS));
}

function unknownKey(file: YamlFile, path: FieldPath, key: string, known: readonly string[]): MeshError {
  const near = nearestName(key, known);
  return new MeshError('BadSetting', `there is no flag "${key}"`, {
    hint:
      near === undefined
        ? 'Run "mesh experimental config list" for what can be set.'
        : `Did you mean ${near}?`,
    where: file.where(path),
  });
}

function valueAt(value: unknown, path: FieldPath): unknown {
  return path.reduce<unknown>((node, part) => (isMapping(node) ? node[String(part)] : undefined), value);
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isScalar(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}
