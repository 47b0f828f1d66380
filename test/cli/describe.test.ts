/** `mesh experimental describe` from files. */

import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { runMesh } from './run-mesh.ts';

const MESH = `apiVersion: v1
kind: Service
metadata: {name: fruits, namespace: shop}
spec: {selector: {app: fruits}, ports: [{name: http, port: 80, targetPort: web}]}
---
apiVersion: v1
kind: Pod
metadata: {name: fruits-1, namespace: shop, labels: {app: fruits, version: v1}}
spec:
  containers:
  - {name: main, image: a, ports: [{name: web, containerPort: 8080}], securityContext: {runAsUser: 1337}}
  - {name: istio-proxy, image: b}
status: {phase: Running, containerStatuses: [{name: main, ready: false}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: fruits, namespace: shop}
spec:
  host: fruits
  trafficPolicy: {tls: {mode: ISTIO_MUTUAL}, loadBalancer: {simple: RANDOM}}
  subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: fruits, namespace: shop}
spec:
  hosts: [fruits, fruits.example]
  gateways: [mesh, front]
  http:
  - match: [{uri: {prefix: /new}, headers: {beta: {exact: 'yes'}}}]
    route: [{destination: {host: fruits, subset: v2}}]
  - match: [{uri: {prefix: /odd}}]
    route: [{destination: {host: fruits, subset: v3}}]
  - route: [{destination: {host: fruits, subset: v1}, weight: 75}, {destination: {host: cakes}, weight: 25}]
  - route: [{destination: {host: cakes}}]
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: shop}
spec: {mtls: {mode: STRICT}}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: readers, namespace: shop}
spec: {selector: {matchLabels: {app: fruits}}, action: DENY, rules: [{}]}
`;

const describeIt = (...argv: string[]) =>
  runMesh(['experimental', 'describe', ...argv, '-f', '-'], {
    stdin: MESH,
    env: { KUBECONFIG: '/no/such/file' },
  });

describe('mesh experimental describe', () => {
  test('pod tells what leads to it, which subsets it is in, and which policies hold', async () => {
    const { code, stdout } = await describeIt('pod', 'fruits-1.shop');
    expect(code).toBe(0);
    expect(`\n${stdout}`).toMatchInlineSnapshot(`
      "
      Pod: fruits-1.shop
         Pod Revision: <none>
         Pod Ports: 8080 (main)
      WARNING: Pod fruits-1.shop Container main NOT READY
      WARNING: User ID (UID) 1337 is reserved for the sidecar proxy.
      --------------------
      Service: fruits.shop
         Port: http 80/HTTP targets pod port 8080
            mTLS mode: STRICT (shop/default)
      DestinationRule: fruits.shop for "fruits.shop.svc.cluster.local"
         Matching subsets: v1
            (Non-matching subsets v2)
         Traffic Policy TLS Mode: ISTIO_MUTUAL
         Policies: load balancer
      VirtualService: fruits.shop
         Route to non-matching subset v2 (Match: /new* when headers are beta=yes)
         Route to host "fruits.shop.svc.cluster.local" subset "v1" with weight 75%, everything
         WARNING: Route to UNKNOWN subset v3; check DestinationRule fruits (Match: /odd*)
         1 additional route(s) that do not lead here
         Exposed by Gateway shop/front for fruits.shop.svc.cluster.local, fruits.example
      --------------------
      Effective PeerAuthentication:
         Workload mTLS mode: STRICT
      Applied PeerAuthentication:
         shop/default
      RBAC policies:
         shop/readers (DENY)
      "
    `);
  });

  test('service tells of its workloads, and the same as JSON and YAML', async () => {
    const json = await describeIt('svc', 'fruits.shop', '-o', 'json');
    const value: unknown = JSON.parse(json.stdout);
    expect(value).toMatchObject({
      services: [{ host: 'fruits.shop.svc.cluster.local', destinationRule: { otherSubsets: ['v2'] } }],
      workloads: ['Pod fruits-1'],
    });
    expect(load((await describeIt('service', 'fruits', '-n', 'shop', '-o', 'yaml')).stdout)).toEqual(value);
  });

  test.for([
    ['pod', 'fruits-2.shop', 2, /no workload shop\/fruits-2\n {2}Did you mean fruits-1\.shop\?/],
    ['service', 'fruit.shop', 1, /no service shop\/fruit\n {2}Did you mean fruits\.shop\?/],
  ] as const)(
    'a %s that is not there is an error with the nearest name',
    async ([what, name, code, words]) => {
      const run = await describeIt(what, name);
      expect(run.stderr).toMatch(words);
      expect([run.code, run.stdout]).toEqual([code, '']);
    },
  );
});

describe('mesh experimental authz check', () => {
  const rbac = (name: string, rules: object) => ({
    name,
    typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC', ...rules },
  });
  const listener = {
    name: 'virtualInbound',
    filter_chains: [
      {
        filters: [
          rbac('envoy.filters.network.rbac', {
            rules: { action: 'DENY', policies: { 'ns[shop]-policy[no]-rule[0]': {} } },
          }),
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: {
              http_filters: [
                rbac('envoy.filters.http.rbac', {
                  rules: {
                    policies: { 'ns[shop]-policy[yes]-rule[0]': {}, 'ns[shop]-policy[yes]-rule[1]': {} },
                  },
                  shadow_rules: { policies: { 'istio-ext-authz-ns[shop]-policy[ask]-rule[0]': {} } },
                }),
                rbac('envoy.filters.http.rbac', { rules: {} }),
              ],
            },
          },
        ],
      },
    ],
  };
  const dump = {
    configs: [
      {
        '@type': 'type.googleapis.com/envoy.admin.v3.ListenersConfigDump',
        dynamic_listeners: [{ active_state: { listener } }],
      },
    ],
  };
  const check = (...argv: string[]) =>
    runMesh(['x', 'authz', 'check', '-f', '-', ...argv], { stdin: JSON.stringify(dump) });

  test('lists policies by action, with the number of their rules', async () => {
    expect((await check()).stdout).toBe(
      [
        'ACTION   AuthorizationPolicy         RULES',
        'DENY     no.shop                     1',
        'ALLOW    _anonymous_match_nothing_   1',
        'ALLOW    yes.shop                    2',
        'CUSTOM   ask.shop                    1',
        '',
      ].join('\n'),
    );
    expect(JSON.parse((await check('-o', 'json')).stdout)).toContainEqual({
      action: 'ALLOW',
      policy: 'yes.shop',
      rules: 2,
    });
  });
});
