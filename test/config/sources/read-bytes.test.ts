import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBytes, readFailure } from '../../../src/config/sources/read-bytes.ts';

let root = '';
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), 'mesh-bytes-'));
});
afterAll(() => rmSync(root, { recursive: true }));

function file(bytes: number): string {
  const name = path.join(root, String(bytes));
  writeFileSync(name, Buffer.alloc(bytes, 'a'));
  return name;
}

describe('the bytes of a file', () => {
  it.each([0, 1, 70_000])('are all read where there are %i', (size) => {
    expect(readBytes(file(size), 100_000)?.length).toBe(size);
  });

  it('are read up to the limit, and not beyond', () => {
    expect(readBytes(file(100), 100)?.length).toBe(100);
    expect(readBytes(file(101), 100)).toBeUndefined();
  });

  it.skipIf(process.platform === 'win32')('are read to the limit only where there is no end', () => {
    expect(readBytes('/dev/zero', 1_000_000)).toBeUndefined();
  });
});

describe('the reason why a file cannot be read', () => {
  it.each([
    ['ENOENT', 'a.yaml', 'it does not exist'],
    ['ENOENT', 'a\uFFFD.yaml', 'its name is not valid UTF-8'],
    ['EISDIR', 'a', 'it is a folder'],
    ['EPERM', 'a', 'permission is denied'],
    ['EIO', 'a', 'EIO: the disk broke'],
  ])('%s of %j is put in words', (code, name, reason) => {
    expect(readFailure(name, Object.assign(new Error('EIO: the disk broke'), { code }))).toBe(reason);
  });
});
