import { describe, expect, it } from 'vitest';
import { parseText } from '../../src/config/parse/parse.ts';
import { Snapshot } from '../../src/model/snapshot.ts';
import { isAmbient, usesWaypoint, waypointOf } from '../../src/model/waypoints.ts';

describe('the waypoint that labels name', () => {
  it.each([
    [{}, undefined],
    [{ 'istio.io/use-waypoint': '' }, undefined],
    [{ 'istio.io/use-waypoint': 'none' }, 'none'],
    [{ 'istio.io/use-waypoint': 'front' }, { name: 'front', namespace: 'shop' }],
    [
      { 'istio.io/use-waypoint': 'front', 'istio.io/use-waypoint-namespace': 'edge' },
      { name: 'front', namespace: 'edge' },
    ],
  ])('of %j is %j', (labels, expected) => {
    expect(waypointOf(labels, 'shop')).toEqual(expected);
  });
});

function snapshot(namespaceLabels: string, podLabels = '{}', annotations = '{}'): Snapshot {
  const text = `
{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: ${namespaceLabels}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: fruits, namespace: shop, labels: ${podLabels}, annotations: ${annotations}}}
`;
  return Snapshot.build(parseText(text, 'pod.yaml').objects);
}

describe('something', () => {
  it.each([
    ['{}', {}, false],
    ['{istio.io/use-waypoint: front}', {}, true],
    ['{istio.io/use-waypoint: front}', { 'istio.io/use-waypoint': 'none' }, false],
    ['{istio.io/use-waypoint: none}', { 'istio.io/use-waypoint': 'front' }, true],
  ])('in a namespace with %s and labels %j uses a waypoint: %s', (namespace, labels, expected) => {
    expect(usesWaypoint(snapshot(namespace), labels, 'shop')).toBe(expected);
  });

  it.each([
    ['{}', '{}', '{}', false],
    ['{istio.io/dataplane-mode: ambient}', '{}', '{}', true],
    ['{istio.io/dataplane-mode: ambient}', '{istio.io/dataplane-mode: none}', '{}', false],
    ['{istio.io/dataplane-mode: ambient}', '{sidecar.istio.io/inject: "true"}', '{}', false],
    ['{istio.io/dataplane-mode: ambient, istio-injection: enabled}', '{}', '{}', false],
    ['{}', '{istio.io/dataplane-mode: ambient}', '{}', true],
    ['{}', '{}', '{ambient.istio.io/redirection: enabled}', true],
  ])(
    'in a namespace with %s, with labels %s and annotations %s, is ambient: %s',
    (namespace, pod, notes, expected) => {
      const made = snapshot(namespace, pod, notes);
      expect(made.workloads.all.map((workload) => isAmbient(made, workload))).toEqual([expected]);
    },
  );
});
