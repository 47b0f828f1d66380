import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MeshError } from '../../../src/base/mesh-error.ts';
import { collectFiles, loadPaths } from '../../../src/config/sources/files.ts';

const object = (name: string): string => `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}}\n`;
let root = '';

function put(file: string, text: string | Uint8Array): void {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  writeFileSync(path.join(root, file), text);
}

/** Files below the root, as relative paths with slashes. */
function found(...paths: string[]): string[] {
  const { files } = collectFiles(paths.map((one) => (one === '-' ? one : path.join(root, one))));
  return files.map((file) => (file === '-' ? file : path.relative(root, file).replaceAll('\\', '/')));
}

beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), 'mesh-files-'));
  put('b.yaml', object('b'));
  put('a.yml', object('a'));
  put('c.JSON', '{"apiVersion":"v1","kind":"Service","metadata":{"name":"c"}}');
  put('readme.md', '# no');
  put('sub/d.yaml', object('d'));
  put('sub/deep/e.yaml', object('e'));
  put('.git/x.yaml', object('git'));
  put(
    'ignored/.meshignore',
    '# comment\n\n*.skip.yaml\n/top.yaml\nvendor/\n!keep.skip.yaml\nsub/**/z.yaml\n',
  );
  put('ignored/a.skip.yaml', 'broken: [');
  put('ignored/keep.skip.yaml', object('keep'));
  put('ignored/top.yaml', 'broken: [');
  put('ignored/in/top.yaml', object('top'));
  put('ignored/vendor/v.yaml', 'broken: [');
  put('ignored/sub/x/y/z.yaml', 'broken: [');
  put('ignored/in/.meshignore', 'local.yaml\n');
  put('ignored/in/local.yaml', 'broken: [');
  put('ignored/local.yaml', object('local'));
  put('bad.yaml', Uint8Array.from([0x61, 0x3a, 0x20, 0xff]));
});

afterAll(() => rmSync(root, { recursive: true }));

describe('files', () => {
  it('of a folder are taken with those below it, in a fixed order, manifests only', () => {
    expect(found('.').filter((file) => !file.startsWith('ignored'))).toEqual([
      'a.yml',
      'b.yaml',
      'bad.yaml',
      'c.JSON',
      'sub/d.yaml',
      'sub/deep/e.yaml',
    ]);
  });

  it('are read once, however often they are named', () => {
    expect(found('b.yaml', '.', 'sub/../b.yaml', '-', '-').filter((file) => /^b\.|-/.test(file))).toEqual([
      'b.yaml',
      '-',
    ]);
  });

  it('named by themselves are read whatever their extension, unless told otherwise', () => {
    const given = path.join(root, 'readme.md');
    expect(collectFiles([given])).toMatchObject({ files: [given], unrecognized: [] });
    expect(collectFiles([given], { knownExtensionsOnly: true })).toMatchObject({
      files: [],
      unrecognized: [given],
    });
  });

  it('that .meshignore lists are left out of a folder', () => {
    expect(found('ignored')).toEqual(['ignored/keep.skip.yaml', 'ignored/local.yaml', 'ignored/in/top.yaml']);
    expect(found('ignored/top.yaml')).toEqual(['ignored/top.yaml']);
  });

  it.each([
    ['*.y?ml', ['b.yaml', 'bad.yaml']],
    ['*.yml', ['a.yml']],
    ['[ab].y*', ['a.yml', 'b.yaml']],
    ['sub/**/*.yaml', ['sub/d.yaml', 'sub/deep/e.yaml']],
    ['s*/deep', ['sub/deep/e.yaml']],
  ])('are found by the pattern %s where the shell left it alone', (pattern, expected) => {
    expect(found(pattern).toSorted()).toEqual(expected);
  });

  it('that do not exist are an error', () => {
    expect(() => loadPaths([path.join(root, 'none.yaml')])).toThrow(MeshError);
    expect(() => loadPaths([path.join(root, 'none*.yaml')])).toThrow(/no file or folder/);
  });

  it('in folders reached by a link are not followed, a link to a file is', () => {
    put('links/real/f.yaml', object('f'));
    symlinkSync(path.join(root, 'links'), path.join(root, 'links/real/loop'));
    symlinkSync(path.join(root, 'b.yaml'), path.join(root, 'links/to-b.yaml'));
    expect(found('links')).toEqual(['links/to-b.yaml', 'links/real/f.yaml']);
  });
});

describe('paths that lead nowhere', () => {
  it.skipIf(process.platform === 'win32')('for their links make a circle are an error that says so', () => {
    put('circle/ok.yaml', object('ok'));
    symlinkSync(path.join(root, 'circle/two.yaml'), path.join(root, 'circle/one.yaml'));
    symlinkSync(path.join(root, 'circle/one.yaml'), path.join(root, 'circle/two.yaml'));
    expect(() => loadPaths([path.join(root, 'circle/one.yaml')])).toThrow(
      /cannot read .*one\.yaml: its symbolic links lead in a circle/,
    );
    const { problems, objects } = loadPaths([path.join(root, 'circle')]);
    expect(objects).toHaveLength(1);
    expect(problems.map(({ message }) => message)).toEqual([
      'cannot be read: its symbolic links lead in a circle',
      'cannot be read: its symbolic links lead in a circle',
    ]);
    rmSync(path.join(root, 'circle'), { recursive: true });
  });

  it('for they are empty are an error that says so', () => {
    expect(() => loadPaths([''])).toThrow('the name of a file is empty');
  });

  it('for they are too long are an error that says so', () => {
    expect(() => loadPaths([`${'x'.repeat(5000)}.yaml`])).toThrow(/its name is too long/);
  });
});

describe('loading', () => {
  it('gives objects, problems and counts of all files', () => {
    const loaded = loadPaths([root]);
    expect(loaded.objects.map(({ meta }) => meta.name).slice(0, 3)).toEqual(['a', 'b', 'c']);
    expect(loaded.problems).toEqual([
      expect.objectContaining({ file: path.join(root, 'bad.yaml'), line: 1, column: 4, check: 'Syntax' }),
    ]);
    expect(loaded.files.length).toBeGreaterThan(5);
  });

  it('reads standard input where the path is a dash', () => {
    const loaded = loadPaths(['-'], { readStdin: () => Buffer.from(object('in')) });
    expect(loaded.objects[0]).toMatchObject({ meta: { name: 'in' }, source: { file: '-' } });
  });

  it('skips the templates of Helm charts, and reads what only lies in a folder of that name', () => {
    put('chart/Chart.yaml', 'apiVersion: v2\nname: c\n');
    put('chart/templates/sub/a.yaml', 'a: {{ .Values.a }}\n{{- end }}\n');
    put('chart/templates/plain.yaml', object('plain'));
    put('no-chart/templates/b.yaml', 'a: {{ .Values.a }}\n{{- end }}\n');
    const chart = [path.join(root, 'chart')];
    expect(loadPaths(chart)).toMatchObject({
      problems: [],
      skipped: 2,
      objects: [{ meta: { name: 'plain' } }],
    });
    expect(loadPaths(chart, { strictFiles: true }).problems.map(({ check }) => check)).toEqual([
      'NotAnObject',
      'NotAnObject',
    ]);
    expect(loadPaths([path.join(root, 'no-chart')]).problems[0]?.hint).toMatch(/render it first/);
  });

  it('tells of a file that cannot be read', () => {
    const loaded = loadPaths(['-'], {
      readStdin: () => {
        throw Object.assign(new Error('no'), { code: 'EACCES' });
      },
    });
    expect(loaded.problems[0]?.message).toBe('cannot be read: permission is denied');
  });
});
