/** Reads a small YAML file of the user's own settings, with a place for each of its values. */

import { readFile } from 'node:fs/promises';
import type { FieldPath } from '../base/field-path.ts';
import { MeshError, type Where } from '../base/mesh-error.ts';

export interface YamlFile {
  /** Undefined for an empty file. */
  readonly value: unknown;
  /** The place of a value, or of its nearest parent that is there. */
  where(path: FieldPath): Required<Pick<Where, 'file' | 'line' | 'column'>>;
}

/** Undefined when there is no such file. Throws a `MeshError` with the place when it cannot be read as YAML. */
export async function readYamlFile(file: string, name: string): Promise<YamlFile | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new MeshError('BadSetting', `cannot be read: ${message}`, { where: { file: name }, cause: error });
  }
  return parseYamlFile(bytes, name);
}

async function parseYamlFile(bytes: Uint8Array, name: string): Promise<YamlFile> {
  const [{ decodeText }, { parseYaml }, { construct, ConstructError }, { DocumentIndex }] = await Promise.all(
    [
      import('../config/parse/decode.ts'),
      import('../config/parse/yaml.ts'),
      import('../config/parse/construct.ts'),
      import('../config/parse/document-index.ts'),
    ],
  );
  const decoded = decodeText(bytes, name);
  if ('problem' in decoded) {
    const { message, hint, line, column } = decoded.problem;
    throw new MeshError('BadSetting', message, { hint, where: { file: name, line, column } });
  }
  const { text } = decoded;
  const fail = (message: string, offset: number, cause?: unknown): MeshError => {
    const before = text.slice(0, offset).split(/\r\n|\r|\n/);
    const where = { file: name, line: before.length, column: (before.at(-1) ?? '').length + 1 };
    return new MeshError('BadSetting', message, { where, cause });
  };
  try {
    const yaml = parseYaml(text);
    const faults: { offset: number; message: string }[] = [];
    const value = construct(yaml.text, yaml.events, faults)[0]?.value;
    const fault = faults[0];
    if (fault !== undefined) throw fail(fault.message, fault.offset);
    let index: InstanceType<typeof DocumentIndex> | undefined;
    return {
      value: value ?? undefined,
      where: (path) => ({ file: name, ...(index ??= new DocumentIndex(text)).locate(0, path) }),
    };
  } catch (error) {
    if (error instanceof MeshError) throw error;
    if (error instanceof ConstructError) throw fail(error.message, error.fault.offset, error);
    const { reason, mark } = error as { reason?: unknown; mark?: { position?: unknown } };
    if (typeof reason !== 'string') throw error;
    throw fail(`not valid YAML: ${reason}`, typeof mark?.position === 'number' ? mark.position : 0, error);
  }
}
