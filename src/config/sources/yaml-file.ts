/** Reads a small YAML file of the user's own settings, with a place for each of its values. */

import type { FieldPath } from '../../base/field-path.ts';
import { MeshError, type Where } from '../../base/mesh-error.ts';
import { readBytes, readFailure } from './read-bytes.ts';

/** Far more than settings written by people have. */
const MAX_SETTINGS_BYTES = 16 * 1024 * 1024;

export interface YamlFile {
  /** Undefined for an empty file. */
  readonly value: unknown;
  /** The place of a value, or of its nearest parent that is there. */
  where(path: FieldPath): Required<Pick<Where, 'file' | 'line' | 'column'>>;
}

/** Undefined when there is no such file. Throws a `MeshError` with the place when it cannot be read as YAML. */
export async function readYamlFile(file: string, name: string): Promise<YamlFile | undefined> {
  const fail = (reason: string, cause?: unknown): MeshError =>
    new MeshError('BadSetting', `cannot be read: ${reason}`, { where: { file: name }, cause });
  let bytes: Uint8Array | undefined;
  try {
    bytes = readBytes(file, MAX_SETTINGS_BYTES);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw fail(readFailure(file, error), error);
  }
  if (bytes === undefined) throw fail(`it has more than ${MAX_SETTINGS_BYTES / 1024 / 1024} MiB`);
  return parseYamlFile(bytes, name);
}

async function parseYamlFile(bytes: Uint8Array, name: string): Promise<YamlFile> {
  const [{ decodeText }, { parseYaml }, { construct, ConstructError }, { DocumentIndex }] = await Promise.all(
    [
      import('../parse/decode.ts'),
      import('../../base/yaml-events.ts'),
      import('../parse/construct.ts'),
      import('../parse/document-index.ts'),
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
