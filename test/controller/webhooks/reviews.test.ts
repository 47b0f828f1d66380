/** What the webhooks answer to reviews, good and hostile ones, without a network. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { injectReview } from '../../../src/controller/webhooks/inject.ts';
import { jsonPatch, type PatchOperation } from '../../../src/controller/webhooks/json-patch.ts';
import { type AdmissionRequest, readReview, reviewText } from '../../../src/controller/webhooks/review.ts';
import { validateReview } from '../../../src/controller/webhooks/validate.ts';
import type { Json, JsonMap } from '../../../src/inject/yaml/value.ts';
import { podOf, testSettings } from '../../inject/settings-for-tests.ts';

const POD_KIND = { group: '', version: 'v1', kind: 'Pod' };

function review(request: object, apiVersion = 'admission.k8s.io/v1'): string {
  return JSON.stringify({ apiVersion, kind: 'AdmissionReview', request: { uid: 'u-1', ...request } });
}

function podRequest(metadata: object = {}, spec: object = {}): AdmissionRequest {
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', ...metadata },
    spec: { containers: [{ name: 'app', image: 'app:1' }], ...spec },
  };
  return readReview(review({ kind: POD_KIND, namespace: 'shop', operation: 'CREATE', object }));
}

/** RFC 6902 as the API server applies it, for the operations that are made. */
function patched(value: Json, patch: readonly PatchOperation[]): Json {
  const root = { root: structuredClone(value) } as JsonMap;
  for (const one of patch) {
    const keys = `/root${one.path}`
      .split('/')
      .slice(1)
      .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = keys.pop() ?? '';
    const holder = keys.reduce<Json>((current, key) => (current as JsonMap)[key] ?? null, root);
    if (Array.isArray(holder)) {
      if (one.op === 'remove') holder.splice(Number(last), 1);
      else if (last === '-') holder.push(one.value);
      else holder[Number(last)] = one.value;
    } else if (one.op === 'remove') delete (holder as JsonMap)[last];
    else {
      const descriptor = { value: one.value, enumerable: true, configurable: true, writable: true };
      Object.defineProperty(holder, last, descriptor);
    }
  }
  return root['root'] ?? null;
}

const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<Json>;

describe('a patch', () => {
  test('turns any value into any other', () => {
    fc.assert(
      fc.property(json, json, (before, after) => {
        const [one, other] = [before, after].map((value) => JSON.parse(JSON.stringify(value)) as Json);
        expect(patched(one ?? null, jsonPatch(one ?? null, other ?? null))).toEqual(other);
      }),
    );
  });

  test('escapes keys, and shortens lists from their end', () => {
    expect(jsonPatch({ 'a/b~c': 1, list: [1, 2, 3] }, { 'a/b~c': 2, list: [1] })).toEqual([
      { op: 'replace', path: '/a~1b~0c', value: 2 },
      { op: 'remove', path: '/list/2' },
      { op: 'remove', path: '/list/1' },
    ]);
  });
});

describe('the injector', () => {
  const injected = (request: AdmissionRequest, path = '/inject') => {
    const { verdict } = injectReview(request, path, testSettings());
    if (!verdict.allowed) throw new Error(verdict.message);
    return podOf(JSON.stringify(patched(request.object ?? {}, verdict.patch ?? [])));
  };

  test.each(['admission.k8s.io/v1', 'admission.k8s.io/v1beta1'])('answers reviews of %s', (apiVersion) => {
    const { object, kind } = podRequest();
    const request = readReview(
      review({ kind, namespace: 'shop', operation: 'CREATE', object, more: 1 }, apiVersion),
    );
    const { verdict } = injectReview(request, '/inject', testSettings());
    const { response, ...rest } = JSON.parse(reviewText(request, verdict)) as {
      response: { patch: string; uid: string };
    };
    expect(rest).toEqual({ apiVersion, kind: 'AdmissionReview' });
    expect(response).toMatchObject({ uid: 'u-1', allowed: true, patchType: 'JSONPatch' });
    const patch = JSON.parse(Buffer.from(response.patch, 'base64').toString()) as PatchOperation[];
    expect(patch).toContainEqual(
      expect.objectContaining({
        op: 'add',
        path: '/spec/containers/-',
        value: expect.objectContaining({ name: 'istio-proxy' }),
      }),
    );
  });

  test('knows the namespace and the Deployment of a pod that has no name yet', () => {
    const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-5d4f', controller: true };
    const pod = injected(
      podRequest({
        name: undefined,
        generateName: 'web-5d4f-',
        labels: { 'pod-template-hash': '5d4f' },
        ownerReferences: [owner],
      }),
    );
    expect(pod.env('ISTIO_META_WORKLOAD_NAME')).toBe('web');
    expect(pod.env('ISTIO_META_OWNER')).toBe('kubernetes://apis/apps/v1/namespaces/shop/deployments/web');
  });

  test('takes cluster and network from its path', () => {
    const pod = injected(podRequest(), '/inject/cluster/west/net/net-1');
    expect(pod.env('ISTIO_META_CLUSTER_ID')).toBe('west');
    expect(pod.env('ISTIO_META_NETWORK')).toBe('net-1');
  });

  test('leaves alone what it has injected', () => {
    const request = podRequest();
    const { verdict } = injectReview(request, '/inject', testSettings());
    const patch = verdict.allowed ? (verdict.patch ?? []) : [];
    const object = patched(request.object ?? {}, patch) as JsonMap;
    expect(injectReview({ ...request, object }, '/inject', testSettings())).toEqual({
      verdict: { allowed: true },
      skipped: 'has its sidecar already',
    });
  });

  test.each([
    ['host network', podRequest({}, { hostNetwork: true }), 'host networking'],
    ['a label', podRequest({ labels: { 'sidecar.istio.io/inject': 'false' } }), 'by label'],
    ['another operation', { ...podRequest(), operation: 'UPDATE' }, 'UPDATE'],
  ])('skips for %s', (_name, request, reason) => {
    const { verdict, skipped } = injectReview(request, '/inject', testSettings());
    expect([verdict, skipped]).toEqual([{ allowed: true }, expect.stringContaining(reason)]);
  });

  test.each([
    ['another kind', { ...podRequest(), kind: { ...POD_KIND, kind: 'Secret' } }, '/inject', 'not a Pod'],
    ['no object', { ...podRequest(), object: undefined }, '/inject', 'no object'],
    ['no spec', { ...podRequest(), object: {} }, '/inject', 'has no spec'],
    ['containers of another shape', podRequest({}, { containers: 'all' }), '/inject', 'must be a list'],
    [
      'annotations',
      podRequest({ annotations: { 'sidecar.istio.io/proxyCPU': 'much' } }),
      '/inject',
      'proxyCPU',
    ],
    [
      'a template that is not there',
      podRequest({ annotations: { 'inject.istio.io/templates': '__proto__' } }),
      '/inject',
      'no injection template',
    ],
    ['a path', podRequest(), '/inject/colour/red', 'the path'],
    ['half a path', podRequest(), '/inject/cluster', 'the path'],
  ])('refuses for %s', (_name, request, path, words) => {
    expect(() => injectReview(request, path, testSettings())).toThrow(words);
  });
});

describe('a review', () => {
  test.each([
    ['no JSON', '{'],
    ['a number', '1'],
    ['null', 'null'],
    ['another kind', JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'Pod' })],
    ['another version', review({}, 'admission.k8s.io/v2')],
    ['no uid', review({ uid: undefined })],
    ['a uid that is no text', review({ uid: {} })],
    ['a long uid', review({ uid: 'u'.repeat(1000) })],
    ['a long namespace', review({ namespace: 'n'.repeat(1000) })],
  ])('cannot be %s', (_name, text) => {
    expect(() => readReview(text)).toThrow(expect.objectContaining({ code: 'BadReview' }));
  });

  test('of any content is answered, or refused with a MeshError', () => {
    fc.assert(
      fc.property(json, json, (object, metadata) => {
        const request = { kind: POD_KIND, operation: 'CREATE', namespace: 'shop' };
        for (const one of [object, { metadata, spec: object }, { metadata: object, spec: metadata }]) {
          try {
            injectReview(readReview(review({ ...request, object: one })), '/inject', testSettings());
          } catch (error) {
            expect(error).toMatchObject({ name: 'MeshError' });
          }
        }
      }),
    );
  });
});

describe('the validator', () => {
  const gateway = (spec: unknown, operation = 'CREATE'): AdmissionRequest =>
    readReview(
      review({
        kind: { group: 'networking.istio.io', version: 'v1', kind: 'Gateway' },
        namespace: 'shop',
        operation,
        object: {
          apiVersion: 'networking.istio.io/v1',
          kind: 'Gateway',
          metadata: { name: 'web', namespace: 'shop', managedFields: [{ manager: 'kubectl' }] },
          spec,
        },
      }),
    );
  const good = {
    selector: { istio: 'ingressgateway' },
    servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }],
  };

  test('lets good objects through', async () => {
    expect(await validateReview(gateway(good), 'istio-system')).toMatchObject({ allowed: true });
  });

  test('names what is wrong, and where', async () => {
    const bad = { ...good, servers: [{ ...good.servers[0], hosts: [] }] };
    expect(await validateReview(gateway(bad), 'istio-system')).toMatchObject({
      allowed: false,
      message: expect.stringContaining('spec.servers[0].hosts'),
    });
  });

  test('lets anything be deleted', async () => {
    expect(await validateReview(gateway({}, 'DELETE'), 'istio-system')).toEqual({ allowed: true });
  });

  test('refuses any other content with words', async () => {
    await fc.assert(
      fc.asyncProperty(json, async (object) => {
        const request = readReview(review({ operation: 'UPDATE', object }));
        expect((await validateReview(request, 'istio-system')).allowed).toBe(false);
        expect(typeof (await validateReview(gateway(object), 'istio-system')).allowed).toBe('boolean');
      }),
      { numRuns: 50 },
    );
  });
});
