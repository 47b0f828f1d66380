/** Endpoints that are new, and get their share little by little. */

import { expect } from 'vitest';
import type { World } from '../../peers/world/world.ts';
import { eventually } from '../../peers/run-envoy.ts';
import { WHO } from '../../peers/world/shop.ts';
import { type FeatureCase, get, send, shares } from './case.ts';
import { routed } from './manifests.ts';

/** Where an endpoint can be new, again and again. */
const FRESH = ['10.40.0.2', '10.40.0.3', '10.40.0.4', '10.40.0.11', '10.40.1.1', '10.50.0.1', '10.50.0.2'];

const workload = (name: string, place: string, address: string): string => `apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: ${name}-${place}, namespace: shop}
spec: {address: ${address}, labels: {app: ${name}}}
`;

function warmed(name: string, loadBalancer: string): string {
  return `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ${name}, namespace: shop}
spec: {hosts: [${name}.test], location: MESH_INTERNAL, resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}], workloadSelector: {labels: {app: ${name}}}}
---
${workload(name, 'first', '10.40.0.1')}---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ${name}, namespace: shop}
spec: {host: ${name}.test, trafficPolicy: {loadBalancer: ${loadBalancer}}}
---
${routed(name, `- route: [{destination: {host: ${name}.test}}]`)}`;
}

/** How many of 60 requests an endpoint takes that has just come to one that is warm. */
async function takenByNew(world: World, name: string, address: string): Promise<number> {
  world.write(`${name}-new.yaml`, workload(name, 'second', address));
  const others = (all: Parameters<typeof shares>[0]): number => all.length - (shares(all)['web v1'] ?? 0);
  await eventually(
    () => send(world, { ...get(name), times: 4 }),
    (all) => WHO[address] !== undefined && WHO[address] in shares(all),
  );
  return others(await send(world, { ...get(name), times: 60 }));
}

/** Again and again, until the first endpoint is old enough to count as warm. */
async function findsLittle(world: World, name: string, most: number): Promise<void> {
  const taken: number[] = [];
  try {
    for (const address of FRESH) {
      taken.push(await takenByNew(world, name, address));
      if ((taken.at(-1) ?? 0) <= most) return;
    }
  } finally {
    world.remove(`${name}-new.yaml`);
  }
  expect.fail(`of 60 requests the new endpoint took ${taken.join(', ')}`);
}

function little(name: string, words: string, loadBalancer: string, most: number): FeatureCase {
  return {
    feature: `DestinationRule ${words}: a new endpoint gets little at first`,
    config: warmed(name, loadBalancer),
    asks: [{ ...get(name), check: (_all, world) => findsLittle(world, name, most) }],
  };
}

function much(name: string, words: string, loadBalancer: string): FeatureCase {
  return {
    feature: `DestinationRule ${words}: a new endpoint gets much at once`,
    config: warmed(name, loadBalancer),
    asks: [
      {
        ...get(name),
        check: async (_all, world) => {
          try {
            expect(await takenByNew(world, name, '10.40.0.2')).toBeGreaterThan(25);
          } finally {
            world.remove(`${name}-new.yaml`);
          }
        },
      },
    ],
  };
}

/** A tenth of the share at first, and growing for ten seconds: 22 of 60 are reached after six. */
export const WARM_UP: readonly FeatureCase[] = [
  little('warm', 'warmup', '{simple: ROUND_ROBIN, warmup: {duration: 10s}}', 20),
  little(
    'warm-least',
    'warmup of LEAST_REQUEST',
    '{warmup: {duration: 10s, aggression: 1, minimumPercent: 1}}',
    15,
  ),
  little('warm-legacy', 'warmupDurationSecs', '{simple: ROUND_ROBIN, warmupDurationSecs: 10s}', 20),
  much(
    'warm-much',
    'warmup.minimumPercent',
    '{simple: ROUND_ROBIN, warmup: {duration: 60s, minimumPercent: 100}}',
  ),
  much('warm-fast', 'warmup.aggression', '{simple: ROUND_ROBIN, warmup: {duration: 60s, aggression: 1000}}'),
];
