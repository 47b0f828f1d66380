import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KubeClient } from '../../src/kube/client.ts';
import { ApiFailure } from '../../src/kube/failure.ts';
import { followUntil } from '../../src/kube/follow.ts';
import { listObjects } from '../../src/kube/list.ts';
import { isPassing, persisting } from '../../src/kube/patience.ts';
import { FakeApiServer } from './fake-api-server.ts';

const PODS = '/api/v1/pods';
const POD = { apiVersion: 'v1', kind: 'Pod' };
const signal = new AbortController().signal;

let server: FakeApiServer;
let client: KubeClient;
beforeEach(async () => {
  server = new FakeApiServer();
  server.serve('core', 'v1', 'pods');
  await server.start();
  client = new KubeClient(server.access);
});
afterEach(() => server.stop());

function put(...names: readonly string[]): void {
  for (const name of names) server.put(PODS, { metadata: { name, namespace: 'shop' } });
}

describe('a list', () => {
  test('is asked for in pages, and requests are counted', async () => {
    put('a', 'b', 'c', 'd', 'e');
    const found = await listObjects(client, PODS, { signal, pageSize: 2 });
    expect(found).toHaveLength(5);
    expect(client.requests).toBe(3);
  });

  test('names the labels that it wants', async () => {
    await listObjects(client, PODS, { signal, labels: 'app=istiod' });
    expect(server.requests.at(-1)?.searchParams.get('labelSelector')).toBe('app=istiod');
  });
});

describe('following', () => {
  test('ends when the state is as wanted', async () => {
    put('a');
    const seen: number[] = [];
    const wait = followUntil(
      client,
      [{ type: POD }],
      ([pods = []]) => {
        seen.push(pods.length);
        if (pods.length === 1) queueMicrotask(() => put('b'));
        return pods.length === 2 ? 'both' : undefined;
      },
      { signal },
    );
    expect(await wait).toBe('both');
    expect(seen).toEqual([1, 2]);
  });

  test('rejects with what the judge throws, and with the reason of its signal', async () => {
    const thrown = followUntil(
      client,
      [{ type: POD }],
      () => {
        throw new Error('hopeless');
      },
      { signal },
    );
    await expect(thrown).rejects.toThrow('hopeless');
    const limit = AbortSignal.abort(new Error('too late'));
    await expect(followUntil(client, [{ type: POD }], () => undefined, { signal: limit })).rejects.toThrow(
      'too late',
    );
  });

  test('goes on without a kind that may not be read, and says so', async () => {
    server.fault = () => ({ status: 403, message: 'no' });
    const told: number[] = [];
    const lists = await followUntil(client, [{ type: POD }], (all) => all, {
      signal,
      failed: ({ status = 0 }) => told.push(status),
    });
    expect([lists, told]).toEqual([[[]], [403]]);
  });
});

describe('persisting', () => {
  test('asks again while the server is away, and tells of it once', async () => {
    put('a');
    let faults = 3;
    server.fault = () => (faults-- > 0 ? { status: 503 } : undefined);
    let away = 0;
    const found = await persisting(() => listObjects(client, PODS, { signal }), {
      signal,
      away: () => away++,
    });
    expect([found.length, away]).toEqual([1, 1]);
  });

  test('gives up when it has been away too long, and at once on a refusal', async () => {
    server.fault = () => ({ status: 503, message: 'away' });
    const list = () => listObjects(client, PODS, { signal });
    await expect(persisting(list, { signal, patience: 1 })).rejects.toThrow('away');
    server.fault = () => ({ status: 403, message: 'never' });
    const before = client.requests;
    await expect(persisting(list, { signal })).rejects.toThrow('never');
    expect(client.requests - before).toBe(1);
  });

  test.each([
    [undefined, 'connect ECONNREFUSED', true],
    [429, 'too many requests', true],
    [503, 'starting', true],
    [500, 'etcdserver: leader changed', true],
    [500, 'failed calling webhook "x": dial tcp 10.0.0.1:443: connect: connection refused', false],
    [500, 'something broke', false],
    [403, 'no', false],
  ])('%s %s: %s', (status, message, expected) => {
    expect(isPassing(new ApiFailure(status, message))).toBe(expected);
  });
});
