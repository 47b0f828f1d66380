import { describe, expect, test, vi } from 'vitest';
import { DiscoveryListener } from '../../../src/controller/discovery/grpc.ts';
import { CLUSTER_TYPE, ENDPOINT_TYPE, LISTENER_TYPE } from '../../../src/xds/resource.ts';
import { hungProxy, namesIn, node } from './client.ts';
import { ServedMesh, resourcesOf } from './served-mesh.ts';

const mesh = new ServedMesh();

describe('a stream', () => {
  test('that asks for more names than can be of use is refused', async () => {
    mesh.show({});
    const stream = mesh.delta();
    const names = Array.from({ length: 500_001 }, (_, index) => String(index));
    stream.send({ node: node(), typeUrl: ENDPOINT_TYPE, resourceNamesSubscribe: names });
    await vi.waitFor(() => expect(stream.error?.details).toContain('at most 500000 names'), {
      timeout: 20_000,
    });
  }, 30_000);
});

describe('the server', () => {
  test('keeps other proxies going when the resources of one cannot be made', async () => {
    const resources = resourcesOf({ clusters: { a: '1' } });
    mesh.discovery.update((proxy) => {
      if (proxy.name === 'broken') throw new Error('no such harbour');
      return resources;
    });
    const broken = mesh.delta();
    broken.send({ node: node('broken.shop'), typeUrl: CLUSTER_TYPE });
    const fine = mesh.delta();
    fine.send({ node: node('fine.shop'), typeUrl: CLUSTER_TYPE });
    expect(namesIn(await fine.next())).toEqual(['a']);
    expect([...mesh.discovery.faults.values()]).toMatchObject([
      { proxy: 'broken.shop', message: 'no such harbour' },
    ]);
    mesh.show({ clusters: { b: '1' } });
    expect(namesIn(await broken.next())).toEqual(['b']);
  });

  test('keeps what a proxy has when its resources can no longer be made', async () => {
    mesh.show({ clusters: { a: '1' } });
    const stream = mesh.delta();
    stream.send({ node: node(), typeUrl: CLUSTER_TYPE });
    stream.send({ typeUrl: CLUSTER_TYPE, responseNonce: (await stream.next()).nonce });
    mesh.discovery.update(() => {
      throw new Error('no such harbour');
    });
    stream.send({ typeUrl: LISTENER_TYPE });
    const response = await stream.next();
    expect([response.typeUrl, stream.unread]).toEqual([LISTENER_TYPE, 0]);
  });

  test('encodes a resource once for all proxies', async () => {
    const [resource] = resourcesOf({ clusters: { a: '1' } }).clusters;
    const [equal] = resourcesOf({ clusters: { a: '1' } }).clusters;
    if (resource === undefined || equal === undefined) throw new Error('no resource');
    expect(mesh.discovery.encode(equal)).toBe(mesh.discovery.encode(resource));
  });

  test('with little room for bytes in flight still serves every proxy', async () => {
    await mesh.listener.drain(100);
    await mesh.start(1);
    const clusters = Object.fromEntries(
      Array.from({ length: 500 }, (_, index) => [`c${index}`, 'x'.repeat(1000)]),
    );
    mesh.show({ clusters });
    const streams = Array.from({ length: 8 }, () => mesh.delta());
    for (const stream of streams) stream.send({ node: node(), typeUrl: CLUSTER_TYPE });
    const responses = await Promise.all(streams.map((stream) => stream.next()));
    expect(responses.map(({ resources }) => resources.length)).toEqual(streams.map(() => 500));
    expect(mesh.discovery.queue.bytesInFlight).toBe(0);
  });

  test('lets a proxy go that does not read, and serves the others meanwhile', async () => {
    await mesh.listener.drain(100);
    await mesh.start(1, 300);
    const large = Object.fromEntries(
      Array.from({ length: 500 }, (_, index) => [`r${index}`, 'x'.repeat(6000)]),
    );
    mesh.show({ clusters: large });
    const session = hungProxy(mesh.listener.port, { node: node('hung.shop'), typeUrl: CLUSTER_TYPE });
    mesh.open.push({ close: () => session.destroy() });
    while (mesh.discovery.queue.bytesInFlight === 0) await new Promise((resolve) => setImmediate(resolve));
    const fine = mesh.delta();
    fine.send({ node: node('fine.shop'), typeUrl: CLUSTER_TYPE });
    expect((await fine.next()).resources).toHaveLength(500);
    expect([...mesh.discovery.streams].map(({ proxy }) => proxy?.id)).toEqual(['fine.shop']);
  });

  test('ends the streams with a status that says why when it drains', async () => {
    mesh.show({ clusters: { a: '1' } });
    const stream = mesh.delta();
    stream.send({ node: node(), typeUrl: CLUSTER_TYPE });
    await stream.next();
    const drained = mesh.listener.drain(5000);
    const error = await stream.failure();
    expect([error.code, error.details]).toEqual([14, 'the controller is shutting down']);
    stream.close();
    await drained;
    expect(mesh.discovery.streams.size).toBe(0);
  });

  test('says which address cannot be had', async () => {
    const again = DiscoveryListener.start(mesh.discovery, {
      address: { host: '127.0.0.1', port: mesh.listener.port },
      sendTimeout: 1000,
    });
    await expect(again).rejects.toThrow(`cannot listen on 127.0.0.1:${mesh.listener.port}`);
  });
});
