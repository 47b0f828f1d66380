import { type JsonValue, clone } from '@bufbuild/protobuf';
import { describe, expect, it, test } from 'vitest';
import { mergeInto, mergedAny } from '../../../src/xds/patches/merge.ts';
import { ClusterSchema } from '../../../src/xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { RouteSchema } from '../../../src/xds/proto/generated/envoy/config/route/v3/route_components_pb.js';
import { HttpConnectionManagerSchema } from '../../../src/xds/proto/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { messageFromJson, messageToJson, pack } from '../../../src/xds/proto/registry.ts';

const SCHEMAS = { cluster: ClusterSchema, route: RouteSchema, manager: HttpConnectionManagerSchema } as const;

test.each<[string, keyof typeof SCHEMAS, JsonValue, JsonValue, JsonValue]>([
  ['text that is set replaces text', 'cluster', { name: 'a' }, { name: 'b' }, { name: 'b' }],
  [
    'what the patch lacks stays',
    'cluster',
    { name: 'a' },
    { alt_stat_name: 'b' },
    { name: 'a', alt_stat_name: 'b' },
  ],
  [
    'a list is appended',
    'manager',
    { upgrade_configs: [{ upgrade_type: 'websocket' }] },
    { upgrade_configs: [{ upgrade_type: 'CONNECT' }] },
    { upgrade_configs: [{ upgrade_type: 'websocket' }, { upgrade_type: 'CONNECT' }] },
  ],
  [
    'a message is merged field by field',
    'cluster',
    {
      common_lb_config: { healthy_panic_threshold: { value: 5 }, close_connections_on_host_set_change: true },
    },
    { common_lb_config: { healthy_panic_threshold: { value: 7 } } },
    {
      common_lb_config: { healthy_panic_threshold: { value: 7 }, close_connections_on_host_set_change: true },
    },
  ],
  [
    'a duration is one value, zero too',
    'cluster',
    { connect_timeout: '1.5s', cleanup_interval: '3s' },
    { connect_timeout: '10s', cleanup_interval: '0s' },
    { connect_timeout: '10s', cleanup_interval: '0s' },
  ],
  [
    'an entry of a map replaces that of its key',
    'cluster',
    { metadata: { filter_metadata: { a: { x: 1 }, b: { y: 2 } } } },
    { metadata: { filter_metadata: { b: { z: 3 } } } },
    { metadata: { filter_metadata: { a: { x: 1 }, b: { z: 3 } } } },
  ],
  [
    'one of several alternatives takes the place of another',
    'route',
    { match: { prefix: '/' }, redirect: { path_redirect: '/new' } },
    { match: { path: '/x' }, route: { cluster: 'c' } },
    { match: { path: '/x' }, route: { cluster: 'c' } },
  ],
  [
    'the same alternative is merged',
    'route',
    { route: { cluster: 'c', timeout: '1s' } },
    { route: { timeout: '2s' } },
    { route: { cluster: 'c', timeout: '2s' } },
  ],
  [
    'numbers with a presence of their own are replaced',
    'manager',
    { http2_protocol_options: { max_concurrent_streams: 5, initial_stream_window_size: 65535 } },
    { http2_protocol_options: { max_concurrent_streams: 9 } },
    { http2_protocol_options: { max_concurrent_streams: 9, initial_stream_window_size: 65535 } },
  ],
])('%s', (_title, kind, target, patch, wanted) => {
  const schema = SCHEMAS[kind];
  const message = messageFromJson(schema, target);
  const change = messageFromJson(schema, patch);
  const before = clone(schema, change);
  mergeInto(schema, message, change);
  expect(messageToJson(message)).toEqual(wanted);
  expect(change).toEqual(before);
});

it('lets lists take the place of those that are there', () => {
  const target = messageFromJson(HttpConnectionManagerSchema, {
    upgrade_configs: [{ upgrade_type: 'websocket' }],
    via: 'a',
  });
  const patch = messageFromJson(HttpConnectionManagerSchema, {
    upgrade_configs: [{ upgrade_type: 'CONNECT' }],
  });
  mergeInto(HttpConnectionManagerSchema, target, patch, { replaceLists: true });
  expect(messageToJson(target)).toEqual({ upgrade_configs: [{ upgrade_type: 'CONNECT' }], via: 'a' });
});

it('does not share what it merges with the patch', () => {
  const patch = messageFromJson(ClusterSchema, { metadata: { filter_metadata: { a: { x: 1 } } } });
  const one = messageFromJson(ClusterSchema, { name: 'one' });
  mergeInto(ClusterSchema, one, patch);
  mergeInto(
    ClusterSchema,
    one,
    messageFromJson(ClusterSchema, { metadata: { filter_metadata: { b: { y: 2 } } } }),
  );
  expect(messageToJson(patch)).toEqual({ metadata: { filter_metadata: { a: { x: 1 } } } });
});

describe('packed messages', () => {
  const packed = pack(HttpConnectionManagerSchema, { statPrefix: 'a', via: 'x' });

  it('are merged inside when they are of one type', () => {
    const merged = mergedAny(packed, pack(HttpConnectionManagerSchema, { via: 'y' }));
    expect(merged).toEqual(pack(HttpConnectionManagerSchema, { statPrefix: 'a', via: 'y' }));
  });

  it('are not merged when they are of different types', () => {
    expect(mergedAny(packed, pack(ClusterSchema, { name: 'y' }))).toBeUndefined();
  });
});
