/** The mesh's settings from the file of `--mesh-config`. */

import { resolve } from 'node:path';
import { typedSettings } from '../analysis/mesh-input.ts';
import { findKind } from '../api/kinds.ts';
import { formatFieldPath } from '../base/field-path.ts';
import { MeshError } from '../base/mesh-error.ts';
import type { MeshObject } from '../config/object.ts';
import { dropNulls } from '../config/parse/objects.ts';
import { readYamlFile } from '../config/sources/yaml-file.ts';
import { validate } from '../config/validate.ts';
import type { MeshConfig } from '../model/mesh-settings.ts';
import type { Log } from '../base/log.ts';

const KEY = 'mesh.istio.io/MeshConfig';

/** Reads and checks the file. Throws a `MeshError` with its place for what cannot be one. */
export async function readMeshConfig(file: string, log: Log): Promise<MeshConfig> {
  const yaml = await readYamlFile(resolve(file), file);
  if (yaml === undefined) {
    throw new MeshError('FileNotFound', `there is no file ${file}`, {
      hint: 'Name a file that holds a MeshConfig with --mesh-config.',
    });
  }
  const value = yaml.value ?? {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new MeshError('BadMeshConfig', 'a MeshConfig must be a map of fields', { where: yaml.where([]) });
  }
  dropNulls(value, []);
  const object: MeshObject = {
    key: KEY,
    apiVersion: '',
    group: 'mesh.istio.io',
    version: '',
    kind: 'MeshConfig',
    meta: { name: '', namespace: undefined, labels: {}, annotations: {} },
    value: value as MeshObject['value'],
    info: findKind(KEY),
    source: { file, line: 1, locate: (path) => yaml.where(path) },
  };
  const findings = (await validate([object], { referential: false })).flatMap((checked) => checked.findings);
  for (const { check, level, message, hint, path } of findings) {
    const where = { ...yaml.where(path), field: formatFieldPath(path) };
    // A newer release may have fields that this one does not know.
    if (level === 'Error' && check !== 'UnknownField') {
      throw new MeshError('BadMeshConfig', message, { hint, where });
    }
    log.warn('the MeshConfig is questionable', { ...where, reason: message });
  }
  return (typedSettings(KEY, value) ?? {}) as MeshConfig;
}
