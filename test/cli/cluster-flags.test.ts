/** Flags that say which cluster is meant, who asks it, and how long an answer may take. */

import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runMesh } from './run-mesh.ts';
import { tempFolder } from './temp-folder.ts';

let server: Server;
let folder = '';
let seen: IncomingHttpHeaders[] = [];
/** Whether it answers at all. */
let answers = true;

beforeEach(async () => {
  seen = [];
  answers = true;
  server = createServer((request, response) => {
    seen.push(request.headers);
    if (!answers) return;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ kind: 'List', items: [], metadata: {} }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const context = (name: string, address: string): object => ({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    contexts: [{ name, context: { cluster: name, user: name } }],
    clusters: [{ name, cluster: { server: address, 'insecure-skip-tls-verify': true } }],
    users: [{ name, user: { token: `token-of-${name}` } }],
  });
  folder = tempFolder({
    here: JSON.stringify(context('here', `http://127.0.0.1:${port}`)),
    away: JSON.stringify(context('away', 'http://127.0.0.1:1')),
    '.kube/config': JSON.stringify(context('home', `http://127.0.0.1:${port}`)),
  });
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const COMMAND = ['experimental', 'revision', 'list'];

describe('the cluster that is meant', () => {
  test('is that of --kubeconfig, else of $KUBECONFIG, else of the home folder', async () => {
    const env = { KUBECONFIG: join(folder, 'here') };
    await runMesh(COMMAND, { homeDir: folder });
    await runMesh(COMMAND, { homeDir: folder, env });
    expect(seen.at(0)?.authorization).toBe('Bearer token-of-home');
    expect(seen.at(-1)?.authorization).toBe('Bearer token-of-here');
    const away = await runMesh(
      ['tag', 'list', '--kubeconfig', 'away', '--kubeclient-timeout', '1s', '--context', 'awy'],
      {
        env,
        cwd: folder,
      },
    );
    expect(away).toMatchObject({ code: 1, stderr: expect.stringContaining('Did you mean away?') });
  });

  test('is one of several files, chosen by --context', async () => {
    const env = { KUBECONFIG: `${join(folder, 'away')}:${join(folder, 'none')}:${join(folder, 'here')}` };
    expect(await runMesh([...COMMAND, '--context', 'here'], { env })).toMatchObject({ code: 0 });
    expect(seen.at(0)?.authorization).toBe('Bearer token-of-here');
  });

  test('must be named somewhere', async () => {
    expect(await runMesh(COMMAND, { homeDir: join(folder, 'nobody') })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--kubeconfig FILE or $KUBECONFIG'),
    });
  });
});

describe('who asks', () => {
  test('is whom --as names', async () => {
    const env = { KUBECONFIG: join(folder, 'here') };
    const as = ['--as', 'jane', '--as-group', 'dev', '--as-group', 'ops', '--as-uid', '7'];
    await runMesh([...COMMAND, ...as], { env });
    expect(seen.at(0)).toMatchObject({
      'impersonate-user': 'jane',
      'impersonate-group': 'dev, ops',
      'impersonate-uid': '7',
      'user-agent': expect.stringMatching(/^mesh\/\d/),
    });
    expect(await runMesh([...COMMAND, '--as-group', 'dev'], { env })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--as-group needs --as'),
    });
  });
});

describe('a server that does not answer', () => {
  test.each([
    [['install', '-y']],
    [['upgrade', '-y']],
    [['uninstall', '--purge', '-y']],
    [['verify-install']],
    [['tag', 'list']],
    [['analyze']],
    [['check']],
  ])('and is not there at all is told of soon: %j', async (command) => {
    const run = await runMesh(command, { env: { KUBECONFIG: join(folder, 'away') } });
    expect(run).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/does not answer: .*ECONNREFUSED/),
    });
    expect(run.stderr).toContain('--context');
  });

  test('is waited for as long as --timeout says', async () => {
    answers = false;
    const env = { KUBECONFIG: join(folder, 'here') };
    const run = await runMesh(['analyze', '-A', '--timeout', '300ms'], { env });
    expect(run).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('did not answer all that was asked in time'),
    });
    expect(run.stderr).toContain('--timeout');
    expect(await runMesh(['check', '--timeout', '300ms'], { env })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('in time'),
    });
  });

  test('is given up after the silence that --kubeclient-timeout allows', async () => {
    answers = false;
    const env = { KUBECONFIG: join(folder, 'here') };
    const run = await runMesh(['check', '--kubeclient-timeout', '200ms'], { env });
    expect(run).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/no answer for 0\.2 s\n.*The context is here/),
    });
  });
});
