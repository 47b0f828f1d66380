import { create } from '@bufbuild/protobuf';
import type { JsonObject } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { NodeSchema } from '../../src/xds/proto/generated/envoy/config/core/v3/base_pb.js';
import { type ProxyIdentity, proxyIdentity } from '../../src/xds/proxy-identity.ts';

const ID = 'sidecar~10.1.2.3~juice-0.shop~shop.svc.cluster.local';

function identity(id: string, metadata?: JsonObject): ProxyIdentity {
  return proxyIdentity(create(NodeSchema, { id, metadata }));
}

describe('proxyIdentity', () => {
  test('reads type, address, name and domain from the node id', () => {
    expect(identity(ID)).toMatchObject({
      type: 'sidecar',
      ips: ['10.1.2.3'],
      id: 'juice-0.shop',
      name: 'juice-0',
      namespace: 'shop',
      dnsDomain: 'shop.svc.cluster.local',
      interceptionMode: 'REDIRECT',
    });
  });

  test('prefers what the metadata says', () => {
    const metadata = {
      NAMESPACE: 'bakery',
      INSTANCE_IPS: '10.1.2.4,fd00::1',
      LABELS: { app: 'juice', broken: 3 },
      INTERCEPTION_MODE: 'TPROXY',
      GENERATOR: 'grpc',
    };
    expect(identity(ID, metadata)).toMatchObject({
      namespace: 'bakery',
      ips: ['10.1.2.4', 'fd00::1'],
      labels: { app: 'juice' },
      interceptionMode: 'TPROXY',
      isProxylessGrpc: true,
    });
  });

  test.each([
    ['sidecar~10.1.2.3~juice-0.shop', 'four parts'],
    ['', 'four parts'],
    ['boat~10.1.2.3~juice-0.shop~shop.svc.cluster.local', 'no type of proxy'],
    ['sidecar~harbour~juice-0.shop~shop.svc.cluster.local', 'no IP address'],
    ['sidecar~~juice-0.shop~shop.svc.cluster.local', 'no IP address'],
  ])('refuses the node id %j: %s', (id, message) => {
    expect(() => identity(id)).toThrow(message);
  });
});
