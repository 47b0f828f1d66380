import { describe, expect, it } from 'vitest';
import { parseText } from '../../src/config/parse/parse.ts';
import { discoveredNamespaces } from '../../src/model/discovery-selectors.ts';
import { type MeshConfig, meshSettings } from '../../src/model/mesh-settings.ts';
import { Snapshot } from '../../src/model/snapshot.ts';

const TEXT = `apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {mesh: "yes"}}
---
apiVersion: v1
kind: Namespace
metadata: {name: attic}
---
apiVersion: v1
kind: Service
metadata: {name: fruits, namespace: shop}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: boxes, namespace: attic}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: stray, namespace: nowhere}
spec: {ports: [{name: http, port: 80}]}
`;
const { objects } = parseText(TEXT, 'input.yaml');

type Selectors = NonNullable<MeshConfig['discoverySelectors']>;

describe('discoverySelectors', () => {
  it.each<[Selectors, readonly string[] | undefined]>([
    [[], undefined],
    [[{}], ['attic', 'nowhere', 'shop']],
    [[{ matchLabels: { mesh: 'yes' } }], ['shop']],
    [[{ matchLabels: { 'kubernetes.io/metadata.name': 'attic' } }], ['attic']],
    [
      [{ matchLabels: { mesh: 'yes' } }, { matchLabels: { 'kubernetes.io/metadata.name': 'nowhere' } }],
      ['nowhere', 'shop'],
    ],
    [
      [{ matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['attic'] }] }],
      ['nowhere', 'shop'],
    ],
    [[{ matchExpressions: [{ key: 'mesh', operator: 'DoesNotExist' }] }], ['attic', 'nowhere']],
    [[{ matchLabels: { mesh: 'no' } }], []],
  ])('%j choose %j', (discoverySelectors, expected) => {
    expect(discoveredNamespaces({ discoverySelectors }, objects)).toEqual(expected);
  });

  it('leave no other namespace in a snapshot, but what is in none', () => {
    const mesh = meshSettings({}, { discovered: ['shop'] });
    const snapshot = Snapshot.build(objects, { mesh });
    expect(snapshot.services.all.map(({ hostname }) => hostname)).toEqual(['fruits.shop.svc.cluster.local']);
    expect(snapshot.list('core/Namespace').map(({ meta }) => meta.name)).toEqual(['shop', 'attic']);
  });
});
