import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { NameSet } from '../../../src/controller/discovery/names.ts';
import { DELTA, STATE_OF_THE_WORLD } from '../../../src/controller/discovery/protocol.ts';
import { cutNames, RequestNames } from '../../../src/controller/discovery/request-names.ts';
import type { TypeView } from '../../../src/controller/discovery/view.ts';
import { Watch } from '../../../src/controller/discovery/watch.ts';
import {
  DeltaDiscoveryRequestSchema,
  DiscoveryRequestSchema,
} from '../../../src/xds/proto/generated/envoy/service/discovery/v3/discovery_pb.js';
import { ENDPOINT_TYPE } from '../../../src/xds/resource.ts';
import { node } from './client.ts';

const MANY = Array.from({ length: 200 }, (_, index) => `outbound|80||service-${index}.shop`);

describe('a set of names', () => {
  test('becomes the same set by the same changes', () => {
    const one = NameSet.empty.with(MANY).with(['new']).without(MANY.slice(0, 2));
    const other = NameSet.empty
      .with([...MANY])
      .with(['new', 'new'])
      .without(MANY.slice(0, 2));
    expect(other).toBe(one);
    expect([...one]).toEqual([...MANY.slice(2), 'new']);
  });

  test('is not taken for another one by what a name holds', () => {
    const odd = NameSet.empty.with(['a\nb']);
    const plain = NameSet.empty.with(['a', 'b']);
    expect([odd, plain].map((names) => [...names])).toEqual([['a\nb'], ['a', 'b']]);
  });

  test('stays what it is when nothing changes', () => {
    const names = NameSet.empty.with(['a', 'b']);
    expect(names.with(['b'])).toBe(names);
    expect(names.without(['c'])).toBe(names);
    expect(names.without(['b', 'a'])).toBe(NameSet.empty);
  });

  test('knows whether it is all of a view', () => {
    const view = (names: readonly string[]): TypeView =>
      new Map(names.map((name) => [name, {}])) as unknown as TypeView;
    const names = NameSet.empty.with(['a', 'b']);
    expect(names.isAllOf(view(['b', 'a']))).toBe(true);
    expect(names.isAllOf(view(['a', 'c']))).toBe(false);
    expect(names.isAllOf(view(['a', 'b', 'c']))).toBe(false);
  });
});

describe('names in requests', () => {
  const deltaBytes = (nonce: string, names = MANY): Buffer =>
    Buffer.from(
      toBinary(
        DeltaDiscoveryRequestSchema,
        create(DeltaDiscoveryRequestSchema, {
          node: node(),
          typeUrl: ENDPOINT_TYPE,
          responseNonce: nonce,
          resourceNamesSubscribe: names,
          resourceNamesUnsubscribe: ['gone'],
        }),
      ),
    );
  const stateBytes = (nonce: string, names = MANY): Buffer =>
    Buffer.from(
      toBinary(
        DiscoveryRequestSchema,
        create(DiscoveryRequestSchema, {
          versionInfo: nonce,
          node: node(),
          typeUrl: ENDPOINT_TYPE,
          responseNonce: nonce,
          resourceNames: names,
        }),
      ),
    );

  test.each([
    ['delta', DELTA, deltaBytes],
    ['state-of-the-world', STATE_OF_THE_WORLD, stateBytes],
  ] as const)('of proxies that send the same become one set, in the %s form', (_name, protocol, bytesOf) => {
    const known = new RequestNames();
    const watches = ['1', '2'].map((nonce) => {
      const request = protocol.readRequest(bytesOf(nonce), known);
      expect(request).toMatchObject({ typeUrl: ENDPOINT_TYPE, nonce, node: { id: node().id } });
      const watch = new Watch(ENDPOINT_TYPE);
      request.apply(watch);
      return watch;
    });
    expect([...(watches[0]?.names ?? [])]).toEqual(MANY);
    expect(watches[0]?.names).toBe(watches[1]?.names);
    expect(watches[0]?.asked).toBe(watches[1]?.asked);
  });

  test('that differ in one letter are not taken for each other', () => {
    const known = new RequestNames();
    const other = MANY.map((name, index) => (index === 100 ? name.replace('shop', 'shoq') : name));
    const read = (names: string[]): readonly string[] => {
      const watch = new Watch(ENDPOINT_TYPE);
      DELTA.readRequest(deltaBytes('1', names), known).apply(watch);
      return [...watch.names];
    };
    expect(read(MANY)).toEqual(MANY);
    expect(read(other)).toEqual(other);
    expect(read(MANY)).toEqual(MANY);
  });

  test('that are few, scattered or cut off are left to the protobuf library', () => {
    const whole = deltaBytes('1');
    expect(cutNames(deltaBytes('1', ['a']))).toBeUndefined();
    expect(cutNames(Buffer.concat([whole, deltaBytes('2', ['a'])]))).toBeUndefined();
    expect(cutNames(whole.subarray(0, -1))).toBeUndefined();
    for (let length = 512; length < whole.length; length += 97) {
      const part = cutNames(whole.subarray(0, length));
      if (part !== undefined) expect(part.bytes.length + part.rest.length).toBe(length);
    }
  });
});
