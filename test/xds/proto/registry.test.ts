import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { ClusterSchema } from '../../../src/xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { HttpProtocolOptionsSchema } from '../../../src/xds/proto/generated/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js';
import { REGISTRY, findType, messageFromJson, pack, typedJson } from '../../../src/xds/proto/registry.ts';

const OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

describe('the registry of Envoy types', () => {
  test('shows a message inside an Any with its type and its fields', () => {
    const cluster = create(ClusterSchema, {
      name: 'outbound|80||juice.shop.svc.cluster.local',
      typedExtensionProtocolOptions: {
        [OPTIONS]: pack(HttpProtocolOptionsSchema, {
          upstreamProtocolOptions: { case: 'useDownstreamProtocolConfig', value: {} },
        }),
      },
    });
    expect(typedJson(cluster)).toEqual({
      '@type': 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
      name: 'outbound|80||juice.shop.svc.cluster.local',
      typed_extension_protocol_options: {
        [OPTIONS]: { '@type': `type.googleapis.com/${OPTIONS}`, use_downstream_protocol_config: {} },
      },
    });
  });

  test('reads JSON in both spellings of names, and says which field it does not know', () => {
    const cluster = messageFromJson(ClusterSchema, { alt_stat_name: 'a', connectTimeout: '1.5s' });
    expect(cluster.altStatName).toBe('a');
    expect(cluster.connectTimeout).toMatchObject({ seconds: 1n, nanos: 500_000_000 });
    expect(() => messageFromJson(ClusterSchema, { sails: 2 })).toThrow('sails');
  });

  test('finds types by name and by type URL', () => {
    expect(findType(`type.googleapis.com/${OPTIONS}`)?.typeName).toBe(OPTIONS);
    expect(findType('envoy.config.cluster.v3.Cluster')?.fields).toBe(ClusterSchema.fields);
    expect(findType('envoy.config.cluster.v3.Cluster.LbSubsetConfig')?.name).toBe('LbSubsetConfig');
    expect(findType('google.protobuf.StringValue')?.name).toBe('StringValue');
    expect(findType('envoy.config.Boat')).toBeUndefined();
    expect(findType('envoy.config.cluster.v3.Boat')).toBeUndefined();
  });

  test('has all types when asked for all', () => {
    const names = new Set([...REGISTRY].map(({ typeName }) => typeName));
    for (const name of [OPTIONS, 'envoy.config.core.v3.RoutingPriority', 'google.protobuf.Struct'])
      expect(names).toContain(name);
  });

  test('a descriptor says of itself what it is, as one that was made at once', () => {
    expect(Object.keys(ClusterSchema)).toContain('fields');
    expect('oneofs' in ClusterSchema).toBe(true);
    expect(String(ClusterSchema)).toBe('message envoy.config.cluster.v3.Cluster');
    expect({ ...ClusterSchema }).toMatchObject({ kind: 'message', name: 'Cluster' });
  });
});
