/** Reads one side of a comparison: a file, a folder, standard input or a profile. */

import { formatPosition, MeshError } from '../base/mesh-error.ts';
import { nearestName } from '../base/nearest.ts';
import { isGlob } from '../config/sources/glob.ts';
import { PROFILES } from '../install/profiles.ts';
import type { Context } from './context.ts';
import { pathKind } from './path-kind.ts';
import { loadInput } from './load-input.ts';

type Fields = Readonly<Record<string, unknown>>;

const PROFILE = 'profile:';

/**
 * The objects of a side; undefined when something in it cannot be read, which is then told on standard error.
 * Throws a `MeshError` with code `BadArgument` for what is neither a file nor a profile.
 */
export async function readSide(side: string, context: Context): Promise<readonly Fields[] | undefined> {
  const profile = profileOf(side);
  if (profile !== undefined) {
    const [{ profileResources }, { packageParts }] = await Promise.all([
      import('../install/render.ts'),
      import('./package-parts.ts'),
    ]);
    return (await profileResources(profile, packageParts())).map((resource): Fields => ({ ...resource }));
  }
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

/** The profile that the side names; undefined for a path. */
function profileOf(side: string): string | undefined {
  if (side.startsWith(PROFILE)) {
    const name = side.slice(PROFILE.length);
    if (PROFILES.includes(name)) return name;
    throw unknown(`there is no profile "${name}"`, name);
  }
  if (side === '-' || isPath(side) || isGlob(side)) return undefined;
  if (PROFILES.includes(side)) return side;
  throw unknown(`there is no file, folder or profile ${side}`, side);
}

/** An error that does not end with 1, which would say that the sides differ. */
function unknown(message: string, name: string): MeshError {
  const near = nearestName(name, PROFILES);
  return new MeshError('BadArgument', message, {
    hint: `${near === undefined ? '' : `Did you mean ${near}? `}The profiles are ${PROFILES.join(', ')}.`,
  });
}

async function load(side: string, context: Context): ReturnType<typeof loadInput> {
  try {
    return await loadInput([side], { strictFiles: false, knownExtensionsOnly: false }, context);
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    throw new MeshError('BadArgument', error.message, { hint: error.hint, where: error.where, cause: error });
  }
}

function isPath(side: string): boolean {
  return pathKind(side) !== 'nothing';
}
