import { create, toJson } from '@bufbuild/protobuf';
import { expect, it } from 'vitest';
import { NodeSchema } from '../../../src/xds/proto/generated/envoy/config/core/v3/base_pb.js';
import { REGISTRY, findType } from '../../../src/xds/proto/registry.ts';
import { proxyIdentity } from '../../../src/xds/proxy-identity.ts';
import { translate } from '../../../src/xds/translate.ts';
import { snapshotOf } from '../../model/snapshot-of.ts';

/** The share of requests, in percent, that a sidecar's listeners begin traces for. */
function randomSampling(mesh: number | undefined, own?: number): readonly unknown[] {
  const snapshot = snapshotOf(
    '',
    mesh === undefined ? {} : { defaultConfig: { tracing: { sampling: mesh } } },
  );
  const node = create(NodeSchema, {
    id: 'sidecar~10.8.0.1~a.b~b.svc.cluster.local',
    metadata: own === undefined ? {} : { PROXY_CONFIG: { tracing: { sampling: own } } },
  });
  const texts = translate(snapshot, proxyIdentity(node)).listeners.map(({ typeUrl, message }) => {
    const schema = findType(typeUrl);
    return schema === undefined ? '' : JSON.stringify(toJson(schema, message, { registry: REGISTRY }));
  });
  const shares = texts.flatMap((text) => [...text.matchAll(/"randomSampling":\{(?:"value":([\d.]+))?\}/g)]);
  return [...new Set(shares.map(([, share = '0']) => Number(share)))];
}

it.each([
  [undefined, undefined, 1],
  [50, undefined, 50],
  [50, 25, 25],
  [0.001, undefined, 0.001],
  // Nothing said and 0 are the same to istiod.
  [0, undefined, 1],
  [50, 0, 1],
  [50, 101, 1],
])('sampling %s of the mesh and %s of the proxy is %s', (mesh, own, expected) => {
  expect(randomSampling(mesh, own)).toEqual([expected]);
});
