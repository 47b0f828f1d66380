/**
 * `.mesh.yaml`: what a project has looked at and accepted. It is looked for in the working folder and the
 * folders above it, as far as the root of the repository.
 */

import { stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Suppression } from '../analysis/suppress.ts';
import type { FieldPath } from '../base/field-path.ts';
import { MeshError } from '../base/mesh-error.ts';
import { nearestName } from '../base/nearest.ts';
import type { Context } from './context.ts';
import { readYamlFile, type YamlFile } from '../config/sources/yaml-file.ts';

export const PROJECT_FILE = '.mesh.yaml';

export interface ProjectFile {
  readonly suppressions: readonly Suppression[];
  readonly excludedNamespaces: readonly string[];
}

/** Empty when there is no such file. Throws a `MeshError` with the place of what is wrong in it. */
export async function readProjectFile({ cwd }: Pick<Context, 'cwd'>): Promise<ProjectFile> {
  const path = await findProjectFile(cwd);
  const file = path === undefined ? undefined : await readYamlFile(path, relative(cwd, path));
  if (file?.value === undefined) return { suppressions: [], excludedNamespaces: [] };
  const root = fields(file, [], ['suppress', 'exclude-namespaces']);
  return {
    suppressions: list(file, root['suppress'], ['suppress']).map((entry, index) =>
      suppression(file, entry, ['suppress', index]),
    ),
    excludedNamespaces: list(file, root['exclude-namespaces'], ['exclude-namespaces']).map((entry, index) =>
      text(file, entry, ['exclude-namespaces', index]),
    ),
  };
}

async function findProjectFile(cwd: string): Promise<string | undefined> {
  for (let folder = cwd; ; folder = dirname(folder)) {
    const path = join(folder, PROJECT_FILE);
    if (await exists(path)) return path;
    if (dirname(folder) === folder || (await exists(join(folder, '.git')))) return undefined;
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** `IST0103`, or a map with `code`, and `resource` and `reason` as needed. */
function suppression(file: YamlFile, entry: unknown, path: FieldPath): Suppression {
  const { line } = file.where(path);
  const origin = `${file.where(path).file}:${line}`;
  if (typeof entry === 'string') return { code: entry, origin };
  const { code, resource, reason } = fields(file, path, ['code', 'resource', 'reason'], entry);
  return {
    code: text(file, code, [...path, 'code']),
    ...(resource === undefined ? {} : { resource: text(file, resource, [...path, 'resource']) }),
    ...(reason === undefined ? {} : { reason: text(file, reason, [...path, 'reason']) }),
    origin,
  };
}

function fields(
  file: YamlFile,
  path: FieldPath,
  known: readonly string[],
  value: unknown = file.value,
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw bad(file, path, `must be a map with ${known.join(', ')}`);
  }
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const near = nearestName(key, known);
    throw bad(
      file,
      [...path, key],
      'is no field of this file',
      near === undefined ? `It has ${known.join(', ')}.` : `Did you mean ${near}?`,
    );
  }
  return value as Readonly<Record<string, unknown>>;
}

function list(file: YamlFile, value: unknown, path: FieldPath): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw bad(file, path, 'must be a list');
}

function text(file: YamlFile, value: unknown, path: FieldPath): string {
  if (typeof value === 'string' && value !== '') return value;
  throw bad(file, path, 'must be text');
}

function bad(file: YamlFile, path: FieldPath, problem: string, hint?: string): MeshError {
  const subject = path.length === 0 ? 'the file' : String(path.at(-1));
  return new MeshError('BadSetting', `${subject} ${problem}`, { hint, where: file.where(path) });
}
