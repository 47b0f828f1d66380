/** The launcher: few lines, and plain enough for a Node.js that is too old. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import { describe, expect, test } from 'vitest';

const file = fileURLToPath(new URL('../../bin/mesh.js', import.meta.url));
const source = readFileSync(file, 'utf8');

function launch(words: readonly string[], options: { preload?: string; input?: string } = {}) {
  const preload =
    options.preload === undefined
      ? []
      : ['--import', `data:text/javascript,${encodeURIComponent(options.preload)}`];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...preload, file, ...words], {
    encoding: 'utf8',
    input: options.input ?? '',
  });
  return { status, stdout, stderr };
}

describe('the launcher', () => {
  test('has at most ten lines, parses as a script and uses no syntax newer than import()', () => {
    const code = source.replace(/^#!.*\n/, '');
    expect(source.trimEnd().split('\n').length).toBeLessThanOrEqual(10);
    expect(() => new Script(code)).not.toThrow();
    expect(code).not.toMatch(/\?\.|\?\?|`|\bawait\b|^import\s[^(]/m);
  });

  test.for(['20.20.2', '22.11.0', '18.0.0'])(
    'says to Node.js %s in one line that it is too old, and exits with 1',
    (version) => {
      const preload = `Object.defineProperty(process, 'versions', { value: { node: '${version}' } });
      Object.defineProperty(process, 'version', { value: 'v${version}' });`;
      expect(launch(['version'], { preload })).toEqual({
        status: 1,
        stdout: '',
        stderr: `mesh needs Node.js 22.12 or newer, but this is v${version}.\n`,
      });
    },
  );

  test('runs commands, passes their exit code on and reads standard input', () => {
    expect(launch(['version'])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^client version: /),
    });
    expect(launch(['nope']).status).toBe(2);
    const bad = launch(['validate', '-', '-o', 'json'], { input: 'kind: [' });
    expect(bad.status).toBe(1);
    expect(JSON.parse(bad.stdout)).toMatchObject([{ code: 'MESH1001' }]);
  });
});
