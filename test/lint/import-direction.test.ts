import { execFileSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync, copyFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const require = createRequire(import.meta.url);
const oxlint = join(dirname(require.resolve('oxlint/package.json')), 'bin', 'oxlint');

/** Lints one file with the project's rules, as if it stood at `path`; gives what the linter prints. */
function lint(folder: string, path: string, text: string): { ok: boolean; output: string } {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  try {
    return {
      ok: true,
      output: execFileSync(process.execPath, [oxlint, path], { cwd: folder, encoding: 'utf8' }),
    };
  } catch (error) {
    const { stdout } = error as { stdout: string };
    return { ok: false, output: stdout };
  } finally {
    rmSync(file);
  }
}

describe('the lint step', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'lateen-lint-'));
    copyFileSync('.oxlintrc.json', join(folder, '.oxlintrc.json'));
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  const wrong: readonly [path: string, imported: string][] = [
    ['src/base/a.ts', '../api/kinds.ts'],
    ['src/api/a.ts', '../config/object.ts'],
    ['src/config/a.ts', '../model/snapshot.ts'],
    ['src/config/rules/networking/a.ts', '../../../analysis/engine.ts'],
    ['src/config/sources/a.ts', '../../cli/main.ts'],
    ['src/model/a.ts', '../analysis/engine.ts'],
    ['src/analysis/analyzers/gateway/a.ts', '../../../cli/main.ts'],
    ['src/analysis/a.ts', '../library/validate.ts'],
    ['src/library/a.ts', '../codegen/crd.ts'],
    ['src/install/a.ts', '../cli/version.ts'],
    ['src/install/a.ts', 'node:fs'],
    ['src/xds/a.ts', '../config/object.ts'],
    ['src/controller/a.ts', '../proxy/agent.ts'],
    ['src/proxy/a.ts', '../model/snapshot.ts'],
    ['src/sandbox/a.ts', '../controller/main.ts'],
    ['src/model/a.ts', 'node:fs'],
    ['src/config/parse/a.ts', 'node:fs'],
  ];
  it.each(wrong)('refuses that %s imports %s', (path, imported) => {
    const result = lint(folder, path, `import { a } from '${imported}';\nexport const b = a;\n`);
    expect(result.ok).toBe(false);
    expect(result.output).toContain('docs/architecture.md');
  });

  const right: readonly [path: string, imported: string][] = [
    ['src/api/a.ts', '../base/mesh-error.ts'],
    ['src/config/rules/networking/a.ts', '../../../base/hostname.ts'],
    ['src/config/sources/a.ts', 'node:fs'],
    ['src/model/a.ts', '../config/object.ts'],
    ['src/analysis/analyzers/gateway/a.ts', '../../../model/snapshot.ts'],
    ['src/cli/commands/a.ts', '../../analysis/engine.ts'],
    ['src/library/a.ts', '../analysis/engine.ts'],
  ];
  it.each(right)('allows that %s imports %s', (path, imported) => {
    const result = lint(folder, path, `import { a } from '${imported}';\nexport const b = a;\n`);
    expect(result.output).not.toContain('docs/architecture.md');
    expect(result.ok).toBe(true);
  });

  it.each([
    ['the clock', 'export const now = Date.now();\n'],
    ['the environment', 'export const home = process.env;\n'],
    ['randomness', 'export const dice = Math.random();\n'],
  ])('keeps %s out of the pure folders', (_what, text) => {
    expect(lint(folder, 'src/model/a.ts', text).ok).toBe(false);
    expect(lint(folder, 'src/cli/a.ts', text).ok).toBe(true);
  });
});
