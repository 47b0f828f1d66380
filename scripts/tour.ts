/** `npm start`: the main job on Micro Shake Factory: check it, analyse it, and see what a broken copy gets told. */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const factory = 'fixtures/micro-shake-factory';

/** Runs `mesh` as a user would, and returns its exit code. */
function mesh(...args: string[]): number {
  console.log(`\n$ mesh ${args.join(' ')}`);
  const result = spawnSync(process.execPath, ['bin/mesh.js', ...args], { cwd: root, stdio: 'inherit' });
  return result.status ?? 1;
}

/** Ends the tour when a step did not do what the text says. */
function expectExit(actual: number, expected: number): void {
  if (actual === expected) return;
  console.error(`\nThat should have ended with exit code ${expected}, but it was ${actual}.`);
  process.exit(1);
}

console.log(
  'Micro Shake Factory: two services, an ingress gateway, routes, and policies. First, is each object valid?',
);
expectExit(mesh('validate', `${factory}/manifests`), 0);

console.log(
  '\nDo the objects fit together? No cluster is needed: Services and Deployments come from the files too.',
);
expectExit(mesh('analyze', '--use-kube=false', `${factory}/manifests`), 0);

console.log('\nA copy with mistakes in it, as people make them:');
expectExit(mesh('validate', `${factory}/broken`), 1);
expectExit(mesh('analyze', '--use-kube=false', `${factory}/broken`), 79);

console.log(`
What to try next, after "npm link" or with "node bin/mesh.js" in place of "mesh":
  mesh explain VirtualService.spec.http.retries     what a field means, offline
  mesh analyze --use-kube=false -o sarif YOUR/FILES  for a code review
  mesh schema --all DIR                              JSON Schemas for your editor
  mesh completion bash                               completion for your shell
  mesh --help                                        everything else`);
