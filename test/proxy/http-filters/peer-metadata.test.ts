/** What proxies tell each other of their workloads. */

import { type JsonObject, create, toBinary } from '@bufbuild/protobuf';
import { StructSchema } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { MetadataSchema } from '../../../src/xds/proto/generated/envoy/config/core/v3/base_pb.js';
import type { Cluster } from '../../../src/proxy/upstream/types.ts';
import { FilterRun } from './run-filter.ts';

const TYPE = 'io.istio.http.peer_metadata.Config';
const METADATA = 'x-envoy-peer-metadata';
const NODE_ID = 'x-envoy-peer-metadata-id';

const headers = [{ istio_headers: {} }];
const INBOUND = { downstream_discovery: headers, downstream_propagation: headers };
const OUTBOUND = { upstream_discovery: headers, upstream_propagation: headers };

/** The nodes of Istio's own tests of the exchange. */
const CLIENT = {
  id: 'sidecar~10.52.0.34~productpage-v1-84975bc778-pxz2w.default~default.svc.cluster.local',
  cluster: 'productpage.default',
  metadata: {
    NAME: 'productpage-v1-84975bc778-pxz2w',
    NAMESPACE: 'default',
    WORKLOAD_NAME: 'productpage-v1',
    CLUSTER_ID: 'client-cluster',
    OWNER: 'kubernetes://apis/apps/v1/namespaces/default/deployments/productpage-v1',
    LABELS: {
      app: 'productpage',
      version: 'v1',
      'pod-template-hash': '84975bc778',
      'service.istio.io/canonical-name': 'productpage-v1',
      'service.istio.io/canonical-revision': 'version-1',
    },
  },
};
const SERVER = {
  id: 'sidecar~10.52.0.35~ratings-v1-1.default~default.svc.cluster.local',
  cluster: 'ratings.default',
  metadata: { NAMESPACE: 'default', WORKLOAD_NAME: 'ratings-v1', LABELS: { app: 'ratings' } },
};

const run = (node: typeof CLIENT | typeof SERVER, settings: JsonObject, metadata?: JsonObject) =>
  new FilterRun(TYPE, settings, {
    node,
    clusters: {
      get: () =>
        ({
          metadata: create(
            MetadataSchema,
            metadata === undefined ? {} : { filterMetadata: { istio: metadata } },
          ),
        }) as unknown as Cluster,
    },
  });

const told = (fields: object): string => {
  const value = (text: string) => ({ kind: { case: 'stringValue' as const, value: text } });
  const entries = Object.entries(fields).map(([key, text]) => [key, value(String(text))] as const);
  return Buffer.from(
    toBinary(StructSchema, create(StructSchema, { fields: Object.fromEntries(entries) })),
  ).toString('base64');
};

describe('the exchange of metadata', () => {
  it('lets the server know the client, the client the server, and the workload neither header', async () => {
    const client = run(CLIENT, OUTBOUND);
    const server = run(SERVER, INBOUND);
    const { sent } = await client.call({ headers: [['accept', '*/*']] });
    expect(sent?.headers).toMatchObject({ [NODE_ID]: CLIENT.id });
    const request = Object.entries(sent?.headers ?? {});

    const answered = await server.call({ headers: request });
    expect(answered.sent?.headers).toEqual({ accept: '*/*' });
    expect(answered.info.downstreamPeer).toMatchObject({
      name: 'productpage-v1',
      namespace: 'default',
      app: 'productpage',
      version: 'v1',
      canonicalName: 'productpage-v1',
      canonicalRevision: 'version-1',
      cluster: 'client-cluster',
    });
    expect(answered.headers).toMatchObject({ [NODE_ID]: SERVER.id });

    const back = await client.call({ response: { headers: Object.entries(answered.headers) } });
    expect(back.headers).toEqual({});
    expect(back.info.upstreamPeer).toMatchObject({
      name: 'ratings-v1',
      app: 'ratings',
      canonicalName: 'ratings',
      canonicalRevision: 'latest',
      cluster: '',
    });
  });

  it('does not answer a client that tells nothing', async () => {
    const { headers: answer, info } = await run(SERVER, INBOUND).call({});
    expect([answer, info.downstreamPeer]).toEqual([{}, undefined]);
  });

  it('takes the same peer for the same, and what says nothing for nobody', async () => {
    const server = run(SERVER, INBOUND);
    const peer = async (value: string) =>
      (await server.call({ headers: [[METADATA, value]] })).info.downstreamPeer;
    const first = await peer(told({ WORKLOAD_NAME: 'a', NAME: 'a-1' }));
    expect(first?.name).toBe('a');
    expect(await peer(told({ WORKLOAD_NAME: 'a', NAME: 'a-2' }))).toBe(first);
    expect(await peer(told({ WORKLOAD_NAME: 'n'.repeat(300), NAMESPACE: 'shop' }))).toMatchObject({
      name: '',
      namespace: 'shop',
    });
    for (const bad of ['?', 'AAAA', 'ZGVlcA==', told({ NAME: 'x'.repeat(20_000), WORKLOAD_NAME: 'b' })]) {
      expect(await peer(bad), bad.slice(0, 10)).toBeUndefined();
    }
  });

  it('goes on with the peers it knows when others make up ever more', async () => {
    const server = run(SERVER, INBOUND);
    const peer = async (name: string) =>
      (await server.call({ headers: [[METADATA, told({ WORKLOAD_NAME: name })]] })).info.downstreamPeer;
    for (let index = 0; index < 10_000; index++) await peer(`w-${index}`);
    expect(await peer('one-more')).toBeUndefined();
    expect(await peer('w-0')).toMatchObject({ name: 'w-0' });
  });

  it.each<readonly [string, boolean, JsonObject | undefined, boolean]>([
    ['a service of the mesh', true, { services: [] }, true],
    ['a service outside', false, { external: true }, true],
    ['a service outside, when only the mesh is told', true, { external: true }, false],
    ['a cluster that says so', false, { disable_mx: true }, false],
  ])('%s is told or not', async (_, skip, metadata, isTold) => {
    const propagation = [{ istio_headers: { skip_external_clusters: skip } }];
    const { sent } = await run(CLIENT, { upstream_propagation: propagation }, metadata).call({});
    expect(Object.keys(sent?.headers ?? {})).toEqual(isTold ? [NODE_ID, METADATA] : []);
  });

  it.each<readonly [string, JsonObject]>([
    ['baggage', { downstream_discovery: [{ baggage: {} }] }],
    ['additional_labels', { ...INBOUND, additional_labels: ['role'] }],
    ['propagation_method', { upstream_propagation: [{}] }],
  ])('refuses %s by name', (name, settings) => {
    expect(() => run(CLIENT, settings)).toThrow(name);
  });
});
