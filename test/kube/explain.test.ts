import { describe, expect, test } from 'vitest';
import { MeshError } from '../../src/base/mesh-error.ts';
import { KubeClient } from '../../src/kube/client.ts';
import { explained } from '../../src/kube/explain.ts';
import { ApiFailure, PodFailure } from '../../src/kube/failure.ts';

const client = new KubeClient({ server: 'https://10.0.0.1', name: 'prod', apply: async () => undefined });

describe('a failed request is explained', () => {
  test.each([
    [undefined, 'connect ECONNREFUSED', 'Unreachable', 'context is prod'],
    [401, 'Unauthorized', 'Unauthorized', 'Log in'],
    [
      403,
      'x is forbidden: User "j" cannot patch resource "services" in API group "" in the namespace "istio-system"',
      'Forbidden',
      'A Role in namespace istio-system with the rule',
    ],
    [
      403,
      'pods "a" is forbidden: exceeded quota: small, requested: pods=1',
      'QuotaExceeded',
      'ResourceQuota',
    ],
    [403, 'pods "a" is forbidden: violates PodSecurity "restricted:latest"', 'PodSecurity', 'enforce'],
    [400, 'admission webhook "no.example.com" denied the request: no', 'WebhookRefused', 'no.example.com'],
    [
      500,
      'Internal error occurred: failed calling webhook "x.y": failed to call webhook',
      'WebhookUnreachable',
      'x.y',
    ],
    [503, 'apiserver not ready', 'ServerBusy', 'again'],
    [404, 'namespaces "edge" not found', 'NotFound', 'kubectl create namespace edge'],
    [
      403,
      'configmaps "a" is forbidden: unable to create new content in namespace x because it is being terminated',
      'Terminating',
      'Wait until it is gone',
    ],
  ])('%s %s', (status, message, code, hint) => {
    const error = explained(new ApiFailure(status, message), client, 'Service istio-system/istiod');
    expect(error).toBeInstanceOf(MeshError);
    expect(error).toMatchObject({
      code,
      hint: expect.stringContaining(hint),
      where: { object: 'Service istio-system/istiod' },
    });
  });

  test('and what is no failed request is left as it is', () => {
    const error = new Error('else');
    expect(explained(error, client)).toBe(error);
  });
});

test('what a pod does not do is not told as an API server that does not answer', () => {
  expect(explained(new PodFailure('port 1 does not answer: closed'), client, 'Pod shop/web')).toMatchObject({
    code: 'PodFailed',
    message: 'port 1 does not answer: closed',
    hint: undefined,
    where: { object: 'Pod shop/web' },
  });
});
