/** `mesh authn tls-check` from files; test/model/mutual-tls.test.ts tells which policy and rule decide. */

import { join } from 'node:path';
import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { SHARED, hasShared } from '../conformance/cases.ts';
import { runMesh } from './run-mesh.ts';

const MESH = `apiVersion: v1
kind: Service
metadata: {name: fruits, namespace: shop}
spec: {selector: {app: fruits}, ports: [{name: http, port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: a}]}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: istio-system}
spec: {mtls: {mode: STRICT}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: plain, namespace: shop}
spec: {host: fruits, trafficPolicy: {tls: {mode: DISABLE}}, subsets: [{name: v1, labels: {version: v1}}]}
`;

const check = (...argv: string[]) =>
  runMesh(['authn', 'tls-check', '-f', '-', ...argv], { stdin: MESH, env: { KUBECONFIG: '/no/such/file' } });

describe('mesh authn tls-check', () => {
  test('shows hosts, subsets, policies and rules in a table', async () => {
    const { code, stdout, stderr } = await check('web.shop');
    expect(stderr).toBe('');
    expect(stdout).toBe(
      [
        'HOST:PORT                               STATUS       SERVER     CLIENT      AUTHN POLICY             DESTINATION RULE',
        'fruits.shop.svc.cluster.local:80        CONFLICT     STRICT     DISABLE     istio-system/default     shop/plain',
        'fruits.shop.svc.cluster.local|v1:80     CONFLICT     STRICT     DISABLE     istio-system/default     shop/plain',
        '',
      ].join('\n'),
    );
    expect(code).toBe(0);
    expect((await check('--exit-code')).code).toBe(1);
  });

  test('takes a host by its short name, and prints the same as JSON and YAML', async () => {
    const json = await check('deploy/web.shop', 'fruits', '-o', 'json');
    const records = JSON.parse(json.stdout) as readonly object[];
    expect(records[0]).toEqual({
      host: 'fruits.shop.svc.cluster.local',
      port: 80,
      status: 'CONFLICT',
      server: 'STRICT',
      client: 'DISABLE',
      policy: { kind: 'PeerAuthentication', namespace: 'istio-system', name: 'default' },
      destinationRule: { namespace: 'shop', name: 'plain' },
    });
    expect(load((await check('deploy/web.shop', 'fruits', '-o', 'yaml')).stdout)).toEqual(records);
  });

  test.for([
    ['a workload that is not there', ['wep.shop'], /no workload shop\/wep\n {2}Did you mean web\.shop\?/, 2],
    [
      'a host that is not there',
      ['web.shop', 'fruit.shop.svc.cluster.local'],
      /Did you mean fruits\.shop/,
      1,
    ],
  ] as const)('%s is an error that names the nearest', async ([, argv, words, code]) => {
    const run = await check(...argv);
    expect(run.stderr).toMatch(words);
    expect([run.code, run.stdout]).toEqual([code, '']);
  });
});

const CHAPTER = join(SHARED, 'book-policies/Chapter 7');

describe.runIf(hasShared('book-policies/Chapter 7'))("a book's manifests", () => {
  const files = (...names: string[]) => names.map((name) => join(CHAPTER, `${name}.yml`)).join(',');
  const statuses = async (names: readonly string[], ...argv: string[]) => {
    const apps = ['fruits-api', 'juice-shop-api'];
    const from = ['deploy/juice-shop-api-deployment.micro-shake-factory', 'fruits-api-service'];
    const run = await runMesh(['authn', 'tls-check', ...from, '-f', files(...apps, ...names), ...argv]);
    expect(run.stderr).toBe('');
    return run.stdout
      .split('\n')
      .slice(1, -1)
      .map((line) => line.split(/ {2,}/).slice(1).join(' '));
  };

  test('with the mesh policy alone clients find out by themselves', async () => {
    expect(await statuses(['default-mesh-policy'])).toEqual(['AUTO STRICT - /default -']);
  });

  test('with the destination rule they agree', async () => {
    expect(await statuses(['default-mesh-policy', 'default-dr'])).toEqual([
      'OK STRICT ISTIO_MUTUAL /default istio-system/default-destination-rule',
    ]);
  });

  test('the policy for tokens takes the place of the mesh policy, and there is a conflict', async () => {
    expect(await statuses(['default-mesh-policy', 'default-dr', 'fruits-api-authn-policy'])).toEqual([
      'CONFLICT DISABLE ISTIO_MUTUAL micro-shake-factory/fruits-api-authn-policy istio-system/default-destination-rule',
    ]);
  });
});
