import { describe, expect, test } from 'vitest';
import { runMesh } from './run-mesh.ts';

const NAMESPACE = `apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {}}
`;
const SERVICE = `apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
`;
const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, version: v1}}
    spec: {containers: [{name: web, image: 'web:1', ports: [{containerPort: 8080}]}]}
`;

interface Check {
  readonly description: string;
  readonly result: string;
  readonly error?: string;
}

async function precheck(
  texts: readonly string[],
  ...flags: readonly string[]
): Promise<[number, readonly Check[]]> {
  const { code, stdout } = await runMesh(['precheck', '-', '-o', 'json', ...flags], {
    stdin: texts.join('---\n'),
  });
  const { categories } = JSON.parse(stdout) as {
    readonly categories: readonly { readonly checks: readonly Check[] }[];
  };
  return [code, categories.flatMap(({ checks }) => checks)];
}

describe('mesh precheck of files', () => {
  test('finds nothing on a workload that meets all', async () => {
    const [code, checks] = await precheck([NAMESPACE, SERVICE, DEPLOYMENT]);
    expect([code, checks.map(({ result }) => result)]).toEqual([
      0,
      Array.from({ length: 7 }, () => 'success'),
    ]);
  });

  test.each([
    [
      'a port without a protocol',
      [SERVICE.replace('name: http', 'name: web'), DEPLOYMENT],
      0,
      'port 80 is called "web"',
    ],
    [
      'a port that no container declares',
      [SERVICE.replace('targetPort: 8080', 'targetPort: 9090'), DEPLOYMENT],
      0,
      'no container declares the port 9090 of Service web',
    ],
    ['a workload without a Service', [DEPLOYMENT], 1, 'no Service selects its pods'],
    ['a missing label', [SERVICE, DEPLOYMENT.replace(', version: v1', '')], 0, 'no label version'],
    [
      'a namespace that refuses NET_ADMIN',
      [
        NAMESPACE.replace('labels: {}', 'labels: {pod-security.kubernetes.io/enforce: baseline}'),
        SERVICE,
        DEPLOYMENT,
      ],
      1,
      'the Pod Security level baseline refuses them',
    ],
    [
      'the user of the sidecar',
      [SERVICE, DEPLOYMENT.replace("image: 'web:1',", "image: 'web:1', securityContext: {runAsUser: 1337},")],
      1,
      'the container web runs as 1337',
    ],
    [
      'a port of the sidecar',
      [SERVICE, DEPLOYMENT.replace('{containerPort: 8080}', '{containerPort: 8080}, {containerPort: 15001}')],
      1,
      'the container web listens on 15001',
    ],
  ] as const)('names %s', async (_title, texts, expected, words) => {
    const [code, checks] = await precheck(texts);
    const bad = checks.filter(({ result }) => result !== 'success');
    expect([code, bad.map(({ error }) => error)]).toEqual([expected, [expect.stringContaining(words)]]);
    expect((await precheck(texts, '--strict'))[0]).toBe(1);
  });

  test.each([
    ['0.1.0', 'success'],
    ['0.9.0', 'warning'],
    ['1.4.0', 'warning'],
  ])('says whether %s can be upgraded', async (from, result) => {
    const [, checks] = await precheck([SERVICE, DEPLOYMENT], '--from-version', from);
    expect(checks[0]).toMatchObject({ description: expect.stringContaining(from), result });
  });
});
