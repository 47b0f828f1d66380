import { describe, expect, test } from 'vitest';
import { CLUSTER_TYPE, ENDPOINT_TYPE, LISTENER_TYPE, ROUTE_TYPE } from '../../../src/xds/resource.ts';
import { namesIn, node } from './client.ts';
import { ServedMesh } from './served-mesh.ts';

const mesh = new ServedMesh();

describe('delta discovery', () => {
  test('gives a proxy all clusters, and then only what changes', async () => {
    mesh.show({ clusters: { a: '1', b: '1' } });
    const stream = mesh.delta();
    stream.send({ node: node(), typeUrl: CLUSTER_TYPE });
    const first = await stream.next();
    expect(namesIn(first)).toEqual(['a', 'b']);
    stream.send({ typeUrl: CLUSTER_TYPE, responseNonce: first.nonce });
    mesh.show({ clusters: { a: '1', b: '2', c: '1' } });
    const second = await stream.next();
    expect(namesIn(second)).toEqual(['b', 'c']);
    expect(second.removedResources).toEqual([]);
    stream.send({ typeUrl: CLUSTER_TYPE, responseNonce: second.nonce });
    mesh.show({ clusters: { a: '1', c: '1' } });
    const third = await stream.next();
    expect(namesIn(third)).toEqual([]);
    expect(third.removedResources).toEqual(['b']);
  });

  test('says nothing when a new state is the same for the proxy', async () => {
    mesh.show({ clusters: { a: '1' }, listeners: { l: '1' } });
    const stream = mesh.delta();
    stream.send({ node: node(), typeUrl: CLUSTER_TYPE });
    stream.send({ typeUrl: CLUSTER_TYPE, responseNonce: (await stream.next()).nonce });
    mesh.show({ clusters: { a: '1' }, listeners: { l: '2' } });
    stream.send({ typeUrl: LISTENER_TYPE });
    expect((await stream.next()).typeUrl).toBe(LISTENER_TYPE);
    expect(stream.unread).toBe(0);
  });

  test('answers names: those that exist with a resource, those that do not as removed', async () => {
    mesh.show({ endpoints: { a: 100, b: 100 } });
    const stream = mesh.delta();
    stream.send({ node: node(), typeUrl: ENDPOINT_TYPE, resourceNamesSubscribe: ['a', 'z'] });
    const first = await stream.next();
    expect([namesIn(first), first.removedResources]).toEqual([['a'], ['z']]);
    stream.send({ typeUrl: ENDPOINT_TYPE, responseNonce: first.nonce });
    mesh.show({ endpoints: { a: 100, b: 200, z: 100 } });
    const second = await stream.next();
    expect(namesIn(second)).toEqual(['z']);
    stream.send({ typeUrl: ENDPOINT_TYPE, responseNonce: second.nonce, resourceNamesSubscribe: ['b', 'a'] });
    expect(namesIn(await stream.next())).toEqual(['a', 'b']);
  });

  test('stops telling of names that are no longer subscribed', async () => {
    mesh.show({ endpoints: { a: 100, b: 100 } });
    const stream = mesh.delta();
    stream.send({ node: node(), typeUrl: ENDPOINT_TYPE, resourceNamesSubscribe: ['a', 'b'] });
    const first = await stream.next();
    stream.send({
      typeUrl: ENDPOINT_TYPE,
      responseNonce: first.nonce,
      resourceNamesSubscribe: ['b'],
      resourceNamesUnsubscribe: ['a'],
    });
    expect(namesIn(await stream.next())).toEqual(['b']);
    mesh.show({ endpoints: { a: 200, b: 200 } });
    stream.send({ typeUrl: ENDPOINT_TYPE, responseNonce: '1-2' });
    expect(namesIn(await stream.next())).toEqual(['b']);
  });

  test('gives a proxy that comes back with versions only what differs', async () => {
    mesh.show({ clusters: { a: '1', b: '1', c: '1' } });
    const before = mesh.delta();
    before.send({ node: node(), typeUrl: CLUSTER_TYPE });
    const had = await before.next();
    before.close();
    mesh.show({ clusters: { a: '1', b: '2', d: '1' } });
    const stream = mesh.delta();
    stream.send({
      node: node(),
      typeUrl: CLUSTER_TYPE,
      initialResourceVersions: Object.fromEntries(had.resources.map(({ name, version }) => [name, version])),
    });
    const response = await stream.next();
    expect([namesIn(response), response.removedResources]).toEqual([['b', 'd'], ['c']]);
  });

  test('does not send names again that came along with their versions', async () => {
    mesh.show({ endpoints: { a: 100, b: 100 } });
    const before = mesh.delta();
    before.send({ node: node(), typeUrl: ENDPOINT_TYPE, resourceNamesSubscribe: ['a', 'b'] });
    const versions = Object.fromEntries(
      (await before.next()).resources.map(({ name, version }) => [name, version]),
    );
    mesh.show({ endpoints: { a: 100, b: 200 } });
    const stream = mesh.delta();
    stream.send({
      node: node(),
      typeUrl: ENDPOINT_TYPE,
      resourceNamesSubscribe: ['a', 'b'],
      initialResourceVersions: versions,
    });
    expect(namesIn(await stream.next())).toEqual(['b']);
  });

  test('sends clusters, endpoints, listeners and routes in this order, and endpoints again for a changed cluster', async () => {
    mesh.show({ clusters: { a: '1' }, endpoints: { a: 100 }, listeners: { l: '1' }, routes: { r: '1' } });
    const stream = mesh.delta();
    stream.send({ node: node(), typeUrl: ROUTE_TYPE, resourceNamesSubscribe: ['r'] });
    stream.send({ typeUrl: LISTENER_TYPE });
    stream.send({ typeUrl: ENDPOINT_TYPE, resourceNamesSubscribe: ['a'] });
    stream.send({ typeUrl: CLUSTER_TYPE });
    const answers = [await stream.next(), await stream.next(), await stream.next(), await stream.next()];
    for (const { typeUrl, nonce } of answers) stream.send({ typeUrl, responseNonce: nonce });
    mesh.show({ clusters: { a: '2' }, endpoints: { a: 100 }, listeners: { l: '2' }, routes: { r: '2' } });
    const order: string[] = [];
    while (order.length < 4) {
      const { typeUrl, nonce } = await stream.next();
      order.push(typeUrl);
      stream.send({ typeUrl, responseNonce: nonce });
    }
    expect(order).toEqual([CLUSTER_TYPE, ENDPOINT_TYPE, LISTENER_TYPE, ROUTE_TYPE]);
  });

  test('waits for the answer before it sends the next change, and then sends the newest state', async () => {
    mesh.show({ clusters: { a: '1' } });
    const stream = mesh.delta();
    stream.send({ node: node(), typeUrl: CLUSTER_TYPE });
    const first = await stream.next();
    mesh.show({ clusters: { a: '2', b: '1' } });
    mesh.show({ clusters: { a: '3' } });
    stream.send({ typeUrl: CLUSTER_TYPE, responseNonce: first.nonce });
    const second = await stream.next();
    expect([namesIn(second), second.removedResources]).toEqual([['a'], []]);
    expect(second.systemVersionInfo).toBe('test/3');
  });

  test('keeps the words of a proxy that refuses, and sends it the next change', async () => {
    mesh.show({ listeners: { good: '1', bad: '1' } });
    const stream = mesh.delta();
    stream.send({ node: node(), typeUrl: LISTENER_TYPE });
    const first = await stream.next();
    stream.send({
      typeUrl: LISTENER_TYPE,
      responseNonce: first.nonce,
      errorDetail: { code: 13, message: 'Error adding listener(s) bad: no filter' },
    });
    mesh.show({ listeners: { good: '1', bad: '2' } });
    const second = await stream.next();
    expect(namesIn(second)).toEqual(['bad']);
    const watch = () => [...mesh.discovery.streams][0]?.watches.get(LISTENER_TYPE);
    expect(watch()?.nack).toMatchObject({
      message: 'Error adding listener(s) bad: no filter',
      names: ['bad'],
      version: 'test/1',
    });
    stream.send({ typeUrl: LISTENER_TYPE, responseNonce: second.nonce });
    stream.send({ typeUrl: CLUSTER_TYPE });
    await stream.next();
    expect(watch()?.nack).toBeUndefined();
    expect(mesh.lines.join('')).toContain('a proxy refuses what it was sent');
  });

  test('sends the routes of a refused response one by one, so that only the bad one is missing', async () => {
    mesh.show({ routes: { r1: 'x', r2: 'bad', r3: 'x' } });
    const stream = mesh.delta();
    stream.send({ node: node(), typeUrl: ROUTE_TYPE, resourceNamesSubscribe: ['r1', 'r2', 'r3'] });
    const all = await stream.next();
    stream.send({ typeUrl: ROUTE_TYPE, responseNonce: all.nonce, errorDetail: { message: 'bad domain' } });
    const taken: string[] = [];
    for (let count = 0; count < 3; count++) {
      const one = await stream.next();
      const [name = ''] = namesIn(one);
      expect(one.resources).toHaveLength(1);
      if (name === 'r2') {
        stream.send({
          typeUrl: ROUTE_TYPE,
          responseNonce: one.nonce,
          errorDetail: { message: 'bad domain' },
        });
      } else {
        taken.push(name);
        stream.send({ typeUrl: ROUTE_TYPE, responseNonce: one.nonce });
      }
    }
    stream.send({ typeUrl: CLUSTER_TYPE });
    expect((await stream.next()).typeUrl).toBe(CLUSTER_TYPE);
    expect(taken).toEqual(['r1', 'r3']);
    expect([...mesh.discovery.streams][0]?.watches.get(ROUTE_TYPE)?.nack?.names).toEqual(['r2']);
  });

  test('remembers each refusal until that one is taken, gone, or not asked for any more', async () => {
    mesh.show({ routes: { r1: 'bad', r2: 'bad', r3: 'bad', r4: 'x' } });
    const stream = mesh.delta();
    const errorDetail = { message: 'bad domain' };
    stream.send({ node: node(), typeUrl: ROUTE_TYPE, resourceNamesSubscribe: ['r1', 'r2', 'r3', 'r4'] });
    stream.send({ typeUrl: ROUTE_TYPE, responseNonce: (await stream.next()).nonce, errorDetail });
    /** Takes so many responses, and refuses what is bad. */
    const answer = async (count: number): Promise<void> => {
      for (let at = 0; at < count; at++) {
        const one = await stream.next();
        const isBad = namesIn(one).some((name) => bad.has(name));
        stream.send({ typeUrl: ROUTE_TYPE, responseNonce: one.nonce, ...(isBad && { errorDetail }) });
      }
    };
    const bad = new Set(['r1', 'r2', 'r3']);
    const refused = (): readonly string[] =>
      [...([...mesh.discovery.streams][0]?.watches.get(ROUTE_TYPE)?.refusals ?? [])].flatMap(
        ({ names }) => names,
      );
    await answer(4);
    await expect.poll(refused).toEqual(['r1', 'r2', 'r3']);
    bad.delete('r1');
    mesh.show({ routes: { r1: 'x', r2: 'bad', r3: 'bad', r4: 'x' } });
    await answer(1);
    await expect.poll(refused).toEqual(['r2', 'r3']);
    mesh.show({ routes: { r1: 'x', r3: 'bad', r4: 'x' } });
    bad.delete('r2');
    await answer(1);
    await expect.poll(refused).toEqual(['r3']);
    stream.send({ typeUrl: ROUTE_TYPE, resourceNamesUnsubscribe: ['r3'] });
    await expect.poll(refused).toEqual([]);
  });

  test('forgets none of the routes that are to be sent one by one for what is asked meanwhile', async () => {
    mesh.show({ routes: { r1: 'x', r2: 'bad', r3: 'x' } });
    const stream = mesh.delta();
    stream.send({ node: node(), typeUrl: ROUTE_TYPE, resourceNamesSubscribe: ['r1', 'r2'] });
    const { nonce } = await stream.next();
    const errorDetail = { message: 'bad domain' };
    stream.send({
      typeUrl: ROUTE_TYPE,
      responseNonce: nonce,
      errorDetail,
      resourceNamesSubscribe: ['r3'],
    });
    const came: string[][] = [];
    for (let count = 0; count < 3; count++) {
      const one = await stream.next();
      came.push(namesIn(one));
      stream.send({ typeUrl: ROUTE_TYPE, responseNonce: one.nonce });
    }
    expect(came).toEqual([['r3'], ['r1'], ['r2']]);
  });

  test('answers a proxy that came before the first state as soon as there is one', async () => {
    const stream = mesh.delta();
    stream.send({ node: node(), typeUrl: CLUSTER_TYPE });
    mesh.show({ clusters: { a: '1' } });
    expect(namesIn(await stream.next())).toEqual(['a']);
  });

  test('answers types that it does not serve with nothing', async () => {
    mesh.show({});
    const stream = mesh.delta();
    const typeUrl = 'type.googleapis.com/envoy.config.Boat';
    stream.send({ node: node(), typeUrl, resourceNamesSubscribe: ['skiff'] });
    const response = await stream.next();
    expect([response.typeUrl, response.resources, response.removedResources]).toEqual([
      typeUrl,
      [],
      ['skiff'],
    ]);
  });

  test.each([
    ['without a node', {}, 'must name the node'],
    ['with a node id that is none', { node: { id: 'boat' } }, 'four parts'],
    ['without a type', { node: node(), typeUrl: '' }, 'must name a type'],
  ])('refuses a request %s', async (_what, request, message) => {
    mesh.show({});
    const stream = mesh.delta();
    stream.send({ typeUrl: CLUSTER_TYPE, ...request });
    const error = await stream.failure();
    expect([error.code, error.details]).toEqual([3, expect.stringContaining(message)]);
    expect(mesh.discovery.streams.size).toBe(0);
  });
});
