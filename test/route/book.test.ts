/** Requests over the manifests of a book, which stand beside the repository. */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dump, load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { runMesh } from '../cli/run-mesh.ts';

const BOOK = fileURLToPath(new URL('../../../shared/book-policies', import.meta.url));

interface Chapter {
  readonly files: readonly string[];
  readonly tests: readonly unknown[];
}

const chapters = load(readFileSync(new URL('book.yaml', import.meta.url), 'utf8')) as readonly Chapter[];

describe.runIf(existsSync(BOOK) || process.env['CI'] !== undefined)(
  'requests over the manifests of a book',
  () => {
    it('are at least 60', () => {
      expect(chapters.flatMap(({ tests }) => tests).length).toBeGreaterThanOrEqual(60);
    });

    it.each(chapters)('go where they should: $files', async ({ files, tests }) => {
      const folder = mkdtempSync(join(tmpdir(), 'mesh-book-'));
      try {
        const cases = join(folder, 'cases.yaml');
        writeFileSync(cases, dump({ tests }));
        const run = await runMesh([
          'route',
          'test',
          '--tests',
          cases,
          ...files.map((file) => join(BOOK, file)),
        ]);
        expect(run.stdout).toContain(`All ${tests.length} cases pass.`);
        expect(run.code).toBe(0);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  },
);

describe.skipIf(existsSync(BOOK) || process.env['CI'] !== undefined)('the manifests of a book', () => {
  it(`are left out: ${BOOK} is not there`, () => {
    expect(existsSync(BOOK)).toBe(false);
  });
});
