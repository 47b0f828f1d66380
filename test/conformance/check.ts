/** Prints what `validate` says of files and folders: `node test/conformance/check.ts PATH...`. */

import { formatFieldPath } from '../../src/base/field-path.ts';
import { objectName } from '../../src/config/object.ts';
import { loadPaths } from '../../src/config/sources/files.ts';
import { validate } from '../../src/config/validate.ts';

const loaded = loadPaths(process.argv.slice(2));
for (const problem of loaded.problems) {
  const { level, file, line, column, message, hint } = problem;
  process.stdout.write(
    `${level} ${file}:${line}:${column} ${message}${hint === undefined ? '' : ` (${hint})`}\n`,
  );
}
for (const { object, findings } of await validate(loaded.objects)) {
  for (const { level, check, path, message, hint } of findings) {
    const { line, column } = object.source.locate(path);
    const place = `${object.source.file}:${line}:${column}`;
    const field = formatFieldPath(path);
    process.stdout.write(
      `${level} ${check} ${place} (${objectName(object)}) ${field}: ${message}${hint === undefined ? '' : ` (${hint})`}\n`,
    );
  }
}
process.stdout.write(
  `${loaded.objects.length} objects, ${loaded.files.length} files, ${loaded.skipped} documents skipped\n`,
);
