import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FolderSource } from '../../../src/config/sources/folders.ts';
import type { ChangeSet } from '../../../src/config/sources/source.ts';

const OPTIONS = {
  debounce: { quiet: 5, max: 100 },
  lookEvery: 200,
  defaultNamespace: 'default',
  rootNamespace: 'istio-system',
};

let folder = '';
let source: FolderSource;
let changes: ChangeSet[];
let wake: () => void;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lateen-folders-'));
  changes = [];
  wake = () => {};
});
afterEach(() => {
  source.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function start(paths = [folder]): Promise<void> {
  source = new FolderSource(paths, OPTIONS);
  await source.start((change) => {
    changes.push(change);
    wake();
  });
}

function write(file: string, text: string): void {
  writeFileSync(join(folder, file), text);
}

/** A VirtualService whose only route has this weight; 100 is fine, below 0 is not. */
function route(name: string, weight = 100): string {
  return `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ${name}, namespace: shop}
spec:
  hosts: [juice]
  http:
  - route:
    - destination: {host: juice}
      weight: ${weight}
---
`;
}

/** Waits until what the source holds is as wanted; the test's own time limit ends a wait in vain. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise<void>((resolve) => (wake = resolve));
}

function names(): string[] {
  return source.objects.map(({ meta }) => meta.name);
}

function weightOf(name: string): unknown {
  const object = source.objects.find(({ meta }) => meta.name === name);
  return JSON.stringify(object?.value).match(/"weight":(\d+)/)?.[1];
}

describe('a folder as a source', () => {
  test('gives the good objects and sets the bad ones aside with their errors', async () => {
    write('a.yaml', route('good') + route('bad', -1));
    await start();
    expect(names()).toEqual(['good']);
    expect(source.rejections).toMatchObject([
      { file: join(folder, 'a.yaml'), line: 11, object: 'VirtualService shop/bad', isEarlierInForce: false },
    ]);
    expect(source.rejections[0]?.errors[0]).toContain('spec.http[0].route[0].weight');
  });

  test('tells of what was added, changed and removed', async () => {
    write('a.yaml', route('one') + route('two'));
    await start();
    write('b.yaml', route('three'));
    await until(() => names().includes('three'));
    write('a.yaml', route('one') + route('two', 50));
    await until(() => weightOf('two') === '50');
    rmSync(join(folder, 'b.yaml'));
    await until(() => !names().includes('three'));
    const told = changes.map(({ changed, removed }) => [
      changed.map(({ meta }) => meta.name),
      removed.map(({ meta }) => meta.name),
    ]);
    expect(told).toEqual([
      [['three'], []],
      [['two'], []],
      [[], ['three']],
    ]);
  });

  test('keeps the last good version of an object that becomes bad, until it is good again', async () => {
    write('a.yaml', route('one', 40) + route('two', 40));
    await start();
    write('a.yaml', route('one', 60) + route('two', -1));
    await until(() => source.rejections.length > 0);
    expect([weightOf('one'), weightOf('two')]).toEqual(['60', '40']);
    expect(source.rejections).toMatchObject([{ object: 'VirtualService shop/two', isEarlierInForce: true }]);
    write('a.yaml', route('one', 60) + route('two', 70));
    await until(() => source.rejections.length === 0);
    expect([weightOf('one'), weightOf('two')]).toEqual(['60', '70']);
  });

  test('keeps all that a file held when its text is no longer YAML', async () => {
    write('a.yaml', route('one') + route('two'));
    await start();
    write('a.yaml', `${route('one', 60)}kind: [`);
    await until(() => source.rejections.length > 0);
    expect(names().toSorted()).toEqual(['one', 'two']);
    expect(weightOf('one')).toBe('60');
    expect(source.rejections).toMatchObject([{ object: undefined, isEarlierInForce: true }]);
  });

  test('sees files in new folders, and files that are replaced as a whole', async () => {
    write('a.yaml', route('one'));
    await start();
    mkdirSync(join(folder, 'inner'));
    write('inner/b.yaml', route('two'));
    await until(() => names().includes('two'));
    write('next.tmp', route('three'));
    renameSync(join(folder, 'next.tmp'), join(folder, 'a.yaml'));
    await until(() => names().includes('three'));
    expect(names()).toEqual(['three', 'two']);
  });

  test('watches a file that is named by itself', async () => {
    write('a.yaml', route('one'));
    write('b.yaml', route('other'));
    await start([join(folder, 'a.yaml')]);
    write('a.yaml', route('two'));
    await until(() => names().includes('two'));
    expect(names()).toEqual(['two']);
  });

  test('keeps what it has when the folder goes, says so, and takes the new one', async () => {
    const inner = join(folder, 'inner');
    mkdirSync(inner);
    write('inner/a.yaml', route('one'));
    await start([inner]);
    renameSync(inner, join(folder, 'away'));
    await until(() => source.rejections.length > 0);
    expect(names()).toEqual(['one']);
    expect(source.rejections[0]?.errors[0]).toContain('there is no file or folder');
    mkdirSync(inner);
    write('inner/a.yaml', route('two'));
    await until(() => names().includes('two') && source.rejections.length === 0);
  });

  test('cannot start without the folder', async () => {
    source = new FolderSource([join(folder, 'missing')], OPTIONS);
    await expect(source.start(() => {})).rejects.toThrow('there is no file or folder');
  });
});
