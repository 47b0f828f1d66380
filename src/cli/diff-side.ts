/** Reads one side of a comparison: a file, a folder, standard input or a profile. */

import { statSync } from 'node:fs';
import { MeshError, formatPosition } from '../base/mesh-error.ts';
import type { Context } from './context.ts';
import { loadInput } from './load-input.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * The objects of a side; undefined when something in it cannot be read, which is then told on standard error.
 * Throws a `MeshError` with code `BadArgument` for what is neither a file nor a profile.
 */
export async function readSide(side: string, context: Context): Promise<readonly Fields[] | undefined> {
  const { objects, problems, skipped, documents } = await load(side, context);
  const errors = problems.filter(({ level }) => level === 'Error');
  for (const { message, hint, ...where } of errors) {
    context.stderr.write(`Error: ${formatPosition(where) ?? side}: ${message}\n`);
    if (hint !== undefined) context.stderr.write(`  ${hint}\n`);
  }
  if (errors.length > 0) return undefined;
  if (documents === 0 || skipped > 0) {
    const what = documents === 0 ? 'holds no documents' : `holds ${skipped} that are no Kubernetes objects`;
    context.stderr.write(`Note: ${side === '-' ? 'standard input' : side} ${what}.\n`);
  }
  return objects.map(({ value }) => value);
}

async function load(side: string, context: Context): ReturnType<typeof loadInput> {
  try {
    return await loadInput([side], { strictFiles: false, knownExtensionsOnly: false }, context);
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    // 1 would say that the sides differ.
    throw new MeshError('BadArgument', error.message, { hint: error.hint, where: error.where, cause: error });
  }
}

/** Whether there is a file or folder of that name. */
export function isPath(side: string): boolean {
  return statSync(side, { throwIfNoEntry: false }) !== undefined;
}
