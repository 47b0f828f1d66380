/** Istio's standard metrics of a sidecar that `mesh-controller` configures: who called whom, over HTTP, gRPC and TCP. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../peers/run-envoy.ts';
import { ADDRESSES, CLIENT, SERVICES, shopManifests } from '../peers/world/shop.ts';
import { World } from '../peers/world/world.ts';
import { describeOnEachEngine } from './on-each-engine.ts';

type Labels = Readonly<Record<string, string>>;

const PEER_HEADERS = ['x-envoy-peer-metadata', 'x-envoy-peer-metadata-id'];

// A stock Envoy has none.
describeOnEachEngine(
  'standard metrics',
  (engine) => {
    let world: World;
    beforeAll(async () => {
      const manifests = { 'shop.json': shopManifests() };
      world = await World.open({ engine, addresses: ADDRESSES, workload: CLIENT.ip, manifests });
      await world.startProxy({ ...CLIENT, env: { ISTIO_META_WORKLOAD_NAME: 'client' } });
    }, 60_000);
    afterAll(() => world?.close());

    /** The labels and the value of a metric's first line with these labels that has counted. */
    async function metric(name: string, wanted: Labels): Promise<readonly [Labels, number]> {
      const look = async (): Promise<readonly [Labels, number] | undefined> => {
        const { text } = await world.send({ to: '127.0.0.1:15000', path: '/stats/prometheus' });
        return [...text.matchAll(new RegExp(`^${name}\\{(.*)\\} (\\d+)$`, 'gm'))]
          .map(([, labels = '', value]) => [labelsOf(labels), Number(value)] as const)
          .filter(([, value]) => value > 0)
          .find(([labels]) => Object.entries(wanted).every(([key, text]) => labels[key] === text));
      };
      const found = await eventually(look, (one) => one !== undefined);
      if (found === undefined) throw new Error(`there is no ${name}`);
      return found;
    }

    const CALLER = {
      reporter: 'source',
      source_workload: 'client',
      source_workload_namespace: 'shop',
      source_app: 'client',
      source_version: 'v1',
      source_cluster: 'Kubernetes',
    };

    test('of requests name the caller and the service', async () => {
      await world.send({ to: `${SERVICES.api}:80`, headers: { host: 'api' } });
      const [labels, value] = await metric('istio_requests_total', {
        ...CALLER,
        destination_service: 'api.shop.svc.cluster.local',
      });
      expect(value).toBe(1);
      expect(labels).toMatchObject({
        destination_workload: expect.stringMatching(/^api-[01]$/) as string,
        destination_workload_namespace: 'shop',
        destination_canonical_service: 'api',
        destination_canonical_revision: expect.stringMatching(/^v[12]$/) as string,
        destination_cluster: 'Kubernetes',
        destination_service_name: 'api',
        destination_service_namespace: 'shop',
        request_protocol: 'http',
        response_code: '200',
      });
    });

    test('of gRPC count messages', async () => {
      await world.send({
        to: `${SERVICES.rpc}:80`,
        protocol: 'http2',
        method: 'POST',
        path: '/shop.Rpc/Call',
        headers: { host: 'rpc', 'content-type': 'application/grpc', te: 'trailers' },
        body: '\0\0\0\0\u0002hi\0\0\0\0\u0001x',
      });
      const wanted = { ...CALLER, destination_service: 'rpc.shop.svc.cluster.local' };
      const [labels, value] = await metric('istio_request_messages_total', wanted);
      expect(value).toBe(2);
      expect(labels).not.toHaveProperty('response_code');
      const [request] = await metric('istio_requests_total', { ...wanted, request_protocol: 'grpc' });
      expect(request).toMatchObject({ grpc_response_status: '0' });
    });

    test('of TCP count connections and bytes', async () => {
      const { text } = await world.send({ to: `${SERVICES.greeter}:2525`, protocol: 'tcp', body: 'hello' });
      const wanted = { ...CALLER, destination_service: 'greeter.shop.svc.cluster.local' };
      const [labels, closed] = await metric('istio_tcp_connections_closed_total', wanted);
      expect(closed).toBe(1);
      expect(labels).toMatchObject({
        destination_canonical_service: 'greeter',
        destination_service_name: 'greeter',
        destination_service_namespace: 'shop',
        request_protocol: 'tcp',
        response_flags: '-',
        connection_security_policy: 'unknown',
      });
      expect((await metric('istio_tcp_connections_opened_total', wanted))[1]).toBe(1);
      expect((await metric('istio_tcp_received_bytes_total', wanted))[1]).toBe(5);
      expect((await metric('istio_tcp_sent_bytes_total', wanted))[1]).toBe(text.length);
    });

    test('of the workload itself name it as the one that is called', async () => {
      await world.send({ to: `${CLIENT.ip}:8080`, headers: { host: 'client' } });
      const [labels] = await metric('istio_requests_total', { reporter: 'destination' });
      expect(labels).toMatchObject({
        source_workload: 'unknown',
        destination_workload: 'client',
        destination_workload_namespace: 'shop',
        destination_app: 'client',
        destination_service: 'client.shop.svc.cluster.local',
        destination_service_name: 'client',
        destination_service_namespace: 'shop',
        connection_security_policy: 'none',
        response_code: '200',
      });
    });

    test('of the workload itself name who calls, when that one has a proxy that tells it', async () => {
      const { echo } = await world.send({ to: `${SERVICES.api}:80`, headers: { host: 'api' } });
      const told = Object.fromEntries(PEER_HEADERS.map((name) => [name, String(echo?.headers[name])]));
      const answer = await world.send({ to: `${CLIENT.ip}:8080`, headers: { host: 'client', ...told } });
      for (const name of PEER_HEADERS) {
        expect(answer.echo?.headers, name).not.toHaveProperty(name);
        expect(answer.headers, name).toHaveProperty(name);
      }
      const [labels] = await metric('istio_requests_total', {
        reporter: 'destination',
        source_workload: 'client',
      });
      expect(labels).toMatchObject({
        source_workload_namespace: 'shop',
        source_app: 'client',
        source_version: 'v1',
        source_canonical_service: 'client',
        source_canonical_revision: 'v1',
        source_cluster: 'Kubernetes',
        source_principal: 'unknown',
      });
    });
  },
  ['builtin'],
);

function labelsOf(text: string): Labels {
  return Object.fromEntries(
    [...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]),
  );
}
