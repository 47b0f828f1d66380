/** `--meshConfigFile`: the mesh's settings from a file, checked. */

import { resolve } from 'node:path';
import { findKind } from '../api/kinds.ts';
import { formatFieldPath } from '../base/field-path.ts';
import { MeshError } from '../base/mesh-error.ts';
import type { MeshObject } from '../config/object.ts';
import { validate } from '../config/validate.ts';
import type { MeshConfig } from '../model/mesh-settings.ts';
import type { Context } from './context.ts';
import { readYamlFile } from './yaml-file.ts';

const KEY = 'mesh.istio.io/MeshConfig';

/**
 * Reads a MeshConfig. A wrong value is a `MeshError` with its place; a field that is not known, which a newer
 * release may have, is only noted.
 */
export async function readMeshConfig(name: string, { cwd, stderr }: Context): Promise<MeshConfig> {
  const file = await readYamlFile(resolve(cwd, name), name);
  if (file === undefined) {
    throw new MeshError('FileNotFound', `--meshConfigFile names ${name}, which does not exist`, {
      hint: 'Name a file that holds a MeshConfig.',
    });
  }
  const { value } = file;
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new MeshError('BadMeshConfig', 'a MeshConfig must be a map of fields', { where: file.where([]) });
  }
  const object: MeshObject = {
    key: KEY,
    apiVersion: '',
    group: 'mesh.istio.io',
    version: '',
    kind: 'MeshConfig',
    meta: { name: '', namespace: undefined, labels: {}, annotations: {} },
    value: value as MeshObject['value'],
    info: findKind(KEY),
    source: { file: name, line: 1, locate: (path) => file.where(path) },
  };
  const findings = (await validate([object], { referential: false })).flatMap((checked) => checked.findings);
  for (const { check, level, message, path, hint } of findings) {
    const where = { ...file.where(path), field: formatFieldPath(path) };
    if (level === 'Error' && check !== 'UnknownField')
      throw new MeshError('BadMeshConfig', message, { hint, where });
    stderr.write(`Warning: ${where.file}:${where.line}:${where.column}: ${where.field}: ${message}\n`);
  }
  return value as MeshConfig;
}
