/**
 * The whole controller, with files, translation and connections, while 200 proxies of both forms come, go and come
 * back and the configuration changes: in the end each has what a cold start gives. Seeded; only the order in which
 * the network delivers differs from run to run.
 */

import { fromBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Log } from '../../src/base/log.ts';
import { Controller } from '../../src/controller/controller.ts';
import { DELTA, type Protocol, STATE_OF_THE_WORLD } from '../../src/controller/discovery/protocol.ts';
import { readSettings } from '../../src/controller/settings.ts';
import { ClusterSchema } from '../../src/xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { ListenerSchema } from '../../src/xds/proto/generated/envoy/config/listener/v3/listener_pb.js';
import type { HttpConnectionManager } from '../../src/xds/proto/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { REGISTRY } from '../../src/xds/proto/registry.ts';
import { CLUSTER_TYPE, ENDPOINT_TYPE, ROUTE_TYPE } from '../../src/xds/resource.ts';
import { translate } from '../../src/xds/translate.ts';
import { overGrpc } from '../controller/discovery/grpc-transport.ts';
import { SimpleProxy } from '../controller/discovery/simple-proxy.ts';
import { writeWhole } from '../peers/write-whole.ts';

const SEED = 20_261_129;
const PROXIES = 200;
const SERVICES = 24;
const NAMESPACES = ['shop', 'bakery', 'pier'];
/** Milliseconds of disorder. */
const DURATION = 60_000;

let folder: string;
let controllers: Controller[];
let random: () => number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lateen-chaos-'));
  controllers = [];
  let state = SEED;
  random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
});
afterEach(async () => {
  await Promise.all(controllers.map((one) => one.stop()));
  rmSync(folder, { recursive: true });
});

async function start(): Promise<Controller> {
  const argv = ['--config', folder, '--grpc-addr', '127.0.0.1:0', '--http-addr', '127.0.0.1:0'];
  const settings = readSettings([...argv, '--debounce-after', '20ms', '--drain-time', '100ms'], {});
  if (settings === 'help') throw new Error('no settings');
  const controller = new Controller(settings, new Log('off', () => {}), translate);
  await controller.start();
  controllers.push(controller);
  return controller;
}

const number = (below: number): number => Math.floor(random() * below);

/** Writes the file of a service as a whole, or takes it away: the service, its endpoints and perhaps more. */
function changeService(index: number): void {
  const path = join(folder, `service-${index}.json`);
  if (random() < 0.15) {
    rmSync(path, { force: true });
    return;
  }
  const namespace = NAMESPACES[index % NAMESPACES.length] ?? '';
  const name = `svc-${index}`;
  const metadata = { name, namespace };
  const endpoints = Array.from({ length: number(4) }, () => ({
    addresses: [`10.1.${index}.${number(250) + 1}`],
  }));
  const port = { name: random() < 0.7 ? 'http' : 'tcp', port: 8000 + (index % 5), targetPort: 8080 };
  const spec = { clusterIP: `10.96.0.${index + 1}`, selector: { app: name }, ports: [port] };
  const labels = { 'kubernetes.io/service-name': name };
  const items: object[] = [
    { apiVersion: 'v1', kind: 'Service', metadata, spec },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...metadata, labels },
      addressType: 'IPv4',
      ports: [{ name: port.name, port: 8080 }],
      endpoints,
    },
  ];
  const networking = 'networking.istio.io/v1';
  if (random() < 0.4) {
    const other = {
      destination: { host: `svc-${number(SERVICES)}.${NAMESPACES[number(3)]}.svc.cluster.local` },
    };
    const weight = number(101);
    const route = [
      { destination: { host: name }, weight },
      { ...other, weight: 100 - weight },
    ];
    items.push({
      apiVersion: networking,
      kind: 'VirtualService',
      metadata,
      spec: { hosts: [name], http: [{ route }] },
    });
  }
  if (random() < 0.3) {
    const subsets = [{ name: 'v1', labels: { version: 'v1' } }].slice(number(2));
    const trafficPolicy = { connectionPool: { tcp: { maxConnections: 1 + number(3) } } };
    items.push({
      apiVersion: networking,
      kind: 'DestinationRule',
      metadata,
      spec: { host: name, subsets, trafficPolicy },
    });
  }
  writeItems(path, items);
}

/** One namespace is told of less, or again of everything. */
function changeScope(): void {
  const namespace = NAMESPACES[number(3)] ?? '';
  const path = join(folder, `sidecar-${namespace}.json`);
  if (random() < 0.5) {
    rmSync(path, { force: true });
    return;
  }
  const hosts = ['./*', ...NAMESPACES.filter(() => random() < 0.5).map((one) => `${one}/*`)];
  const metadata = { name: 'default', namespace };
  writeItems(path, [
    { apiVersion: 'networking.istio.io/v1', kind: 'Sidecar', metadata, spec: { egress: [{ hosts }] } },
  ]);
}

function writeItems(path: string, items: readonly object[]): void {
  writeWhole(path, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
}

/** As Envoy asks: endpoints of clusters that want them, and the routes that connection managers name. */
function references(typeUrl: string, value: Uint8Array): readonly string[] {
  if (typeUrl === CLUSTER_TYPE) {
    const { edsClusterConfig } = fromBinary(ClusterSchema, value);
    return edsClusterConfig === undefined ? [] : [edsClusterConfig.serviceName];
  }
  const { filterChains, defaultFilterChain } = fromBinary(ListenerSchema, value);
  const chains = [...filterChains, ...(defaultFilterChain === undefined ? [] : [defaultFilterChain])];
  return chains.flatMap(({ filters }) =>
    filters.flatMap(({ configType }) => {
      if (configType.case !== 'typedConfig') return [];
      const config = anyUnpack(configType.value, REGISTRY);
      if (config?.$typeName !== HTTP_MANAGER) return [];
      const { routeSpecifier } = config as HttpConnectionManager;
      return routeSpecifier.case === 'rds' ? [routeSpecifier.value.routeConfigName] : [];
    }),
  );
}

const HTTP_MANAGER = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

interface Member {
  readonly proxy: SimpleProxy;
  readonly protocol: Protocol;
  readonly index: number;
}

function member(port: number, index: number): Member {
  const protocol = index % 2 === 0 ? DELTA : STATE_OF_THE_WORLD;
  const namespace = NAMESPACES[index % NAMESPACES.length] ?? '';
  const app = `svc-${index % SERVICES}`;
  const proxy = new SimpleProxy(
    overGrpc(port, protocol, () => proxy.drop()),
    protocol,
    {
      node: {
        id: `sidecar~10.1.${index % SERVICES}.${1 + (index % 250)}~${app}-${index}.${namespace}~${namespace}.svc.cluster.local`,
        metadata: { NAMESPACE: namespace, LABELS: { app } },
      },
      references,
    },
  );
  return { proxy, protocol, index };
}

async function settled(controller: Controller, count: number): Promise<void> {
  const { streams } = controller.discovery;
  await expect
    .poll(() => [...streams].filter(({ isInSync, proxy }) => proxy !== undefined && isInSync).length, {
      timeout: 60_000,
      interval: 200,
    })
    .toBe(count);
}

test(
  `200 proxies come, go and come back for a minute while everything changes (seed ${SEED})`,
  { timeout: 240_000 },
  async () => {
    for (let index = 0; index < SERVICES; index += 1) changeService(index);
    const controller = await start();
    const members = Array.from({ length: PROXIES }, (_, index) => member(controller.grpcPort, index));
    const end = Date.now() + DURATION;
    while (Date.now() < end) {
      for (const { proxy } of members) {
        if (random() > 0.03) continue;
        if (proxy.isConnected) proxy.drop();
        else proxy.connect();
      }
      if (random() < 0.3) changeService(number(SERVICES));
      if (random() < 0.05) changeScope();
      await pause(20 + number(60));
    }
    for (const { proxy } of members) if (!proxy.isConnected) proxy.connect();
    // What was written last has been read when another controller, which reads it now, serves the same.
    const fresh = await start();
    const cold = members.map(({ index }) => member(fresh.grpcPort, index));
    for (const { proxy } of cold) proxy.connect();
    await settled(fresh, PROXIES);
    await settled(controller, PROXIES);
    const wrong = (): readonly string[] =>
      members.flatMap(({ proxy, protocol, index }) =>
        isDeepStrictEqual(proxy.has, cold[index]?.proxy.has) ? [] : [`${protocol.name} ${index}`],
      );
    await expect.poll(wrong, { timeout: 30_000, interval: 500 }).toEqual([]);
    const sizes = cold.map(({ proxy }) =>
      [CLUSTER_TYPE, ENDPOINT_TYPE, ROUTE_TYPE].map((type) => proxy.has.get(type)?.size ?? 0),
    );
    expect(Math.min(...sizes.flat())).toBeGreaterThan(0);
    for (const { proxy } of [...members, ...cold]) proxy.drop();
  },
);
