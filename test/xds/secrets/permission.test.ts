import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { NodeSchema } from '../../../src/xds/proto/generated/envoy/config/core/v3/base_pb.js';
import { proxyIdentity } from '../../../src/xds/proxy-identity.ts';
import { secretJson } from '../../../src/xds/secrets/redacted.ts';
import { secretFor } from '../../../src/xds/secrets/secret.ts';
import { snapshotOf } from '../../model/snapshot-of.ts';

const gateway = (
  name: string,
  namespace: string,
  tls: string,
  role = 'edge',
): string => `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: ${name}, namespace: ${namespace}}
spec: {selector: {role: ${role}}, servers: [{port: {number: 443, name: https, protocol: HTTPS}, hosts: ["*"], tls: {${tls}}}]}
`;
const secret = (namespace: string, name: string): string =>
  `apiVersion: v1\nkind: Secret\nmetadata: {name: ${name}, namespace: ${namespace}}\nstringData: {cert: chain, key: guarded, cacert: ca}\n`;

const SNAPSHOT = snapshotOf(
  [
    ...['named', 'second', 'trusted', 'elsewhere', 'plain'].map((name) => secret('edge', name)),
    secret('shop', 'named'),
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ca, namespace: shop}\ndata: {ca.crt: ca}\n',
    gateway('own', 'edge', 'mode: SIMPLE, credentialName: "kubernetes-gateway://edge/named"'),
    gateway(
      'several',
      'edge',
      'mode: MUTUAL, credentialNames: ["kubernetes-gateway://edge/second"], caCertCredentialName: "kubernetes-gateway://edge/trusted-cacert"',
    ),
    gateway('foreign', 'shop', 'mode: SIMPLE, credentialName: "kubernetes-gateway://edge/elsewhere"'),
    gateway('other', 'edge', 'mode: SIMPLE, credentialName: "kubernetes-gateway://edge/elsewhere"', 'other'),
  ].join('---\n'),
);

const PROXY = proxyIdentity(
  create(NodeSchema, {
    id: 'router~10.8.0.9~edge-0.edge~edge.svc.cluster.local',
    metadata: { LABELS: { role: 'edge' } },
  }),
  { servesSecrets: true },
);

const ABROAD = 'Secrets of namespace shop are not for proxies of namespace edge';
const UNNAMED = 'no Gateway of namespace edge names kubernetes-gateway://edge/elsewhere for this proxy';

test.each([
  ['kubernetes://plain', undefined],
  ['kubernetes://plain-cacert', undefined],
  ['kubernetes://edge/plain', undefined],
  ['kubernetes://shop/named', ABROAD],
  ['kubernetes://shop/named-cacert', ABROAD],
  ['kubernetes-gateway://shop/named', ABROAD],
  ['kubernetes-gateway://edge/named', undefined],
  ['kubernetes-gateway://edge/named-cacert', undefined],
  ['kubernetes-gateway://edge/second', undefined],
  ['kubernetes-gateway://edge/trusted-cacert', undefined],
  ['kubernetes-gateway://edge/elsewhere', UNNAMED],
  ['configmap://shop/ca-cacert', undefined],
  ['kubernetes://gone', 'there is no Secret edge/gone that is in force'],
  ['default', '"default" is no name of a Secret or ConfigMap'],
  ['invalid://', '"invalid://" is no name of a Secret or ConfigMap'],
])('%s is for a gateway of its namespace: %s', (name, refused) => {
  const answer = secretFor(SNAPSHOT, PROXY, name);
  if (refused === undefined) expect(answer).toMatchObject({ resource: { name } });
  else expect(answer).toEqual({ refused });
});

test('what a proxy is sent has the key, and what is shown of it has not', () => {
  const answer = secretFor(SNAPSHOT, PROXY, 'kubernetes://plain');
  if (!('resource' in answer)) throw new Error(answer.refused);
  const { message, changedBy } = answer.resource;
  expect(changedBy).toEqual([{ kind: 'Secret', namespace: 'edge', name: 'plain' }]);
  expect(message).toMatchObject({
    type: { value: { privateKey: { specifier: { value: Buffer.from('guarded') } } } },
  });
  expect(secretJson(message)).toEqual({
    '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret',
    name: 'kubernetes://plain',
    tls_certificate: {
      certificate_chain: { inline_bytes: Buffer.from('chain').toString('base64') },
      private_key: { inline_bytes: Buffer.from('[redacted]').toString('base64') },
    },
  });
  // Equal for all who ask, so that it is encoded once.
  expect(secretFor(SNAPSHOT, PROXY, 'kubernetes://plain')).toEqual(answer);
});
