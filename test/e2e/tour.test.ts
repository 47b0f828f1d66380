/** `npm start`, as someone new runs it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

const TOUR = fileURLToPath(new URL('../../scripts/tour.ts', import.meta.url));

let folder: string;
let child: ChildProcess;
let output: string;

function start(): void {
  output = '';
  child = spawn(process.execPath, [TOUR], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: folder },
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
}

/** Programs that the tour has started and that still run. */
function running(pid = child.pid): readonly string[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .filter((one) => one !== '');
}

function leftovers(): readonly string[] {
  // Node.js' own cache stays, as it should.
  return readdirSync(folder).filter((name) => name !== 'node-compile-cache');
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lateen-tour-test-'));
});
afterEach(() => {
  child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

test(
  'runs through without a terminal, shows the route changing, and ends with 0',
  { timeout: 90_000 },
  async () => {
    start();
    const [code] = await once(child, 'close');
    expect(output).toContain('{"ver":"2","fruit":"Orange"}');
    expect(output).toContain('"price":4.9');
    expect(output).toMatch(/After \d+ ms:/);
    expect(code).toBe(0);
    expect(leftovers()).toEqual([]);
  },
);

test.each(['SIGINT', 'SIGHUP'] as const)(
  'leaves nothing behind when it is ended by %s',
  { timeout: 90_000 },
  async (signal) => {
    start();
    await vi.waitFor(() => expect(output).toContain('as processes of this machine'), {
      timeout: 60_000,
      interval: 20,
    });
    await vi.waitFor(() => expect(running().length).toBeGreaterThan(3), { timeout: 20_000, interval: 20 });
    const pids = running();
    child.kill(signal);
    await once(child, 'close');
    for (const pid of pids) expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH');
    expect(leftovers()).toEqual([]);
  },
);
