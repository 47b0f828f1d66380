/** A real Envoy as gateway and one as sidecar take everything that the controller makes of valid manifests. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Controller } from '../../src/controller/controller.ts';
import { Log } from '../../src/base/log.ts';
import { readSettings } from '../../src/controller/settings.ts';
import { translate } from '../../src/xds/translate.ts';
import { hasCases, readCases, SHARED } from '../conformance/cases.ts';
import { ask, Envoy, eventually } from '../peers/run-envoy.ts';
import { writeWhole } from '../peers/write-whole.ts';
import {
  BASE,
  GATEWAY_LABELS,
  type Json,
  type KeyFiles,
  meshAround,
  NAMESPACE,
  withFiles,
} from './acks-mesh.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';

const NODES = [
  {
    id: `router~10.40.9.1~gateway-0.${NAMESPACE}~${NAMESPACE}.svc.cluster.local`,
    metadata: { NAMESPACE, LABELS: GATEWAY_LABELS },
  },
  {
    id: `sidecar~10.40.0.11~juice-0.${NAMESPACE}~${NAMESPACE}.svc.cluster.local`,
    metadata: { NAMESPACE, LABELS: { app: 'juice' } },
  },
];

if (hasCases()) describeOnRealEnvoy('what the controller makes of valid manifests', suite);
else {
  test('without the manifests nothing is shown, which only a run outside of CI may pass', () => {
    expect(process.env.CI ?? '').toBe('');
  });
}

function suite(program: string): void {
  let folder = '';
  let controller: Controller;
  const envoys: Envoy[] = [];
  const files = (): KeyFiles => ({
    certificate: join(folder, 'cert.pem'),
    privateKey: join(folder, 'key.pem'),
  });
  /** Refusals of each proxy and type so far. */
  const counted = new Map<string, number>();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lateen-acks-'));
    const socket = join(folder, 'controller.socket');
    const config = join(folder, 'mesh.json');
    makeKeys(files());
    show([]);
    const settings = readSettings(
      ['--config', config, '--http-addr', '127.0.0.1:0', '--debounce-after', '1ms', '--drain-time', '0s'],
      {},
    );
    if (settings === 'help') throw new Error('no settings');
    const own = { ...settings, grpcAddresses: [{ path: socket }] };
    controller = new Controller(own, new Log('error', () => {}), translate);
    await controller.start();
    for (const node of NODES) {
      envoys.push(await Envoy.start({ program, grpcPort: socket, node, form: 'delta' }));
    }
    for (const envoy of envoys) await envoy.ready();
  });

  afterAll(async () => {
    for (const envoy of envoys) await envoy.stop();
    await controller?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Makes these the whole configuration. */
  function show(manifests: readonly Json[]): void {
    const items = withFiles([...BASE, ...manifests], files());
    writeWhole(join(folder, 'mesh.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  }

  /** Names and counts of Envoy's refusals and of what still warms. */
  async function statsOf(envoy: Envoy): Promise<Readonly<Record<string, number>>> {
    const { text } = await envoy.admin('/stats?filter=update_rejected$|warming');
    return Object.fromEntries(
      text
        .split('\n')
        .map((line) => line.split(': '))
        .map(([name = '', value]) => [name, Number(value)]),
    );
  }

  /** Waits until both proxies have answered for the newest state and nothing warms. */
  async function settled(): Promise<void> {
    await eventually(
      async () => {
        const streams = [...controller.discovery.streams];
        const warming = (await Promise.all(envoys.map(statsOf))).flatMap((stats) =>
          Object.entries(stats).filter(([name, count]) => name.includes('warming') && count > 0),
        );
        return { warming, synced: streams.filter(({ isInSync }) => isInSync).length };
      },
      ({ warming, synced }) => warming.length === 0 && synced === NODES.length,
    );
  }

  /** What a proxy has refused since the last time, in its words. */
  function refusals(): string[] {
    return [...controller.discovery.streams].flatMap(({ proxy, watches }) =>
      [...watches.values()].flatMap(({ typeUrl, nacks, nack }) => {
        const key = `${proxy?.id} ${typeUrl}`;
        const isNew = nacks > (counted.get(key) ?? 0);
        counted.set(key, nacks);
        return isNew ? [`${key}: ${nack?.message ?? 'refused, then taken'}`] : [];
      }),
    );
  }

  /** What goes wrong with each of the manifests, shown one after another to the same proxies. */
  async function faultsOf(cases: readonly (readonly [string, readonly Json[]])[]): Promise<object> {
    const faults: Record<string, unknown> = {};
    for (const [name, manifests] of cases) {
      const { version } = controller.discovery;
      show([...manifests, marker(name)]);
      await eventually(
        () => Promise.resolve(controller.discovery.version),
        (now) => now !== version,
      );
      await settled().catch((error: unknown) => {
        faults[name] = String(error);
      });
      const wrong = [
        ...refusals(),
        ...[...controller.discovery.faults.values()].map(({ message }) => message),
        ...(await rejections()),
      ];
      if (wrong.length > 0) faults[name] = wrong;
    }
    return faults;
  }

  /** Manifests that the controller has set aside: the test would show nothing. */
  async function rejections(): Promise<string[]> {
    const { text } = await ask(controller.httpPort, '/debug/push_status');
    const { rejected } = JSON.parse(text) as { rejected?: readonly unknown[] };
    return (rejected ?? []).map((one) => JSON.stringify(one));
  }

  test('is taken by Envoy, for every valid networking case', async () => {
    const cases = readCases()
      .filter(({ valid, apiVersion }) => valid && apiVersion.startsWith('networking.'))
      .map(({ id, file }) => [id, meshAround(read(file))] as const);
    expect(cases.length).toBeGreaterThan(200);
    expect(await faultsOf(cases)).toEqual({});
    // Most of the cases have to show as something new in both proxies.
    for (const envoy of envoys) {
      expect(await envoy.stat('cluster_manager.cds.update_success')).toBeGreaterThan(cases.length / 2);
    }
  });

  test('is taken by Envoy, for every manifest of a book', async () => {
    const book = join(SHARED, 'book-policies');
    const names = readdirSync(book, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.yml'),
    );
    const cases = names.map((name) => [name, read(join(book, name))] as const);
    expect(cases.length).toBeGreaterThan(20);
    expect(await faultsOf(cases)).toEqual({});
  });
}

function read(file: string): Json[] {
  return (loadAll(readFileSync(file, 'utf8')) as (Json | null)[]).filter((one) => one !== null);
}

/** A certificate for itself and its key. */
function makeKeys({ certificate, privateKey }: KeyFiles): void {
  const kind = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const files = ['-subj', '/CN=shop', '-days', '2', '-keyout', privateKey, '-out', certificate];
  const { status, stderr } = spawnSync('openssl', [...kind, ...files], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl makes no certificate: ${stderr}`);
}

/** Makes each state differ from the one before, also when the manifests change nothing that is served. */
function marker(name: string): Json {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'marker', namespace: NAMESPACE },
    data: { case: name },
  };
}
