import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { runMesh } from './run-mesh.ts';

const DAY = 24 * 60 * 60 * 1000;

/** A certificate that somebody made just now, and that ends in so many days. */
function certificate(days: number): string {
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  return execFileSync(
    'openssl',
    [...args, '-keyout', '/dev/null', '-subj', '/CN=test', '-days', String(days)],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
}

function secret(pem: string, key = 'tls.crt'): string {
  const data = { [key]: Buffer.from(pem).toString('base64'), 'tls.key': 'c2VjcmV0' };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'cert', namespace: 'shop' },
    data,
  });
}

describe('mesh check of certificates in files', () => {
  const check = (stdin: string, now: number, ...flags: readonly string[]) =>
    runMesh(['check', '-f', '-', ...flags], { stdin, times: [now] });

  test('passes while they are in force for long enough, and never shows a key', async () => {
    const pem = certificate(90);
    const now = Date.now();
    const good = await check(secret(pem), now);
    expect(good).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/√ Secret shop\/cert, tls\.crt: until \d{4}-/),
    });
    expect(good.stdout).not.toContain('c2VjcmV0');
    expect(await check(secret(pem), now, '--cert-days', '100')).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/it ends in (89|90) days/),
    });
    expect(await check(secret(pem), now + 100 * DAY)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('it ended on'),
    });
    expect(await check(secret(pem), now - 2 * DAY)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('not in force yet'),
    });
  });

  test('looks at each certificate of a chain', async () => {
    const run = await check(secret(`${certificate(400)}${certificate(5)}`), Date.now(), '-o', 'short');
    expect(run.code).toBe(1);
    expect(run.stdout).toContain('tls.crt (2 of 2)');
    expect(run.stdout).not.toContain('(1 of 2)');
  });

  test('says what is no certificate, and has nothing to say where there is none', async () => {
    const broken = certificate(30).replace(/[A-Za-z0-9+/]{40}\n/, `${'A'.repeat(40)}\n`);
    expect((await check(secret(broken), Date.now())).code).toBe(1);
    const map = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n';
    expect(await check(map, Date.now())).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('no certificates'),
    });
  });
});
