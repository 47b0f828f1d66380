/** How `mesh-proxy` begins. */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const LAUNCHER = fileURLToPath(new URL('../../bin/mesh-proxy.js', import.meta.url));
/** Says, whenever a program begins, how many arenas it has. */
const TELL = `data:text/javascript,process.stderr.write('arenas ' + process.env.MALLOC_ARENA_MAX + ';')`;

function begins(args: readonly string[], arenas?: string): string {
  const { MALLOC_ARENA_MAX: _own, ...env } = process.env;
  const { status, stderr } = spawnSync(process.execPath, ['--import', TELL, LAUNCHER, ...args], {
    encoding: 'utf8',
    env: { ...env, ...(arenas === undefined ? {} : { MALLOC_ARENA_MAX: arenas }) },
  });
  expect(status).toBe(0);
  return stderr;
}

test.runIf(process.platform === 'linux')('what stays running begins once more, with one arena', () => {
  expect(begins(['--engine', 'builtin', '--help'])).toBe('arenas undefined;arenas 1;');
  expect(begins(['--engine', 'builtin', '--help'], '4')).toBe('arenas 4;');
  expect(begins(['wait', '--help'])).toBe('arenas undefined;');
});
