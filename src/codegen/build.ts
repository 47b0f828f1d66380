/** Builds `dist/`: generated code first, then the bundled commands and the library with its types. */

import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { bundle } from './bundle.ts';
import { pruneTypes } from './prune-types.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs a step on this Node.js and passes its failure on. */
function step(file: string, ...args: string[]): void {
  const result = spawnSync(process.execPath, [join(root, file), ...args], { cwd: root, stdio: 'inherit' });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

step('src/codegen/main.ts');
rmSync(join(root, 'dist', 'js'), { recursive: true, force: true });

await bundle(root, version);

// The types of the library, for those who import it.
if (!process.argv.includes('--quiet')) {
  const types = join(root, 'dist', 'types');
  rmSync(types, { recursive: true, force: true });
  step('node_modules/typescript/bin/tsc', '-p', 'src/codegen/tsconfig.types.json');
  pruneTypes(types, 'index.d.ts');
}
