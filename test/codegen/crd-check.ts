/** Runs `test/tools/crdcheck`: the API server's own code on definitions of kinds and on objects. */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const source = join(root, 'test', 'tools', 'crdcheck');

export interface Verdict {
  readonly name?: string;
  readonly id?: string;
  /** No definition is for the object's kind and version. */
  readonly unknown?: boolean;
  readonly errors: readonly string[];
}

export interface CrdCheckInput {
  readonly crds: readonly unknown[];
  readonly objects: readonly { readonly id: string; readonly object: unknown }[];
}

/** Whether Go is there to build the program with. */
export function hasGo(): boolean {
  return spawnSync('go', ['version']).status === 0;
}

/** Builds the program, unless the same sources have been built before. Throws with the compiler's words. */
export function buildCrdCheck(): string {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum', 'main.go']) hash.update(readFileSync(join(source, file)));
  const folder = join(root, '.cache', 'crdcheck');
  const program = join(
    folder,
    hash.digest('hex').slice(0, 16) + (process.platform === 'win32' ? '.exe' : ''),
  );
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  const built = spawnSync('go', ['build', '-o', program, '.'], { cwd: source, encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`go build failed: ${built.stderr}`);
  return program;
}

/** What the API server says of each definition and of each object, in the order given. */
export function runCrdCheck(program: string, input: CrdCheckInput): { crds: Verdict[]; objects: Verdict[] } {
  const run = spawnSync(program, { input: JSON.stringify(input), encoding: 'utf8', maxBuffer: 1 << 28 });
  if (run.status !== 0) throw new Error(`crdcheck failed: ${run.stderr}`);
  return JSON.parse(run.stdout) as { crds: Verdict[]; objects: Verdict[] };
}
