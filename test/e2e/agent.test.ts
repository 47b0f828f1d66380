/** The proxy's agent as a process: how it ends, what it says of a proxy that cannot start, and its small commands. */

import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '../peers/run-envoy.ts';
import { ADDRESSES, INGRESS, shopManifests } from '../peers/world/shop.ts';
import { World } from '../peers/world/world.ts';
import { describeOnEachEngine } from './on-each-engine.ts';

const PROXY = fileURLToPath(new URL('../../bin/mesh-proxy.js', import.meta.url));

const FRONT = `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: front, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: front, namespace: shop}
spec: {hosts: ["*"], gateways: [front], http: [{route: [{destination: {host: web}}]}]}
`;

describeOnEachEngine('the agent', (engine) => {
  let world: World;
  beforeEach(async () => {
    world = await World.open({
      engine,
      addresses: ADDRESSES,
      manifests: { 'shop.json': shopManifests(), 'front.yaml': FRONT },
    });
  }, 60_000);
  afterEach(() => world?.close());

  const slow = { to: '127.0.0.1:80', path: '/?delay=2500', headers: { host: 'a.test' } };

  /** Sends the slow request, ends the agent meanwhile, and tells what became of both. */
  async function endDuringRequest(
    agent: ChildProcess,
  ): Promise<{ status: number; code: number | null; ms: number }> {
    const ended = new Promise<number | null>((resolve) => agent.once('exit', (code) => resolve(code)));
    const asked = world.send(slow);
    await eventually(
      () => world.seen(),
      (seen) => seen.length > 0,
    );
    const begun = performance.now();
    agent.kill('SIGTERM');
    const { status } = await asked;
    return { status, code: await ended, ms: performance.now() - begun };
  }

  test('gives requests that are under way their time, and then ends', async () => {
    const agent = await world.startProxy({ ...INGRESS, config: { terminationDrainDuration: '4s' } });
    const { status, code, ms } = await endDuringRequest(agent);
    expect([status, code]).toEqual([200, 0]);
    expect(ms).toBeGreaterThan(3_900);
    expect((await world.send(slow)).status).toBe(0);
  });

  test('ends as soon as nothing is connected, if that is asked for', async () => {
    const agent = await world.startProxy({
      ...INGRESS,
      config: { terminationDrainDuration: '90s' },
      env: { EXIT_ON_ZERO_ACTIVE_CONNECTIONS: 'true', MINIMUM_DRAIN_DURATION: '100ms' },
    });
    const { status, code, ms } = await endDuringRequest(agent);
    expect([status, code]).toEqual([200, 0]);
    expect(ms).toBeLessThan(30_000);
    await expect.poll(() => world.log(INGRESS.name)).toContain('until nothing is connected');
  });

  test('drains at an order, is then not ready, and ends at once', async () => {
    const agent = await world.startProxy({ ...INGRESS, config: { terminationDrainDuration: '90s' } });
    const request = (...words: string[]): ChildProcess =>
      world.start('request', [process.execPath, PROXY, 'request', ...words, '--debug-port=25020']);
    const code = (child: ChildProcess): Promise<number | null> =>
      new Promise((resolve) => child.once('exit', (status) => resolve(status)));
    expect(await code(request('GET', 'healthz/ready'))).toBe(0);
    expect(await code(request('POST', 'drain'))).toBe(0);
    const { status, text } = await world.send({ to: '127.0.0.1:25020', path: '/healthz/ready' });
    expect([status, text]).toEqual([503, 'the proxy drains\n']);
    expect(await code(request('GET', 'healthz/ready'))).toBe(1);
    const ended = code(agent);
    agent.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  test('lets others wait until the proxy is ready', async () => {
    const wait = (...flags: string[]): Promise<number | null> => {
      const url = 'http://127.0.0.1:25021/healthz/ready';
      const child = world.start('wait', [
        process.execPath,
        PROXY,
        'wait',
        '--url',
        url,
        '--periodMillis=100',
        ...flags,
      ]);
      return new Promise((resolve) => child.once('exit', (code) => resolve(code)));
    };
    expect(await wait('--timeoutSeconds=1')).toBe(1);
    await expect.poll(() => world.log('wait')).toContain('Error: the proxy is not ready within 1 seconds');
    const waiting = wait('--timeoutSeconds=60');
    await world.startProxy(INGRESS);
    expect(await waiting).toBe(0);
  });

  test('says what is wrong with a bootstrap that no proxy takes, and ends', async () => {
    const override = join(world.folder, 'override.json');
    // A filter that no proxy has, which the Envoy API allows.
    const listener = {
      name: 'one',
      address: { socket_address: { address: '127.0.0.1', port_value: 7999 } },
      filter_chains: [
        {
          filters: [
            { name: 'none', typed_config: { '@type': 'type.googleapis.com/google.protobuf.Struct' } },
          ],
        },
      ],
    };
    writeFileSync(override, JSON.stringify({ static_resources: { listeners: [listener] } }));
    expect(await lastWords(override)).toMatch(
      /Error: .* ended with code 1 before it served: .*(none|Struct)/,
    );

    writeFileSync(override, '{"static_resources": {"listners": []}}');
    expect(await lastWords(override)).toMatch(/Error: .*override\.json is no Envoy bootstrap: .*listners/);
  });

  /** What an agent says that ends by itself. */
  async function lastWords(override: string): Promise<string> {
    const agent = world.startAgent({ ...INGRESS, env: { ISTIO_BOOTSTRAP_OVERRIDE: override } });
    expect(await new Promise((resolve) => agent.once('close', resolve))).toBe(1);
    return world.log(INGRESS.name);
  }
});
