/** Defaults of flags from `MESH_*` and from `~/.mesh/config.yaml` (or the file that $MESHCONFIG names). */

import { stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { MeshError } from '../base/mesh-error.ts';
import type { Io, Setting, SettingsSource } from './context.ts';

/** For what no setting may change. */
export const NO_SETTINGS: SettingsSource = { find: () => undefined };

/** The name of the environment variable of a flag: `--failure-threshold` is `MESH_FAILURE_THRESHOLD`. */
export function settingVariable(flag: string): string {
  return `MESH_${flag.toUpperCase().replaceAll('-', '_')}`;
}

/** The environment wins over the file. A missing default file is fine, a missing named one is an error. */
export async function loadSettings(io: Io): Promise<SettingsSource> {
  const file = await loadFile(io);
  return {
    find(flag, command, spec): Setting | undefined {
      const variable = settingVariable(flag);
      const text = io.env[variable];
      if (text !== undefined && text !== '') return { text, from: `$${variable}` };
      return file.find(flag, command, spec);
    },
  };
}

async function loadFile(io: Io): Promise<SettingsSource> {
  const named = io.env.MESHCONFIG;
  const isNamed = named !== undefined && named !== '';
  const path = isNamed
    ? isAbsolute(named)
      ? named
      : join(io.cwd, named)
    : join(io.homeDir, '.mesh', 'config.yaml');
  if (!(await exists(path))) {
    if (!isNamed) return NO_SETTINGS;
    throw new MeshError('BadSetting', `$MESHCONFIG names the file ${named}, which does not exist`, {
      hint: 'Create the file, or unset MESHCONFIG to use ~/.mesh/config.yaml.',
    });
  }
  const { readSettingsFile } = await import('./settings-file.ts');
  return readSettingsFile(path);
}

/** Anything but a clean "no such file" is left for the reader to explain. */
async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code !== 'ENOENT' && code !== 'ENOTDIR';
  }
}
