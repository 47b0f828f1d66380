/** `--meshConfigFile` and `--meshNetworksFile`: the mesh's settings from files, checked. */

import { resolve } from 'node:path';
import { findKind } from '../api/kinds.ts';
import { meshNetworksObject, typedSettings } from '../analysis/mesh-input.ts';
import { formatFieldPath } from '../base/field-path.ts';
import { MeshError, type Where } from '../base/mesh-error.ts';
import { printable } from '../base/printable.ts';
import type { MeshObject } from '../config/object.ts';
import { dropNulls } from '../config/parse/objects.ts';
import { validate } from '../config/validate.ts';
import type { MeshConfig, MeshNetworks } from '../model/mesh-settings.ts';
import type { Context } from './context.ts';
import { readYamlFile } from '../config/sources/yaml-file.ts';

/** Reads a MeshConfig. Throws a `MeshError` for what cannot be one. */
export async function readMeshConfig(name: string, context: Context): Promise<MeshConfig> {
  const { value, key } = await readSettings('MeshConfig', name, context);
  return (typedSettings(key, value) ?? {}) as MeshConfig;
}

/** Reads MeshNetworks, as an object that findings can be about. Throws a `MeshError` for what cannot be some. */
export async function readMeshNetworks(
  name: string,
  istioNamespace: string,
  context: Context,
): Promise<MeshObject<MeshNetworks>> {
  const { value, key, source } = await readSettings('MeshNetworks', name, context);
  return meshNetworksObject((typedSettings(key, value) ?? {}) as MeshNetworks, istioNamespace, { source });
}

/**
 * Reads a file of settings. A wrong value is a `MeshError` with its place; a field that is not known, which a
 * newer release may have, is only noted.
 */
async function readSettings(
  kind: 'MeshConfig' | 'MeshNetworks',
  name: string,
  { cwd, stderr }: Context,
): Promise<MeshObject> {
  const key = `mesh.istio.io/${kind}`;
  const file = await readYamlFile(resolve(cwd, name), name);
  if (file === undefined) {
    const flag = kind === 'MeshConfig' ? 'meshConfigFile' : 'meshNetworksFile';
    throw new MeshError('FileNotFound', `--${flag} names ${name}, which does not exist`, {
      hint: `Name a file that holds ${kind === 'MeshConfig' ? 'a MeshConfig' : kind}.`,
    });
  }
  const value = file.value ?? {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new MeshError(`Bad${kind}`, `${kind} must be a map of fields`, { where: file.where([]) });
  }
  requireSettings(kind, value, file.where(['kind']));
  dropNulls(value, []);
  const object: MeshObject = {
    key,
    apiVersion: '',
    group: 'mesh.istio.io',
    version: '',
    kind,
    meta: { name: '', namespace: undefined, labels: {}, annotations: {} },
    value: value as MeshObject['value'],
    info: findKind(key),
    source: { file: name, line: 1, locate: (path) => file.where(path) },
  };
  const findings = (await validate([object], { referential: false })).flatMap((checked) => checked.findings);
  for (const { check, level, message, path, hint } of findings) {
    const where = { ...file.where(path), field: formatFieldPath(path) };
    if (level === 'Error' && check !== 'UnknownField')
      throw new MeshError(`Bad${kind}`, message, { hint, where });
    stderr.write(`Warning: ${where.file}:${where.line}:${where.column}: ${where.field}: ${message}\n`);
  }
  return object;
}

/** Where an object that is often named by mistake has the settings. */
const INSIDE: Readonly<Record<string, string>> = {
  ConfigMap: 'Name a file with what its data holds, as kubectl get -o jsonpath prints it.',
  IstioOperator: 'Name a file with what is under its spec.meshConfig.',
};

/** Refuses another Kubernetes object, of which nothing would be read. */
function requireSettings(kind: string, value: object, where: Where): void {
  const other: unknown = 'kind' in value ? value.kind : undefined;
  if (other === undefined || other === kind) return;
  const name = printable(String(other));
  throw new MeshError(`Bad${kind}`, `${name} is not ${kind}`, {
    hint: INSIDE[name] ?? `Name a file that holds the fields of ${kind}.`,
    where,
  });
}
