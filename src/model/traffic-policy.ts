/** Which policy holds for one port of one subset: mesh, rule and subset on top of each other. */

import type { DestinationRule, Subset, TrafficPolicy } from './destination-rules.ts';
import type { MeshConfig } from './mesh-settings.ts';

/** What is left of a policy when the port and the subset are settled. */
export type EffectivePolicy = Omit<TrafficPolicy, 'portLevelSettings'>;

/**
 * The policy for a port: each part of the subset's stands in for the rule's, and those of a port for all of
 * the four parts that a port can have, also where the port says nothing of one. The mesh's parts stand in for those
 * that are missing then.
 * https://istio.io/latest/docs/reference/config/networking/destination-rule/#TrafficPolicy
 */
export function effectivePolicy(
  rule: DestinationRule | undefined,
  subset: Subset | undefined,
  port: number,
  mesh: MeshConfig,
): EffectivePolicy {
  const ofRule = { ...meshDefaults(mesh), ...atPort(rule?.trafficPolicy, port, {}) };
  return subset?.trafficPolicy === undefined ? ofRule : atPort(subset.trafficPolicy, port, ofRule);
}

function meshDefaults(mesh: MeshConfig): EffectivePolicy {
  const { connectionPool, outlierDetection } = mesh.defaultTrafficPolicy ?? {};
  return {
    ...(connectionPool !== undefined && { connectionPool }),
    ...(outlierDetection !== undefined && { outlierDetection }),
  };
}

function atPort(policy: TrafficPolicy | undefined, port: number, below: EffectivePolicy): EffectivePolicy {
  if (policy === undefined) return below;
  const { portLevelSettings = [], ...own } = policy;
  const merged: EffectivePolicy = { ...below, ...own };
  const ofPort = portLevelSettings.find((one) => one.port?.number === port);
  if (ofPort === undefined) return merged;
  const {
    connectionPool: _pool,
    outlierDetection: _outlier,
    loadBalancer: _balancer,
    tls: _tls,
    ...rest
  } = merged;
  const { port: _port, ...settings } = ofPort;
  return { ...rest, ...settings };
}
