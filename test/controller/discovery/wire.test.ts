import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { ResourceEncoder } from '../../../src/controller/discovery/encoder.ts';
import { deltaResponse, stateResponse } from '../../../src/controller/discovery/wire.ts';
import { ClusterSchema } from '../../../src/xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import {
  DeltaDiscoveryResponseSchema,
  DiscoveryResponseSchema,
} from '../../../src/xds/proto/generated/envoy/service/discovery/v3/discovery_pb.js';
import { CLUSTER_TYPE } from '../../../src/xds/resource.ts';

const HEAD = { version: 'v/1', typeUrl: CLUSTER_TYPE, nonce: '1-1' };

/** Lengths around those where their own encoding becomes longer. */
const LENGTHS = [0, 1, 100, 126, 127, 128, 129, 300, 16_382, 16_384, 2_097_152];

function cluster(length: number): ReturnType<ResourceEncoder['encode']> {
  const name = `c${length}`;
  const message = create(ClusterSchema, { name, altStatName: 'ä'.repeat(length) });
  return new ResourceEncoder().encode({ typeUrl: CLUSTER_TYPE, name, message });
}

describe('responses put together from bytes', () => {
  const resources = LENGTHS.map(cluster);

  test('of the state of the world are what the protobuf library reads and would write', () => {
    const bytes = Buffer.concat(stateResponse(HEAD, resources));
    const message = fromBinary(DiscoveryResponseSchema, bytes);
    expect(message).toMatchObject({ versionInfo: 'v/1', typeUrl: CLUSTER_TYPE, nonce: '1-1' });
    const found = message.resources.map(({ value }) => fromBinary(ClusterSchema, value));
    expect(found).toEqual(resources.map((resource) => resource.message));
    expect(toBinary(DiscoveryResponseSchema, message).length).toBe(bytes.length);
  });

  test('of deltas are what the protobuf library reads and would write', () => {
    const bytes = Buffer.concat(deltaResponse(HEAD, resources, ['gone', 'ä']));
    const message = fromBinary(DeltaDiscoveryResponseSchema, bytes);
    expect(message).toMatchObject({
      systemVersionInfo: 'v/1',
      nonce: '1-1',
      removedResources: ['gone', 'ä'],
    });
    expect(message.resources.map(({ name, version }) => [name, version])).toEqual(
      resources.map(({ name, version }) => [name, version]),
    );
    const found = message.resources.map(({ resource }) =>
      fromBinary(ClusterSchema, resource?.value ?? new Uint8Array()),
    );
    expect(found).toEqual(resources.map((resource) => resource.message));
    expect(toBinary(DeltaDiscoveryResponseSchema, message).length).toBe(bytes.length);
  });
});
