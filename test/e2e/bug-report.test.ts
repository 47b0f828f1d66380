/** What `mesh bug-report` writes of a mesh on a real control plane, with secrets planted in all that it reads. */

import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { extract } from 'tar';
import { afterAll, expect, test } from 'vitest';
import type { MeshRun } from '../cli/run-mesh.ts';
import { tempFolder } from '../cli/temp-folder.ts';
import { describeObserved } from './observed-mesh.ts';

/** What nobody may find in a report, each made for this run. */
const PLANTED = {
  secret: `s3cr3t-${randomUUID()}`,
  password: `pw-${randomUUID()}`,
  variable: `env-${randomUUID()}`,
  odd: randomUUID(),
  url: `url-${randomUUID()}`,
  json: `json-${randomUUID()}`,
  token: `eyJhbGciOiJub25lIn0.${Buffer.from(randomUUID()).toString('base64url')}.`,
  bearer: randomUUID(),
};
const PRIVATE_KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
});

const LOG_FOLDER = mkdtempSync(join(tmpdir(), 'lateen-logs-'));
const LOG = join(LOG_FOLDER, 'proxy.log');
writeFileSync(
  LOG,
  [
    'all is well',
    `the database said ${PLANTED.secret}`,
    `and in base64 ${Buffer.from(PLANTED.secret).toString('base64')}`,
    `started with ${PLANTED.variable} and ${PLANTED.odd}`,
    `connecting to postgres://app:${PLANTED.url}@db/app?password=${PLANTED.password}`,
    `{"user":"app","password":"${PLANTED.json}"}`,
    `token ${PLANTED.token}`,
    `authorization: Bearer ${PLANTED.bearer}`,
    String(PRIVATE_KEY),
  ]
    .join('\n')
    .split('\n')
    // As container runtimes write logs.
    .map((line) => `${new Date().toISOString()} stdout F ${line}\n`)
    .join(''),
);

function logs(namespace: string, name: string, container: string): string {
  return JSON.stringify({
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind: 'Logs',
    metadata: { namespace, name },
    spec: { logs: [{ containers: [container], logsFile: LOG }] },
  });
}

const OBJECTS = [
  {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: 'shop', name: 'creds' },
    stringData: { password: PLANTED.secret, key: String(PRIVATE_KEY) },
  },
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'shop', name: 'app' },
    data: {
      'app.properties': `db=postgres://app:${PLANTED.url}@db\npassword=${PLANTED.password}\n`,
      apiKey: PLANTED.json,
    },
  },
];

describeObserved(
  'reports of a mesh on a cluster',
  ({ mesh, grant }) => {
    afterAll(() => rmSync(LOG_FOLDER, { recursive: true, force: true }));

    /** The report's files by their paths, and what was said. */
    async function report(...argv: readonly string[]): Promise<{ files: Map<string, string>; run: MeshRun }> {
      const place = tempFolder();
      const run = await mesh('bug-report', '--output-dir', place, ...argv);
      expect([run.code, run.stdout]).toEqual([0, `${join(place, 'bug-report.tar.gz')}\n`]);
      expect(readdirSync(place)).toEqual(['bug-report.tar.gz']);
      await extract({ file: join(place, 'bug-report.tar.gz'), cwd: place });
      const root = join(place, 'bug-report');
      const paths = readdirSync(root, { recursive: true, encoding: 'utf8' });
      const files = paths.filter((path) => statSync(join(root, path)).isFile());
      return { files: new Map(files.map((path) => [path, readFileSync(join(root, path), 'utf8')])), run };
    }

    function expectNoSecrets(files: ReadonlyMap<string, string>): void {
      const keyLines = String(PRIVATE_KEY)
        .split('\n')
        .filter((line) => line.length > 20 && !line.startsWith('-----'));
      for (const [path, text] of files) {
        for (const [name, value] of [
          ...Object.entries(PLANTED),
          ...keyLines.map((line) => ['key', line] as const),
        ]) {
          for (const form of [value, Buffer.from(value).toString('base64').replace(/=+$/, '')]) {
            expect(text.includes(form), `${name} in ${path}`).toBe(false);
          }
        }
      }
    }

    test('bug-report gathers objects, logs, pages and configuration, and no secret that was planted', async () => {
      const { files } = await report();
      expectNoSecrets(files);
      const proxy = files.get('pods/shop/web-0/istio-proxy.log') ?? '';
      expect(files.get('manifest.json')).not.toContain('istio-proxy.log",\n      "why"');
      expect(proxy).toMatch(/^all is well$/m);
      expect(proxy).toMatch(/^the database said <redacted>$/m);
      expect(files.get('pods/shop/web-0/config_dump.json')).toMatch(/fruits\.shop\.svc\.cluster\.local/);
      expect(files.get('control-plane/istiod-0/syncz.txt')).toMatch(/web-0\.shop/);
      expect(files.get('pods/shop/web-0/iptables.txt')).toBe('-A ISTIO_INBOUND -m comment <redacted>\n');
      expect(files.get('pods/shop/web-0/sockets.txt')).toMatch(/^LISTEN +127\.0\.0\.1:\d+ /m);
      expect(files.get('pods/shop/web-0/network.txt')).toMatch(/^TcpExt: /m);
      const pods = files.get('objects/pods.json') ?? '';
      expect(pods).toMatch(/"name": "DB_PASSWORD",\s+"value": "<redacted>"/);
      expect(pods).toMatch(/"name": "POD_NAME",\s+"value": "web-0"/);
      expect(files.get('objects/configmaps.json')).toMatch(/app\.properties/);
      const manifest = JSON.parse(files.get('manifest.json') ?? '') as {
        files: { path: string }[];
        missing: object[];
      };
      expect(manifest.missing).toContainEqual({
        what: 'pods/shop/web-0/ip6tables.txt',
        why: expect.stringMatching(/Permission denied/) as string,
      });
      expect(manifest.files.map(({ path }) => path).toSorted()).toEqual(
        [...files.keys()].filter((path) => path !== 'manifest.json').toSorted(),
      );
    });

    test('bug-report keeps to the namespaces and to the size that are asked for', async () => {
      const { files } = await report('--include', 'shop//web-*', '--max-size', '1');
      expectNoSecrets(files);
      expect([...files.keys()].filter((path) => /istio-system|control-plane|kube-/.test(path))).toEqual([]);
      expect(files.has('pods/shop/web-0/istio-proxy.log')).toBe(true);
      const size = [...files.values()].reduce((sum, text) => sum + text.length, 0);
      expect(size).toBeLessThan(1.2 * 1024 * 1024);
      const quiet = await mesh('bug-report', '--include', 'shop', '--dry-run', '--skip-netstat');
      expect(quiet.stdout).not.toMatch(/iptables|sockets|network/);
      const dry = await mesh('bug-report', '--include', 'shop', '--dry-run');
      expect(dry.stdout).toMatch(/^objects\/pods\.shop\.json$/m);
      expect(dry.stdout).not.toMatch(/istio-system/);
    });

    test('bug-report of somebody with few rights says what is missing and which rule would give it', async () => {
      grant('viewer', 'shop', [
        [['pods'], ['list']],
        [['pods/portforward'], ['get', 'create']],
      ]);
      const { files, run } = await report('--include', 'shop', '--as', 'viewer');
      expectNoSecrets(new Map([...files].filter(([path]) => !path.endsWith('.log'))));
      expect(run.stderr).toMatch(/things are missing/);
      const { missing } = JSON.parse(files.get('manifest.json') ?? '') as {
        missing: { what: string; why: string }[];
      };
      expect(missing).toContainEqual({
        what: 'values of Secrets, to look for them in texts',
        why: expect.stringMatching(/no right to list secrets in namespace shop/) as string,
      });
      expect(missing).toContainEqual({
        what: 'pods/shop/web-0/sockets.txt',
        why: expect.stringMatching(
          /a Role in namespace shop .*resources: \["pods\/exec"\], verbs: \["create", "get"\]/i,
        ) as string,
      });
      expect(missing).toContainEqual({
        what: 'pods/shop/web-0/istio-proxy.log',
        why: expect.stringMatching(/resources: \["pods\/log"\], verbs: \["get"\]/) as string,
      });
    });
  },
  {
    kwok: [logs('shop', 'web-0', 'istio-proxy'), logs('istio-system', 'istiod-0', 'discovery')],
    objects: OBJECTS,
    programs: {
      // Not every machine has each of the files, and kwok drops what a program that fails has printed.
      cat: '/bin/cat "$@" 2>/dev/null; true',
      'iptables-save': `echo '-A ISTIO_INBOUND -m comment ${PLANTED.secret}'`,
      'ip6tables-save': 'echo "Permission denied (you must be root)" >&2; exit 4',
    },
    env: [
      { name: 'DB_PASSWORD', value: PLANTED.variable },
      { name: 'ODD', value: PLANTED.odd },
      { name: 'POD_NAME', value: 'web-0' },
    ],
  },
);
