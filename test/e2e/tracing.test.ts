/** Collectors of spans beside Zipkin: a real proxy takes what it is told of them and sends its spans there. */

import { afterEach, expect, test } from 'vitest';
import { eventually } from '../peers/run-envoy.ts';
import { ADDRESSES, INGRESS, service, shopManifests } from '../peers/world/shop.ts';
import { World } from '../peers/world/world.ts';
import { describeOnEachEngine } from './on-each-engine.ts';

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

/** Each at a port of one of the backends, which takes anything. */
const COLLECTORS = [
  ['grpc', 8082],
  ['http', 8080],
].flatMap(([protocol, targetPort], index) =>
  service({
    namespace: 'istio-system',
    name: `collector-${protocol}`,
    address: `10.96.9.${index + 1}`,
    pods: { '10.40.0.4': 'v1' },
    port: 4317,
    portName: String(protocol),
    targetPort: Number(targetPort),
  }),
);

const DATADOG: readonly [string, RegExp, string] = [
  'datadog: {service: collector-http.istio-system, port: 4317}',
  /^\/v0\.4\/traces$/,
  'x-datadog-trace-id',
];

describeOnEachEngine('tracing', (engine) => {
  let world: World | undefined;
  afterEach(() => world?.close());

  async function start(provider: string): Promise<World> {
    world = await World.open({
      engine,
      addresses: ADDRESSES,
      manifests: {
        'shop.json': shopManifests(),
        'collectors.json': JSON.stringify({ apiVersion: 'v1', kind: 'List', items: COLLECTORS }),
        'front.yaml': FRONT,
      },
      meshConfig: `defaultConfig: {tracing: {sampling: 100}}
defaultProviders: {tracing: [chosen]}
extensionProviders: [{name: chosen, ${provider}}]
`,
    });
    await world.startProxy(INGRESS);
    return world;
  }

  const call = { to: '127.0.0.1:80', path: '/traced', headers: { host: 'a.test' } };

  test.each<readonly [string, RegExp, string]>([
    [
      'opentelemetry: {service: collector-grpc.istio-system.svc.cluster.local, port: 4317}',
      /^\/opentelemetry\.proto\.collector\.trace\.v1\.TraceService\/Export$/,
      'traceparent',
    ],
    // The builtin proxy refuses Datadog's tracer by name.
    ...(engine.name === 'envoy' ? [DATADOG] : []),
    [
      'zipkin: {service: collector-http.istio-system.svc.cluster.local, port: 4317, path: /spans}',
      /^\/spans$/,
      'x-b3-traceid',
    ],
  ])('%s', async (provider, path, header) => {
    const running = await start(provider);
    const { echo } = await running.send(call);
    expect(echo?.headers).toHaveProperty(header);
    await eventually(
      async () => (await running.seen()).map((one) => one.path),
      (paths) => paths.some((one) => path.test(one)),
    );
  });

  test('a collector that is no service is told of, and requests are served', async () => {
    const running = await start('zipkin: {service: nowhere.example, port: 9411}');
    expect((await running.send(call)).status).toBe(200);
    const { text } = await running.send({ to: '127.0.0.1:8081', path: '/debug/push_status' });
    expect(text).toContain('Requests are not traced');
  });
});
