import { create, toBinary } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DELTA } from '../../../src/proxy/xds-client/protocol.ts';
import { CLUSTER_TYPE } from '../../../src/proxy/xds-client/resource-types.ts';
import { TypeState } from '../../../src/proxy/xds-client/type-state.ts';
import { ClusterSchema } from '../../../src/xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import {
  DeltaDiscoveryResponseSchema,
  ResourceSchema,
} from '../../../src/xds/proto/generated/envoy/service/discovery/v3/discovery_pb.js';
import { pack } from '../../../src/xds/proto/registry.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('a resource whose time is over goes, unless it is heard of again', () => {
  const taken: string[] = [];
  const state = new TypeState(CLUSTER_TYPE, {
    apply: (added, removed) => {
      taken.push(...added.map(({ name }) => `+${name}`), ...removed.map((name) => `-${name}`));
      return [];
    },
  });
  state.wantsAll = true;
  let expired = 0;
  const hear = (milliseconds: number, resource?: Any): void => {
    const ttl = { seconds: BigInt(Math.floor(milliseconds / 1000)), nanos: (milliseconds % 1000) * 1e6 };
    const message = create(DeltaDiscoveryResponseSchema, {
      typeUrl: CLUSTER_TYPE,
      resources: [create(ResourceSchema, { name: 'a', version: '1', ttl, ...(resource && { resource }) })],
    });
    const response = DELTA.response(toBinary(DeltaDiscoveryResponseSchema, message));
    state.take(response, DELTA, 0, () => expired++);
  };
  hear(60, pack(ClusterSchema, { name: 'a' }));
  vi.advanceTimersByTime(40);
  // A heartbeat has a time to live, and no content.
  hear(90);
  vi.advanceTimersByTime(89);
  expect(taken).toEqual(['+a']);
  vi.advanceTimersByTime(1);
  expect(taken).toEqual(['+a', '-a']);
  expect(expired).toBe(1);
  expect(state.held.size).toBe(0);
  // Longer than a timer can wait.
  hear(30 * 86_400_000, pack(ClusterSchema, { name: 'a' }));
  vi.advanceTimersByTime(86_400_000);
  expect(state.held.size).toBe(1);
});
