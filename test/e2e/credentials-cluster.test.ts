/** Secrets of a real API server: read only where they are served, and only as far as a role allows. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Log } from '../../src/base/log.ts';
import { Controller } from '../../src/controller/controller.ts';
import { readSettings } from '../../src/controller/settings.ts';
import { SECRET_TYPE } from '../../src/xds/resource.ts';
import { translate } from '../../src/xds/translate.ts';
import { deltaStream, namesIn, node } from '../controller/discovery/client.ts';
import { makeCertificate } from '../peers/world/certificate.ts';
import { secretOf, tlsSecret } from './features/credentials.ts';
import { describeOnRealServer, makeNamespaces } from './on-real-server.ts';

describeOnRealServer('Secrets of a cluster', (plane) => {
  let folder: string;
  let controller: Controller | undefined;
  let logged: string[] = [];
  const open: { close(): void }[] = [];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'lateen-cluster-secrets-'));
    mkdirSync(join(folder, 'door'), { mode: 0o700 });
    for (const name of ['one', 'two']) makeCertificate(folder, name, `${name}.example`);
    makeNamespaces(plane(), ['shop']);
  });
  afterEach(async () => {
    for (const one of open.splice(0)) one.close();
    await controller?.stop();
    controller = undefined;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function apply(text: string): void {
    const { status, stderr } = plane().kubectl(
      ['apply', '--server-side', '--force-conflicts', '-f', '-'],
      text,
    );
    // The API server, too, warns of keys that do not belong to their certificates.
    expect([status, stderr.replace(/^Warning: .*\n/gm, '')]).toEqual([0, '']);
  }

  const door = (): string => join(folder, 'door', 'xds.sock');

  async function start(doors: readonly string[], kubeconfig = plane().kubeconfig): Promise<Controller> {
    const argv = ['--kubeconfig', kubeconfig, '--http-addr', '127.0.0.1:0', '--drain-time', '0s'];
    const settings = readSettings([...argv, ...doors.map((one) => `--grpc-addr=${one}`)], {});
    if (settings === 'help') throw new Error('no settings');
    logged = [];
    controller = new Controller(settings, new Log('info', (line) => logged.push(line)), translate);
    await controller.start();
    return controller;
  }

  const page = async ({ httpPort }: Controller, name: string): Promise<string> =>
    (await fetch(`http://127.0.0.1:${httpPort}/debug/${name}`)).text();

  /** A kubeconfig file of one who may do what these rules say. */
  function userWith(rules: readonly object[]): string {
    apply(
      [
        { kind: 'ClusterRole', metadata: { name: 'reader' }, rules },
        {
          kind: 'ClusterRoleBinding',
          metadata: { name: 'reader' },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'reader' },
          subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: 'shop' }],
        },
      ]
        .map((one) => JSON.stringify({ apiVersion: 'rbac.authorization.k8s.io/v1', ...one }))
        .join('\n---\n'),
    );
    const token = plane().kubectl(['create', 'token', 'default', '-n', 'shop']).stdout.trim();
    const file = join(folder, 'reader');
    const text = readFileSync(plane().kubeconfig, 'utf8');
    writeFileSync(file, text.replace(/"token":"[^"]+"/, `"token":"${token}"`));
    return file;
  }

  test('are served over the socket, as they change, and bad ones are set aside', async () => {
    apply(tlsSecret(folder, ['shop', 'web'], 'one'));
    const running = await start([`unix://${door()}`]);
    const stream = deltaStream(door());
    open.push(stream);
    stream.send({
      node: node('edge-0.shop'),
      typeUrl: SECRET_TYPE,
      resourceNamesSubscribe: ['kubernetes://web'],
    });
    const first = await stream.next();
    expect(namesIn(first)).toEqual(['kubernetes://web']);
    stream.send({ typeUrl: SECRET_TYPE, responseNonce: first.nonce });
    apply(tlsSecret(folder, ['shop', 'web'], 'two'));
    const second = await stream.next();
    expect(namesIn(second)).toEqual(['kubernetes://web']);
    stream.send({ typeUrl: SECRET_TYPE, responseNonce: second.nonce });
    apply(
      secretOf(folder, ['shop', 'web'], { 'tls.crt': 'one.crt', 'tls.key': 'two.key' }, 'kubernetes.io/tls'),
    );
    await expect
      .poll(() => page(running, 'configz'), { timeout: 20_000 })
      .toContain('this key does not belong to the certificate in tls.crt');
    expect(stream.unread).toBe(0);
    // Who comes now is served the last good one.
    const late = deltaStream(door());
    open.push(late);
    late.send({
      node: node('edge-1.shop'),
      typeUrl: SECRET_TYPE,
      resourceNamesSubscribe: ['kubernetes://web'],
    });
    expect((await late.next()).resources[0]?.version).toBe(second.resources[0]?.version);
  }, 60_000);

  test('are not read where nobody can be given them', async () => {
    apply(tlsSecret(folder, ['shop', 'web'], 'one'));
    const running = await start(['127.0.0.1:0']);
    expect(JSON.parse(await page(running, 'configz?kind=Secret'))).toMatchObject({ configs: [] });
    expect(await page(running, 'configz')).not.toContain('secrets');
  }, 60_000);

  test('need a right that no role of ours gives; without it that is said and the rest is served', async () => {
    const reads = (resources: readonly string[]): object => ({
      apiGroups: [''],
      resources,
      verbs: ['get', 'list', 'watch'],
    });
    const kubeconfig = userWith([
      reads(['services', 'pods', 'nodes', 'namespaces', 'endpoints', 'configmaps']),
    ]);
    apply(
      'apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {ports: [{port: 80}]}\n',
    );
    const running = await start([`unix://${door()}`], kubeconfig);
    expect(await page(running, 'registryz')).toContain('web.shop.svc.cluster.local');
    const note =
      'no right to list secrets, so they are not followed; a ClusterRole with the rule ' +
      '{apiGroups: [""], resources: ["secrets"], verbs: ["get", "list", "watch"]} gives it';
    expect(logged.join('\n').replaceAll('\\"', '"')).toContain(note);
    // From the moment on that it is given they are there.
    userWith([reads(['services', 'pods', 'nodes', 'namespaces', 'endpoints', 'configmaps', 'secrets'])]);
    const stream = deltaStream(door());
    open.push(stream);
    stream.send({
      node: node('edge-0.shop'),
      typeUrl: SECRET_TYPE,
      resourceNamesSubscribe: ['kubernetes://web'],
    });
    const first = await stream.next();
    stream.send({ typeUrl: SECRET_TYPE, responseNonce: first.nonce });
    if (first.resources.length === 0) expect(namesIn(await stream.next())).toEqual(['kubernetes://web']);
  }, 120_000);
});
