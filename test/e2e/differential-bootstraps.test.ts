/**
 * Envoy's own examples of static bootstraps: each works the same in the builtin engine, or is refused at start with the
 * names of what is not supported.
 */

import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SHARED } from '../conformance/cases.ts';
import { inCi } from '../peers/tools.ts';
import { makeCertificate } from '../peers/world/certificate.ts';
import { Backends } from './differential/backends.ts';
import { exampleOf, listenersOf } from './differential/bootstraps.ts';
import { type Got, type Sent, send } from './differential/client.ts';
import { COMPARED, Engine, type EngineKind } from './differential/engines.ts';
import { freePorts } from '../peers/free-ports.ts';
import { comparable } from './differential/pair.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';

const FOLDER = join(SHARED, 'conformance', 'bootstrap');
const FILES = existsSync(FOLDER) ? readdirSync(FOLDER).filter((name) => name.endsWith('.yaml')) : [];

/** What is not supported, as it has to be named; Envoy itself lacks files that some of them speak of. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  'cache.envoy.yaml': ['envoy.extensions.filters.http.cache.v3.CacheConfig'],
  'datadog-tracing.envoy.yaml': ['envoy.config.trace.v3.DatadogConfig'],
  'ext_authz.config.grpc-service.v3.yaml': ['envoy.extensions.filters.http.ext_authz.v3.ExtAuthz'],
  'ext_authz.config.opa-service.v3.yaml': ['envoy.extensions.filters.http.ext_authz.v3.ExtAuthz'],
  'fault-injection.envoy.yaml': ['disk_layer'],
  'golang-http.envoy.yaml': ['envoy.extensions.filters.http.golang.v3alpha.Config'],
  'golang-network.envoy.yaml': ['envoy.extensions.filters.network.golang.v3alpha.Config'],
  'kafka-mesh.envoy.yaml': [
    'envoy.extensions.filters.network.kafka_broker.v3.KafkaBroker',
    'envoy.extensions.filters.network.kafka_mesh.v3alpha.KafkaMesh',
  ],
  'load-reporting-service.envoy.yaml': ['load_stats_config'],
  'lua-cluster-specifier.envoy.yaml': ['envoy.extensions.router.cluster_specifiers.lua.v3.LuaConfig'],
  'mysql.envoy.yaml': ['envoy.extensions.filters.network.mysql_proxy.v3.MySQLProxy'],
  'postgres.envoy.yaml': ['envoy.extensions.filters.network.postgres_proxy.v3alpha.PostgresProxy'],
  'skywalking.envoy-1.yaml': ['envoy.config.trace.v3.SkyWalkingConfig'],
  'skywalking.envoy-2.yaml': ['envoy.config.trace.v3.SkyWalkingConfig'],
  'skywalking.envoy-front-proxy.yaml': ['envoy.config.trace.v3.SkyWalkingConfig'],
  'wasm-cc.envoy.yaml': ['envoy.extensions.filters.http.wasm.v3.Wasm'],
};

const ORIGIN = ['origin', 'https://other.example'] as const;

/** What every listener is asked. */
function questionsFor(text: string): Sent[] {
  const paths = [...text.matchAll(/(?:prefix|path|exact): "?(\/[^"\s]*)"?/g)].map(([, path = '']) => path);
  const hosts = [
    'example.com',
    ...[...text.matchAll(/^ *- "?([a-z0-9.]+\.[a-z]+)"?$/gm)].map(([, host = '']) => host),
  ];
  return ['/', '/none/such', ...new Set(paths)].flatMap((path) => [
    ...hosts.map((host): Sent => ({ host, path })),
    {
      host: 'example.com',
      path,
      method: 'POST',
      body: 'hello',
      headers: [ORIGIN, ['content-type', 'text/plain']],
    },
    { host: 'example.com', path, headers: [['accept-encoding', 'gzip'], ORIGIN], protocol: 'http1' },
    {
      host: 'example.com',
      path,
      method: 'OPTIONS',
      headers: [ORIGIN, ['access-control-request-method', 'GET']],
    },
  ]);
}

describeOnRealEnvoy('examples of bootstraps', (program) => {
  let folder = '';
  let secure: Server | undefined;
  let securePort = 0;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lateen-examples-'));
    const { cert, key } = makeCertificate(folder, 'endpoint', 'endpoint.example');
    const server = createHttps({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) =>
      response.end(`tls ${request.method} ${request.url} ${request.headers.host}`),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    securePort = (server.address() as AddressInfo).port;
    secure = server;
  });

  afterAll(() => {
    secure?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('are there', () => {
    if (inCi()) expect(FILES.length).toBeGreaterThan(30);
  });

  /** What the proxy does with all questions, and what its endpoints see. */
  async function answers(kind: EngineKind, file: string): Promise<readonly { got: Got; seen: unknown }[]> {
    const backends = await Backends.start();
    const { bootstrap, ports } = exampleOf(
      file,
      backends.ports,
      securePort,
      await freePorts(listenersOf(file)),
    );
    const engine = await Engine.start(kind, program, bootstrap);
    try {
      const all = [];
      for (const port of ports) {
        for (const question of questionsFor(readFileSync(file, 'utf8'))) {
          const got = await send(port, question);
          const seen = backends.take().map((one) => ({ ...one, headers: comparable(one.headers, {}) }));
          // Reports of traces and the like come when they come.
          const own = seen.filter(
            ({ url }) => url === question.path || !/spans|Export|opentelemetry/.test(url),
          );
          all.push({ question, got: { ...got, headers: comparable(got.headers, {}) }, seen: own });
        }
      }
      return all;
    } finally {
      await engine.stop();
      await backends.stop();
    }
  }

  it.each(FILES)('%s', async (name) => {
    const file = join(FOLDER, name);
    const refused = REFUSED[name];
    if (refused === undefined) {
      // At the same time: some wait half a minute for a control plane that does not come.
      const [envoy, other] = await Promise.all([answers('envoy', file), answers(COMPARED, file)]);
      expect(other).toEqual(envoy);
      return;
    }
    const backends = await Backends.start();
    const { bootstrap } = exampleOf(file, backends.ports, securePort, await freePorts(listenersOf(file)));
    const refusal = await Engine.refuse('builtin', program, bootstrap);
    await backends.stop();
    expect(refusal?.code).toBe(1);
    for (const extension of refused) expect(refusal?.output).toContain(extension);
    expect(refusal?.output).not.toMatch(/^\s+at /m);
  });
});
