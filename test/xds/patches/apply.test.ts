import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { describe, expect, it, test } from 'vitest';
import { patched } from './patched.ts';

describe('the objects', () => {
  const filter = (name: string, namespace: string, spec: JsonObject, created = ''): JsonObject => ({
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { name, namespace, ...(created !== '' && { creationTimestamp: created }) },
    spec: {
      configPatches: [
        {
          applyTo: 'ROUTE_CONFIGURATION',
          patch: { operation: 'MERGE', value: { internal_only_headers: [name] } },
        },
      ],
      ...spec,
    },
  });
  const order = (filters: JsonObject[], metadata: JsonObject = {}): JsonValue => {
    const { made } = patched({ given: { routes: [{ name: '80' }] }, filters, metadata });
    const [routes = {}] = (made['routes'] ?? []) as readonly JsonObject[];
    return routes['internal_only_headers'] ?? [];
  };

  it('go by priority, then the root namespace first, then by age, then by name', () => {
    const filters = [
      filter('late', 'shop', { priority: 5 }),
      filter('young', 'shop', {}, '2026-02-01T00:00:00Z'),
      filter('old', 'shop', {}, '2026-01-01T00:00:00Z'),
      filter('z', 'istio-system', {}, '2026-03-01T00:00:00Z'),
      filter('a', 'istio-system', {}, '2026-03-01T00:00:00Z'),
      filter('early', 'shop', { priority: -5 }),
      filter('elsewhere', 'other', {}),
    ];
    expect(order(filters)).toEqual(['early', 'a', 'z', 'old', 'young', 'late']);
  });

  it('hold for the workloads that they choose', () => {
    const toGateway = {
      targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'front' }],
    };
    const filters = [
      filter('web', 'shop', { workloadSelector: { labels: { app: 'web' } } }),
      filter('api', 'shop', { workloadSelector: { labels: { app: 'api' } } }),
      filter('front', 'shop', toGateway),
      filter('root', 'istio-system', toGateway),
    ];
    expect(order(filters)).toEqual(['web']);
    const labels = { 'gateway.networking.k8s.io/gateway-name': 'front' };
    expect(order(filters, { LABELS: labels })).toEqual(['front']);
  });

  test.each<[JsonObject, boolean]>([
    [{ proxyVersion: '^1\\.27.*' }, true],
    [{ proxyVersion: '27' }, true],
    [{ proxyVersion: '^1\\.26.*' }, false],
    [{ metadata: { TEAM: 'a' } }, true],
    [{ metadata: { TEAM: 'b' } }, false],
    [{ metadata: { OTHER: 'a' } }, false],
  ])('match proxies by %j: %s', (proxy, isMeant) => {
    const patch = {
      applyTo: 'ROUTE_CONFIGURATION',
      match: { proxy },
      patch: { operation: 'MERGE', value: { internal_only_headers: ['x'] } },
    };
    expect(order([patch], { TEAM: 'a' })).toEqual(isMeant ? ['x'] : []);
  });
});

test.each<[JsonObject, string]>([
  [
    { applyTo: 'BOOTSTRAP', patch: { operation: 'MERGE', value: {} } },
    'BOOTSTRAP is for what a proxy starts with',
  ],
  [{ applyTo: 'CLUSTER', patch: { operation: 'REPLACE', value: {} } }, 'REPLACE can do nothing to a CLUSTER'],
  [
    { applyTo: 'HTTP_ROUTE', patch: { operation: 'REPLACE', value: {} } },
    'REPLACE can do nothing to a HTTP_ROUTE',
  ],
  [{ applyTo: 'CLUSTER', patch: { value: {} } }, 'without an operation can do nothing to a CLUSTER'],
  [{ applyTo: 'CLUSTER', patch: { operation: 'MERGE' } }, 'it has no value'],
  [
    { applyTo: 'CLUSTER', patch: { operation: 'ADD', value: { alt_stat_name: 'x' } } },
    'a CLUSTER that is added needs a name',
  ],
  [
    { applyTo: 'HTTP_FILTER', patch: { operation: 'REMOVE' } },
    'needs match.listener.filterChain.filter.subFilter',
  ],
  [{ applyTo: 'NETWORK_FILTER', patch: { operation: 'REMOVE' } }, 'needs match.listener.filterChain.filter,'],
  [
    { applyTo: 'LISTENER_FILTER', patch: { operation: 'MERGE', value: {} } },
    'needs match.listener.listenerFilter',
  ],
  [{ applyTo: 'CLUSTER', patch: { operation: 'MERGE', value: { name: 7 } } }, 'cannot decode field'],
  [
    { applyTo: 'CLUSTER', patch: { operation: 'MERGE', value: { nom: 'x' } } },
    'is applied without what is not known',
  ],
  [
    {
      applyTo: 'NETWORK_FILTER',
      patch: { operation: 'ADD', value: { typed_config: { '@type': 'type.googleapis.com/a.B' } } },
    },
    'a.B is not in the type registry',
  ],
  [
    { applyTo: 'CLUSTER', match: { proxy: { proxyVersion: '(' } }, patch: { operation: 'REMOVE' } },
    'no regular expression',
  ],
])('the patch %j is a problem of its object, and those beside it are applied', (patch, problem) => {
  const good = { applyTo: 'CLUSTER', patch: { operation: 'MERGE', value: { alt_stat_name: 's' } } };
  const { made, problems } = patched({ given: { clusters: [{ name: 'c' }] }, filters: [patch, good] });
  expect(problems).toEqual([expect.stringContaining(problem)]);
  expect(problems[0]).toMatch(/^f0: spec\.configPatches\[0\] /);
  expect(made['clusters']).toEqual([{ name: 'c', alt_stat_name: 's' }]);
});
