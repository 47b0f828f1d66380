/** What a report chooses, and what it takes out; test/e2e/bug-report.test.ts writes one on a cluster. */

import { describe, expect, test } from 'vitest';
import { MARK, Redactor } from '../../src/cli/bug-report/redactor.ts';
import { Selection } from '../../src/cli/bug-report/selection.ts';
import { runMesh } from './run-mesh.ts';

describe('texts that look like secrets are taken out', () => {
  test.for<readonly [string, string]>([
    ['password=hunter2-and-more rest', `password=${MARK} rest`],
    ['{"client_secret": "a b c", "x": 1}', `{"client_secret": ${MARK}, "x": 1}`],
    ["apiKey: 'zzz'", `apiKey: ${MARK}`],
    ['Authorization: Bearer abc.def-123', `Authorization: ${MARK} ${MARK}`],
    ['redis://:pa55@cache:6379', `redis://:${MARK}@cache:6379`],
    ['https://user:pa55word@host/path', `https://user:${MARK}@host/path`],
    ['AKIAABCDEFGHIJKLMNOP is here', `${MARK} is here`],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln ok', `${MARK} ok`],
    ['-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nrest', `${MARK}\nrest`],
    ['-----BEGIN EC PRIVATE KEY-----\ncut off', MARK],
    ['10.0.0.1 - GET /fruits 200 12ms', '10.0.0.1 - GET /fruits 200 12ms'],
  ])('%j', ([text, expected]) => {
    expect(new Redactor().text(text)).toBe(expected);
  });
});

describe('values of Secrets are found', () => {
  const redactor = new Redactor();
  redactor.learnSecret({
    kind: 'Secret',
    data: { a: Buffer.from('correct horse/battery').toString('base64') },
    stringData: { config: '{"auths": {"registry": {"auth": "zx81-spectrum"}}}' },
  });
  redactor.learnEnvironment({ containers: [{ env: [{ name: 'DB_PASS', value: 'tr0ub4dor' }] }] });

  test.for([
    'plain: correct horse/battery.',
    `base64: ${Buffer.from('correct horse/battery').toString('base64')}`,
    'in a URL: ?q=correct%20horse%2Fbattery&x',
    'from JSON: zx81-spectrum!',
    'from the environment: tr0ub4dor',
  ])('in %j', (text) => {
    const result = redactor.text(text);
    expect(result).toContain(MARK);
    expect(result).not.toMatch(/horse|spectrum|tr0ub4dor|Y29ycmVjdCBob3JzZS9i/);
  });
});

test('objects lose their secrets and keep their shape', () => {
  const object = {
    kind: 'Pod',
    metadata: {
      name: 'web',
      managedFields: [{}],
      annotations: {
        'kubectl.kubernetes.io/last-applied-configuration': '{"data": 1}',
        note: 'password: x1y2z3',
      },
    },
    spec: {
      automountServiceAccountToken: true,
      containers: [
        {
          name: 'main',
          env: [
            { name: 'LOG_LEVEL', value: 'debug' },
            { name: 'MODE', value: 'fast' },
            { name: 'FROM', valueFrom: { secretKeyRef: { name: 'creds', key: 'password' } } },
          ],
        },
      ],
      volumes: [{ name: 'tls', secret: { secretName: 'web-tls' } }],
    },
  };
  expect(new Redactor().object(object)).toEqual({
    kind: 'Pod',
    metadata: { name: 'web', annotations: { note: `password: ${MARK}` } },
    spec: {
      automountServiceAccountToken: true,
      containers: [
        {
          name: 'main',
          env: [
            { name: 'LOG_LEVEL', value: 'debug' },
            { name: 'MODE', value: MARK },
            { name: 'FROM', valueFrom: { secretKeyRef: { name: 'creds', key: 'password' } } },
          ],
        },
      ],
      volumes: [{ name: 'tls', secret: { secretName: 'web-tls' } }],
    },
  });
  expect(
    new Redactor().object({ kind: 'Secret', data: { a: 'eA==' }, stringData: { b: 'y' } }),
  ).toMatchObject({
    data: { a: MARK },
    stringData: { b: MARK },
  });
});

describe('a selection', () => {
  const pod = {
    namespace: 'shop',
    deployment: 'web',
    name: 'web-7d8f-x',
    labels: { app: 'web' },
    annotations: { team: 'a' },
  };
  test.for<[readonly string[], readonly string[], boolean]>([
    [[], [], true],
    [['shop'], [], true],
    [['sh*,farm'], [], true],
    [['farm'], [], false],
    [['shop/web'], [], true],
    [['shop/cook'], [], false],
    [['//web-*'], [], true],
    [['///app=web'], [], true],
    [['///app=w*,tier=x'], [], false],
    [['////team=a'], [], true],
    [[], ['shop'], false],
    [[], ['shop/cook'], true],
    [['shop'], ['//web-*'], false],
    [['shop'], ['/////main'], true],
  ])('of %j without %j', ([include, exclude, expected]) => {
    expect(new Selection(include, exclude).wantsPod(pod)).toBe(expected);
  });

  test('names the namespaces to read when none is left open', () => {
    expect(new Selection(['shop,farm', 'shop/web'], []).namespaces).toEqual(['shop', 'farm']);
    expect(new Selection(['shop', '//web-*'], []).namespaces).toBeUndefined();
    expect(new Selection(['shop-*'], []).namespaces).toBeUndefined();
    expect(new Selection([], []).namespaces).toBeUndefined();
  });

  test('leaves the namespaces of Kubernetes out unless they are named', () => {
    expect(new Selection([], []).wantsNamespace('kube-system')).toBe(false);
    expect(new Selection(['kube-system'], []).wantsNamespace('kube-system')).toBe(true);
  });

  test('tells containers that are named from others', () => {
    const selection = new Selection(['shop/////main'], ['/////istio-proxy']);
    expect(selection.wantsContainer(pod, 'main')).toBe(true);
    expect(selection.wantsContainer(pod, 'other')).toBe(false);
    expect(selection.wantsContainer(pod, 'istio-proxy')).toBe(false);
  });
});

test.for([
  ['--include', 'a/b/c/d=e/f=g/h/i'],
  ['--include', '///app'],
  ['--full-secrets'],
  ['--max-size', '0'],
  ['--start-time', 'yesterday'],
  ['--start-time', '2026-01-02T15:04:05Z', '--duration', '1h'],
])('%j is wrong usage', async (argv) => {
  expect((await runMesh(['bug-report', ...argv], { env: { KUBECONFIG: '/no/such/file' } })).code).toBe(2);
});
