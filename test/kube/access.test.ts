import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadAccess } from '../../src/kube/access.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lateen-access-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function kubeconfig(server = 'https://10.0.0.1:6443/', cluster: object = {}): string {
  const file = join(folder, 'config');
  writeFileSync(
    file,
    JSON.stringify({
      'current-context': 'one',
      contexts: [
        { name: 'one', context: { cluster: 'one', user: 'admin' } },
        { name: 'two', context: { cluster: 'missing', user: 'admin' } },
      ],
      clusters: [{ name: 'one', cluster: { server, ...cluster } }],
      users: [{ name: 'admin', user: { token: 'secret' } }],
    }),
  );
  return file;
}

describe('access to a cluster', () => {
  test('comes from the current context of a kubeconfig file', async () => {
    const access = await loadAccess({ kubeconfig: kubeconfig() });
    expect(access).toMatchObject({ server: 'https://10.0.0.1:6443', name: 'one' });
    const options: RequestOptions = { headers: { accept: 'application/json' } };
    await access.apply(options);
    expect(options.headers).toEqual({ accept: 'application/json', Authorization: 'Bearer secret' });
  });

  test.each([
    ['a file that is not there', () => ({ kubeconfig: join(folder, 'none') }), 'there is no such file'],
    [
      'a context that is almost one',
      () => ({ kubeconfig: kubeconfig(), context: 'onee' }),
      'no context "onee"',
    ],
    [
      'a context without a cluster',
      () => ({ kubeconfig: kubeconfig(), context: 'two' }),
      'no cluster for the context "two"',
    ],
    ['an address that is none', () => ({ kubeconfig: kubeconfig('boats') }), 'no https:// URL'],
    [
      'a server without encryption',
      () => ({ kubeconfig: kubeconfig('http://10.0.0.1') }),
      'without encryption',
    ],
  ])('is refused for %s', async (_what, options, message) => {
    await expect(loadAccess(options())).rejects.toThrow(
      expect.objectContaining({ code: 'BadKubeconfig', message: expect.stringContaining(message) }),
    );
  });

  test.each(['', '- 1', 'a: [', '7'])('is refused for the file %j, in words', async (text) => {
    const file = join(folder, 'config');
    writeFileSync(file, text);
    await expect(loadAccess({ kubeconfig: file })).rejects.toThrow(
      expect.objectContaining({ code: 'BadKubeconfig', where: { file } }),
    );
  });

  test('without encryption is possible where the file says that it may be', async () => {
    const file = kubeconfig('http://127.0.0.1:8001', { 'insecure-skip-tls-verify': true });
    expect(await loadAccess({ kubeconfig: file })).toMatchObject({ server: 'http://127.0.0.1:8001' });
  });

  test('comes from several files together; what the first says of a name counts, and missing files are passed over', async () => {
    const first = kubeconfig();
    const second = join(folder, 'second');
    writeFileSync(
      second,
      JSON.stringify({
        'current-context': 'three',
        contexts: [{ name: 'three', context: { cluster: 'three', user: 'admin', namespace: 'shop' } }],
        clusters: [
          { name: 'one', cluster: { server: 'https://10.0.0.9' } },
          { name: 'three', cluster: { server: 'https://10.0.0.3' } },
        ],
        users: [{ name: 'admin', user: { token: 'other' } }],
      }),
    );
    const files = [join(folder, 'none'), first, second];
    expect(await loadAccess({ kubeconfig: files })).toMatchObject({
      name: 'one',
      server: 'https://10.0.0.1:6443',
    });
    const three = await loadAccess({ kubeconfig: files, context: 'three' });
    expect(three).toMatchObject({ server: 'https://10.0.0.3', namespace: 'shop' });
    const options: RequestOptions = {};
    await three.apply(options);
    expect(options.headers).toMatchObject({ Authorization: 'Bearer secret' });
  });

  test('can be that of another user', async () => {
    const impersonate = { user: 'jane', uid: '7', groups: ['dev', 'ops'] };
    const access = await loadAccess({ kubeconfig: kubeconfig(), impersonate });
    const options: RequestOptions = {};
    await access.apply(options);
    expect(options.headers).toMatchObject({
      'Impersonate-User': 'jane',
      'Impersonate-Uid': '7',
      'Impersonate-Group': ['dev', 'ops'],
    });
  });
});
