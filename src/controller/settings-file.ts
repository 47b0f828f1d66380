/** Settings of the controller in a file: YAML whose keys are the flags' names. */

import { MeshError } from '../base/mesh-error.ts';
import { nearestName } from '../base/nearest.ts';
import { readYamlFile, type YamlFile } from '../config/sources/yaml-file.ts';

/** Values by the names of their flags. */
export type FileSettings = Readonly<Record<string, readonly string[]>>;

const HINT = 'See mesh-controller --help for the settings.';

/** Throws a `MeshError` for a file that cannot be read, is none, or has a key that is no setting. */
export async function readSettingsFile(file: string, names: readonly string[]): Promise<FileSettings> {
  const read = await readYamlFile(file, file);
  if (read === undefined) {
    throw new MeshError('BadSetting', 'there is no such file with settings', { hint: HINT, where: { file } });
  }
  const { value } = read;
  if (value === null || value === undefined) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw bad(read, '', 'the settings must be a map, as "grpc-addr: 127.0.0.1:15010"');
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, given]) => {
      if (!names.includes(name)) {
        const near = nearestName(name, names);
        const hint = near === undefined ? HINT : `Did you mean ${near}?`;
        throw bad(read, name, `there is no setting ${JSON.stringify(name)}`, hint);
      }
      return [name, textsOf(read, name, given)];
    }),
  );
}

function textsOf(file: YamlFile, name: string, given: unknown): readonly string[] {
  const values: readonly unknown[] = Array.isArray(given) ? given : [given];
  return values.map((one) => {
    if (typeof one === 'string' || typeof one === 'number' || typeof one === 'boolean') return String(one);
    throw bad(file, name, `${name} must be a text or a list of texts`);
  });
}

function bad(file: YamlFile, name: string, message: string, hint = HINT): MeshError {
  return new MeshError('BadSetting', message, { hint, where: file.where(name === '' ? [] : [name]) });
}
