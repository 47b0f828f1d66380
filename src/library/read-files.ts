/** Files and folders as texts for the library. */

import type { SourceFile } from './input.ts';

/**
 * Reads what paths name: files, folders (with all .yaml, .yml and .json files below them, but for those that a
 * .meshignore lists, and for templates of Helm charts) and patterns such as `conf/*.yaml`. Throws a MeshError for a path that does not exist, and
 * for a file that cannot be read or is no text.
 */
export async function readFiles(paths: readonly string[]): Promise<readonly SourceFile[]> {
  const { collectFiles, isChartTemplate, readText } = await import('../config/sources/files.ts');
  const { problemError } = await import('../config/parse/problem.ts');
  return collectFiles(paths).files.flatMap((path) => {
    const read = readText(path);
    if ('problem' in read) throw problemError(read.problem);
    return isChartTemplate(path, read.text) ? [] : [{ path, text: read.text }];
  });
}
