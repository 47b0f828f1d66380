import type { JsonObject } from '@bufbuild/protobuf';
import { describe, expect, it, test } from 'vitest';
import { patched } from './patched.ts';

describe('clusters', () => {
  const web = 'outbound|80|v1|web.shop.svc.cluster.local';
  const tls = (sni: string): JsonObject => ({
    name: 'tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
      sni,
    },
  });
  const merge = (cluster: JsonObject, match: JsonObject, value: JsonObject) =>
    patched({
      given: { clusters: [cluster] },
      filters: [{ applyTo: 'CLUSTER', match: { cluster: match }, patch: { operation: 'MERGE', value } }],
    });

  test.each<[JsonObject, boolean]>([
    [{}, true],
    [{ name: web }, true],
    [{ name: 'other' }, false],
    [{ service: 'web.shop.svc.cluster.local', portNumber: 80, subset: 'v1' }, true],
    [{ service: 'api.shop.svc.cluster.local' }, false],
    [{ portNumber: 81 }, false],
    [{ subset: 'v2' }, false],
  ])('match %j: %s', (match, isMeant) => {
    const { made } = merge({ name: web }, match, { alt_stat_name: 's' });
    expect(made['clusters']).toEqual([isMeant ? { name: web, alt_stat_name: 's' } : { name: web }]);
  });

  it('merge the settings of their transport socket, or get another one', () => {
    const value = { alt_stat_name: 's', transport_socket: tls('b') };
    const same = merge({ name: 'c', transport_socket: tls('a') }, {}, value);
    expect(same.made['clusters']).toEqual([{ name: 'c', alt_stat_name: 's', transport_socket: tls('b') }]);
    const other = merge({ name: 'c', transport_socket: { name: 'raw' } }, {}, value);
    expect(other.made['clusters']).toEqual([{ name: 'c', alt_stat_name: 's', transport_socket: tls('b') }]);
    const chosen = merge(
      { name: 'c', transport_socket_matches: [{ name: 'm', transport_socket: tls('a') }] },
      {},
      value,
    );
    expect(chosen.made['clusters']).toMatchObject([
      { transport_socket_matches: [{ transport_socket: tls('b') }] },
    ]);
    const none = merge(
      { name: 'c', transport_socket_matches: [{ name: 'm', transport_socket: { name: 'raw' } }] },
      {},
      value,
    );
    expect(none.problems).toEqual([expect.stringContaining('does not change the transport of c')]);
  });

  it('are removed, and know who changed them', () => {
    const given = { clusters: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] };
    const { resources } = patched({
      given,
      filters: [
        { applyTo: 'CLUSTER', match: { cluster: { name: 'a' } }, patch: { operation: 'REMOVE' } },
        {
          applyTo: 'CLUSTER',
          match: { cluster: { name: 'b' } },
          patch: { operation: 'MERGE', value: { alt_stat_name: 's' } },
        },
      ],
    });
    expect(resources.map(({ name, changedBy }) => [name, changedBy])).toEqual([
      ['b', [{ kind: 'EnvoyFilter', namespace: 'shop', name: 'f1' }]],
      ['c', undefined],
    ]);
  });
});
