import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PathWatch } from '../../../src/config/sources/path-watch.ts';

/** Looking comes too late for every test here: the operating system has to tell. */
const NEVER = 3_600_000;

let folder: string;
let watch: PathWatch;
let calls: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lateen-watch-'));
  mkdirSync(join(folder, 'a/b'), { recursive: true });
  writeFileSync(join(folder, 'a/b/file.yaml'), '1');
  calls = 0;
});
afterEach(() => {
  watch.close();
  rmSync(folder, { recursive: true });
});

function start(path: string): void {
  watch = new PathWatch([path], { lookEvery: NEVER }, () => (calls += 1));
}

/** Does something until it is heard of. */
async function isHeard(change: () => void): Promise<void> {
  const before = calls;
  await expect
    .poll(() => {
      if (calls === before) change();
      return calls;
    })
    .toBeGreaterThan(before);
}

describe('changes are heard of', () => {
  test.each<[string, () => void]>([
    ['that write a file', () => writeFileSync(join(folder, 'a/b/file.yaml'), '2')],
    [
      'that put another file in its place',
      () => {
        writeFileSync(join(folder, 'a/other'), '3');
        renameSync(join(folder, 'a/other'), join(folder, 'a/b/file.yaml'));
      },
    ],
    ['that remove a file', () => rmSync(join(folder, 'a/b/file.yaml'), { force: true })],
  ])('%s in a folder of a folder', async (_what, change) => {
    start(folder);
    await isHeard(change);
  });

  test('in a folder that came later, and came again', async () => {
    start(folder);
    for (const round of [1, 2]) {
      await isHeard(() => mkdirSync(join(folder, 'new'), { recursive: true }));
      await isHeard(() => writeFileSync(join(folder, 'new/file.yaml'), String(round)));
      rmSync(join(folder, 'new'), { recursive: true });
    }
  });

  test('of a file that is named itself', async () => {
    start(join(folder, 'a/b/file.yaml'));
    await isHeard(() => {
      writeFileSync(join(folder, 'a/other'), '3');
      renameSync(join(folder, 'a/other'), join(folder, 'a/b/file.yaml'));
    });
  });
});
