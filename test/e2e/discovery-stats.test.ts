/** What is counted of resources that come by name: the same on a real Envoy and on the builtin engine. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePorts } from '../peers/free-ports.ts';
import { writeWhole } from '../peers/write-whole.ts';
import { type Certificate, authority } from '../proxy/tls/certificates.ts';
import { Engine } from './differential/engines.ts';
import { type JsonMap, NETWORK_FILTER, ROUTER, socketAddress, typed } from './differential/json.ts';
import { cluster } from './differential/setup.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';

const TLS = 'envoy.extensions.transport_sockets.tls.v3';
const ROUTES = 'routes|1:80';
const SECRET = 'kubernetes://secret';

/** Colons are gone from names, as is the port. */
const COUNTED = /^http\.web\.rds\.|^sds\.|_by_sds$/;
/** Times, and what docs/differences.md names. */
const LEFT_OUT = /\.(?:update_time|config_reload_time_ms|version)$/;

const { issue } = authority();
const ONE = issue(['one.example']);
const TWO = issue(['two.example']);

function routes(status: number, regex = 'a'): JsonMap {
  return {
    '@type': 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
    name: ROUTES,
    virtual_hosts: [
      {
        name: 'all',
        domains: ['*'],
        routes: [
          { match: { safe_regex: { regex } }, direct_response: { status: 404 } },
          { match: { prefix: '/' }, direct_response: { status } },
        ],
      },
    ],
  };
}

function secret({ cert }: Certificate, { key }: Certificate): JsonMap {
  return {
    '@type': `type.googleapis.com/${TLS}.Secret`,
    name: SECRET,
    tls_certificate: { certificate_chain: { inline_string: cert }, private_key: { inline_string: key } },
  };
}

/** What the files say one after the other. The counters of both proxies are compared after each. */
const STEPS: readonly (readonly [title: string, file: 'routes' | 'secrets', resource: JsonMap])[] = [
  ['other routes', 'routes', routes(201)],
  ['routes that cannot be taken', 'routes', routes(202, '(')],
  ['the routes that are in force', 'routes', routes(201)],
  ['the certificate that is in force', 'secrets', secret(ONE, ONE)],
  ['another certificate', 'secrets', secret(TWO, TWO)],
  ['a key that is not its own', 'secrets', secret(TWO, ONE)],
];

/** A proxy whose routes and certificates come from files. */
class Side {
  readonly #folder: string;
  readonly #engine: Engine;
  readonly #port: number;
  #version = 0;

  private constructor(folder: string, engine: Engine, port: number) {
    this.#folder = folder;
    this.#engine = engine;
    this.#port = port;
  }

  static async start(kind: 'envoy' | 'builtin', program: string): Promise<Side> {
    const folder = mkdtempSync(join(tmpdir(), 'lateen-discovery-'));
    const source = (file: string): JsonMap => ({
      resource_api_version: 'V3',
      path_config_source: { path: join(folder, file) },
    });
    const certificates = {
      common_tls_context: {
        tls_certificate_sds_secret_configs: [{ name: SECRET, sds_config: source('secrets') }],
      },
    };
    const manager = typed(`${NETWORK_FILTER}.http_connection_manager.v3.HttpConnectionManager`, {
      stat_prefix: 'web',
      rds: { route_config_name: ROUTES, config_source: source('routes') },
      http_filters: [ROUTER],
    });
    const [port = 0] = await freePorts(1);
    write(folder, 'routes', '0', routes(200));
    write(folder, 'secrets', '0', secret(ONE, ONE));
    const engine = await Engine.start(kind, program, {
      node: { id: 'discovery', cluster: 'discovery' },
      static_resources: {
        listeners: [
          {
            name: 'web',
            address: socketAddress(port),
            filter_chains: [
              {
                filters: [{ name: 'http', typed_config: manager }],
                transport_socket: {
                  name: 'tls',
                  typed_config: typed(`${TLS}.DownstreamTlsContext`, certificates),
                },
              },
            ],
          },
        ],
        clusters: [
          cluster('secured', [port], {
            transport_socket: {
              name: 'tls',
              typed_config: typed(`${TLS}.UpstreamTlsContext`, certificates),
            },
          }),
        ],
      },
    });
    return new Side(folder, engine, port);
  }

  put(file: string, resource: JsonMap): void {
    this.#version += 1;
    write(this.#folder, file, String(this.#version), resource);
  }

  async counted(): Promise<Readonly<Record<string, number>>> {
    const rows = [...(await this.#engine.stats())].filter(
      ([name]) => COUNTED.test(name) && !LEFT_OUT.test(name),
    );
    return Object.fromEntries(rows.map(([name, value]) => [name.replace(`_${this.#port}`, '_PORT'), value]));
  }

  async stop(): Promise<void> {
    await this.#engine.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function write(folder: string, file: string, version: string, resource: JsonMap): void {
  writeWhole(join(folder, file), JSON.stringify({ version_info: version, resources: [resource] }));
}

const attempts = (counted: Readonly<Record<string, number>>): number =>
  Object.entries(counted)
    .filter(([name]) => name.endsWith('.update_attempt'))
    .reduce((sum, [, count]) => sum + count, 0);

describeOnRealEnvoy('statistics of what comes by name', (program) => {
  const sides: Side[] = [];

  beforeAll(async () => {
    for (const kind of ['envoy', 'builtin'] as const) sides.push(await Side.start(kind, program));
  }, 90_000);

  afterAll(async () => {
    for (const side of sides) await side.stop();
  });

  test.each(['the start', ...STEPS.map(([title]) => title)].map((title, index) => [title, index] as const))(
    '%s',
    async (_, index) => {
      const [, file, resource] = STEPS[index - 1] ?? [];
      const seen: Readonly<Record<string, number>>[] = [];
      for (const side of sides) {
        if (file !== undefined && resource !== undefined) side.put(file, resource);
        // One attempt for each of the two files, and one for each step.
        await expect.poll(async () => attempts(await side.counted()), { timeout: 20_000 }).toBe(2 + index);
        seen.push(await side.counted());
      }
      expect(Object.keys(seen[0] ?? {})).toHaveLength(15);
      expect(seen[1]).toEqual(seen[0]);
    },
  );
});
