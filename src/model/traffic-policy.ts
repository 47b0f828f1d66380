/** Which policy holds for one port of one subset: mesh, rule and subset on top of each other. */

import type { DestinationRule, Subset, TrafficPolicy } from './destination-rules.ts';
import type { MeshConfig } from './mesh-settings.ts';

/** What is left of a policy when the port and the subset are settled. */
export type EffectivePolicy = Omit<TrafficPolicy, 'portLevelSettings'>;

/**
 * The policy for a port: each part of the subset's stands in for the rule's, and those of a port for all that is said
 * beside it, also where the port says nothing of a part. Of the rule a subset's port leaves what a port cannot have. The
 * mesh's parts stand in for those that are missing in the rule then.
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
  const ofPort = portLevelSettings.find((one) => one.port?.number === port);
  if (ofPort === undefined) return { ...below, ...own };
  const {
    connectionPool: _pool,
    outlierDetection: _outlier,
    loadBalancer: _balancer,
    tls: _tls,
    ...rest
  } = below;
  const { port: _port, ...settings } = ofPort;
  return { ...rest, ...settings };
}
