/** What `mesh route test` does: reads manifests and cases, runs the cases, reports. */

import { MeshError } from '../../base/mesh-error.ts';
import { STDIN, collectFiles } from '../../config/sources/files.ts';
import type { RouteTestInvocation } from '../commands/route/test.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { type RouteCase, readCases } from './cases.ts';
import { loadMesh } from './load-mesh.ts';
import { reportCases } from './report-cases.ts';
import { runCase } from './run-cases.ts';

export async function testFiles(
  paths: readonly string[],
  { flags }: RouteTestInvocation,
  context: Context,
  withCluster: boolean,
): Promise<number> {
  const cases = await casesOf(flags.tests.length > 0 ? flags.tests : paths, flags.tests.length > 0);
  if (cases.length === 0) {
    throw new MeshError('MissingArgument', 'there are no cases in the files', {
      hint: 'A file of cases has a list "tests" (or "testCases") at its top; docs/route.md shows one.',
    });
  }
  const { mesh } = await loadMesh(paths, flags, withCluster, context);
  const results = cases.map((one) => runCase(one, mesh, flags));
  context.stdout.write(reportCases(results, flags.output));
  return results.every(({ passed }) => passed) ? EXIT.ok : EXIT.failed;
}

/** Among manifests only files that look like cases are read as such, so that others may be anything. */
async function casesOf(paths: readonly string[], isOnlyCases: boolean): Promise<readonly RouteCase[]> {
  const { readText } = await import('../../config/sources/files.ts');
  const cases: RouteCase[] = [];
  for (const file of collectFiles(paths, { knownExtensionsOnly: true }).files) {
    if (file === STDIN) continue;
    const decoded = readText(file);
    const looksLike = 'text' in decoded && /^\s*["']?(?:tests|testCases)["']?\s*:/m.test(decoded.text);
    if (isOnlyCases || looksLike) cases.push(...(await readCases(file)));
  }
  return cases;
}
