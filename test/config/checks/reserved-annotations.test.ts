import { describe, expect, test } from 'vitest';
import { validationOf } from '../rules/core/run-rules.ts';

const object = (kind: string, apiVersion: string, annotation: string): string =>
  `{apiVersion: ${apiVersion}, kind: ${kind}, metadata: {name: x, annotations: {${annotation}: "true"}}}`;

describe('an annotation that is kept for the control plane', () => {
  test.each([
    'internal.istio.io/parents',
    'internal.istio.io/parent-namespace',
    'internal.istio.io/webhook-always-reject',
    'istio.io/dry-run',
  ])('%s is refused on a PeerAuthentication', async (annotation) => {
    expect(await validationOf(object('PeerAuthentication', 'security.istio.io/v1', annotation))).toEqual([
      `Error BadMetadata metadata.annotations["${annotation}"]`,
    ]);
  });

  test('for a dry run is allowed on an AuthorizationPolicy', async () => {
    const text = object('AuthorizationPolicy', 'security.istio.io/v1', 'istio.io/dry-run');
    expect(await validationOf(text)).toEqual([]);
  });

  test("is left alone on kinds that are not the mesh's own", async () => {
    const text = object('Namespace', 'v1', 'internal.istio.io/parents');
    expect(await validationOf(text)).toEqual([]);
  });
});
