/** EnvoyFilters at work in a real Envoy, and what becomes of those that it refuses. */

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Controller } from '../../src/controller/controller.ts';
import { Log } from '../../src/base/log.ts';
import { readSettings } from '../../src/controller/settings.ts';
import { translate } from '../../src/xds/translate.ts';
import { ask, Envoy, eventually, type HttpAnswer } from '../peers/run-envoy.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';
import { freePort } from '../peers/free-ports.ts';
import { writeWhole } from '../peers/write-whole.ts';

const NODE = {
  id: 'router~127.0.0.1~gateway-0.shop~shop.svc.cluster.local',
  metadata: { NAMESPACE: 'shop', LABELS: { app: 'gateway' } },
};

let folder = '';
let port = 0;
let controller: Controller | undefined;
let envoy: Envoy | undefined;
const servers: Server[] = [];

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Answers with its name and the header `x-door` that it was sent. */
async function backend(name: string): Promise<number> {
  const server = createServer((request, response) =>
    response.end(`${name} ${String(request.headers['x-door'])}`),
  );
  servers.push(server);
  return listen(server);
}

function write(file: string, text: string): void {
  writeWhole(join(folder, file), text);
}

function writeRoute(to: string): void {
  write(
    'route.yaml',
    `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: juice, namespace: shop}
spec: {hosts: [juice.example], gateways: [front], http: [{route: [{destination: {host: ${to}.example}}]}]}
`,
  );
}

/** A script that runs in front of the router. */
function writeScript(name: string, script: string): void {
  write(
    `${name}.yaml`,
    `apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: ${name}, namespace: shop}
spec:
  workloadSelector: {labels: {app: gateway}}
  configPatches:
  - applyTo: HTTP_FILTER
    match:
      context: GATEWAY
      listener: {filterChain: {filter: {name: envoy.filters.network.http_connection_manager, subFilter: {name: envoy.filters.http.router}}}}
    patch:
      operation: INSERT_BEFORE
      value:
        name: ${name}
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua
          default_source_code: {inline_string: "${script}"}
`,
  );
}

async function entry(name: string): Promise<string> {
  return `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ${name}, namespace: shop}
spec:
  hosts: [${name}.example]
  ports: [{number: 80, name: http, protocol: HTTP}]
  resolution: STATIC
  endpoints: [{address: 127.0.0.1, ports: {http: ${await backend(name)}}}]
---
`;
}

const get = (): Promise<HttpAnswer> => ask(port, '/', { host: 'juice.example' });

async function answers(wanted: string): Promise<void> {
  await eventually(get, ({ text }) => text === wanted);
}

function page(name: string): Promise<HttpAnswer> {
  return ask(controller?.httpPort ?? 0, `/debug/${name}`);
}

interface ShownObject {
  readonly metadata: { readonly name: string };
  readonly problems?: readonly Readonly<Record<string, unknown>>[];
}

async function problemsOf(name: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { configs } = JSON.parse((await page('configz')).text) as { configs: readonly ShownObject[] };
  return configs.find(({ metadata }) => metadata.name === name)?.problems ?? [];
}

describeOnRealEnvoy('EnvoyFilters in a real Envoy', (program) => {
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lateen-filters-'));
    port = await freePort();
    write(
      'base.yaml',
      `${await entry('one')}${await entry('two')}apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: front, namespace: shop}
spec:
  selector: {app: gateway}
  servers: [{port: {number: ${port}, name: http, protocol: HTTP}, hosts: [juice.example]}]
`,
    );
    writeRoute('one');
    writeScript('door', "function envoy_on_request(h) h:headers():add('x-door', 'front') end");
    const argv = ['--config', folder, '--grpc-addr', '127.0.0.1:0', '--http-addr', '127.0.0.1:0'];
    const settings = readSettings([...argv, '--debounce-after', '10ms', '--drain-time', '100ms'], {});
    if (settings === 'help') throw new Error('no settings');
    controller = new Controller(settings, new Log('off', () => {}), translate);
    await controller.start();
    envoy = await Envoy.start({ program, grpcPort: controller.grpcPort, node: NODE, form: 'delta' });
    await envoy.ready();
  });
  afterEach(async () => {
    await envoy?.stop();
    await controller?.stop();
    for (const server of servers.splice(0)) server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('a filter that is inserted runs for each request, and follows changes of its object', async () => {
    await answers('one front');
    writeScript('door', "function envoy_on_request(h) h:headers():add('x-door', 'back') end");
    await answers('one back');
    rmSync(join(folder, 'door.yaml'));
    await answers('one undefined');
  });

  test('a filter whose settings are served by themselves is found by its name', async () => {
    await answers('one front');
    write(
      'door.yaml',
      `apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: door, namespace: shop}
spec:
  configPatches:
  - applyTo: HTTP_FILTER
    match: {context: GATEWAY}
    patch:
      operation: INSERT_FIRST
      value:
        name: served
        config_discovery:
          config_source: {ads: {}, resource_api_version: V3}
          type_urls: [type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua]
  - applyTo: EXTENSION_CONFIG
    patch:
      operation: ADD
      value:
        name: served
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua
          default_source_code: {inline_string: "function envoy_on_request(h) h:headers():add('x-door', 'side') end"}
`,
    );
    await answers('one side');
  });

  test('what Envoy refuses stands with its words at the object and at the proxy, and the rest works', async () => {
    await answers('one front');
    writeScript('broken', 'function without end in sight');
    const [problem] = await eventually(
      () => problemsOf('broken'),
      (problems) => problems.length > 0,
    );
    expect(problem).toEqual({
      message: expect.stringContaining('script load error'),
      type_url: 'type.googleapis.com/envoy.config.listener.v3.Listener',
      resource: `0.0.0.0_${port}`,
      proxies: ['gateway-0.shop'],
    });
    expect((await page('syncz')).text).toContain('script load error');
    // What was there stays, and what else changes arrives.
    writeRoute('two');
    await answers('two front');
    expect(await problemsOf('juice')).toEqual([]);
    writeScript('broken', 'function envoy_on_request(h) end');
    await eventually(
      () => problemsOf('broken'),
      (problems) => problems.length === 0,
    );
    expect((await page('syncz')).text).not.toContain('script load error');
    await answers('two front');
  });

  test('a patch that cannot be read is told at its object, and the others are applied', async () => {
    write(
      'odd.yaml',
      `apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: odd, namespace: shop}
spec:
  configPatches:
  - {applyTo: ROUTE_CONFIGURATION, patch: {operation: ADD, value: {name: more}}}
  - applyTo: VIRTUAL_HOST
    match: {context: GATEWAY, routeConfiguration: {vhost: {name: "juice.example:${port}"}}}
    patch: {operation: MERGE, value: {response_headers_to_add: [{header: {key: x-odd, value: "yes"}}]}}
`,
    );
    const { headers } = await eventually(get, (answer) => answer.headers['x-odd'] === 'yes');
    expect(headers['x-odd']).toBe('yes');
    expect(await problemsOf('odd')).toEqual([
      { message: 'spec.configPatches[0] is not applied: ADD can do nothing to a ROUTE_CONFIGURATION.' },
    ]);
  });
});
