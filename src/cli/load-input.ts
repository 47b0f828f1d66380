/** Reads the files, folders and standard input that a command was given. */

import { MAX_FILE_BYTES } from '../config/parse/bounds.ts';
import { collectFiles, type Loaded, loadFile, STDIN } from '../config/sources/files.ts';
import type { Context } from './context.ts';
import { Progress } from './progress.ts';

export interface LoadChoices {
  readonly strictFiles: boolean;
  /** Pass over files that do not end in .yaml, .yml or .json, with a note. */
  readonly knownExtensionsOnly: boolean;
}

/** Everything that the paths name, in their order. Throws a `MeshError` for a path that does not exist. */
export async function loadInput(
  paths: readonly string[],
  { strictFiles, knownExtensionsOnly }: LoadChoices,
  context: Context,
): Promise<Loaded> {
  const { files, unrecognized } = collectFiles(paths, { knownExtensionsOnly });
  for (const file of unrecognized) {
    context.stderr.write(`Skipping file ${file}, recognized file extensions are: [.json .yaml .yml]\n`);
  }
  if (paths.length > 0 && files.length === 0 && unrecognized.length === 0) {
    context.stderr.write(`Note: there are no .yaml, .yml or .json files in ${paths.join(', ')}\n`);
  }
  if (files.includes(STDIN) && context.stdin.isTTY) {
    context.stderr.write('Note: reading what you type; end it with Ctrl-D on a line of its own.\n');
  }
  const stdin = files.includes(STDIN) ? await context.stdin.bytes(MAX_FILE_BYTES) : new Uint8Array();
  const progress = new Progress(context);
  const objects: Loaded['objects'][number][] = [];
  const problems: Loaded['problems'][number][] = [];
  let skipped = 0;
  let documents = 0;
  for (const [index, file] of files.entries()) {
    progress.step(() => `Reading file ${index + 1} of ${files.length}`);
    const loaded = loadFile(file, { strictFiles, readStdin: () => stdin });
    for (const object of loaded.objects) objects.push(object);
    for (const problem of loaded.problems) problems.push(problem);
    skipped += loaded.skipped;
    documents += loaded.documents;
  }
  progress.end();
  return { objects, problems, files, unrecognized, skipped, documents };
}
