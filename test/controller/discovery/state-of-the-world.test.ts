import { describe, expect, test } from 'vitest';
import { CLUSTER_TYPE, ENDPOINT_TYPE } from '../../../src/xds/resource.ts';
import { namesIn, node } from './client.ts';
import { ServedMesh } from './served-mesh.ts';

const mesh = new ServedMesh();

describe('state-of-the-world discovery', () => {
  test('sends the whole list of clusters when one of them changes or goes', async () => {
    mesh.show({ clusters: { a: '1', b: '1' } });
    const stream = mesh.state();
    stream.send({ node: node(), typeUrl: CLUSTER_TYPE });
    const first = await stream.next();
    expect([namesIn(first), first.versionInfo]).toEqual([['a', 'b'], 'test/1']);
    stream.send({ typeUrl: CLUSTER_TYPE, responseNonce: first.nonce, versionInfo: first.versionInfo });
    mesh.show({ clusters: { a: '1', b: '2', c: '1' } });
    const second = await stream.next();
    expect(namesIn(second)).toEqual(['a', 'b', 'c']);
    stream.send({ typeUrl: CLUSTER_TYPE, responseNonce: second.nonce, versionInfo: second.versionInfo });
    mesh.show({ clusters: { a: '1' } });
    expect(namesIn(await stream.next())).toEqual(['a']);
  });

  test('sends of named resources only those that changed or are new to the list', async () => {
    mesh.show({ endpoints: { a: 100, b: 100, c: 100 } });
    const stream = mesh.state();
    stream.send({ node: node(), typeUrl: ENDPOINT_TYPE, resourceNames: ['a', 'b'] });
    const first = await stream.next();
    expect(namesIn(first)).toEqual(['a', 'b']);
    const names = ['a', 'b', 'c'];
    stream.send({ typeUrl: ENDPOINT_TYPE, responseNonce: first.nonce, resourceNames: names });
    const second = await stream.next();
    expect(namesIn(second)).toEqual(['c']);
    stream.send({ typeUrl: ENDPOINT_TYPE, responseNonce: second.nonce, resourceNames: names });
    mesh.show({ endpoints: { a: 100, b: 200, c: 100 } });
    expect(namesIn(await stream.next())).toEqual(['b']);
  });

  test('answers a name that does not exist with an empty resource, since Envoy waits for it', async () => {
    mesh.show({});
    const stream = mesh.state();
    stream.send({ node: node(), typeUrl: ENDPOINT_TYPE, resourceNames: ['nowhere'] });
    expect(namesIn(await stream.next())).toEqual(['nowhere']);
  });

  test('passes over a request that answers an older response', async () => {
    mesh.show({ endpoints: { a: 100, b: 100 } });
    const stream = mesh.state();
    stream.send({ node: node(), typeUrl: ENDPOINT_TYPE, resourceNames: ['a'] });
    const first = await stream.next();
    stream.send({ typeUrl: ENDPOINT_TYPE, responseNonce: first.nonce, resourceNames: ['a', 'b'] });
    const second = await stream.next();
    stream.send({ typeUrl: ENDPOINT_TYPE, responseNonce: first.nonce, resourceNames: [] });
    stream.send({ typeUrl: ENDPOINT_TYPE, responseNonce: second.nonce, resourceNames: ['a', 'b'] });
    mesh.show({ endpoints: { a: 100, b: 300 } });
    expect(namesIn(await stream.next())).toEqual(['b']);
  });
});
