import { describe, expect, it } from 'vitest';
import type { DestinationRule, Subset } from '../../src/model/destination-rules.ts';
import { effectivePolicy } from '../../src/model/traffic-policy.ts';

function ruleWith(
  trafficPolicy: DestinationRule['trafficPolicy'],
  subsets: readonly Subset[] = [],
): DestinationRule {
  return {
    name: 'rule',
    namespace: 'shop',
    created: '',
    apiVersion: 'networking.istio.io/v1',
    host: 'web.shop.svc.cluster.local',
    exportTo: new Set(),
    workloadSelector: undefined,
    trafficPolicy,
    subsets,
  };
}

const POOL = { tcp: { maxConnections: 1 } };
const OTHER_POOL = { tcp: { maxConnections: 2 } };
const RANDOM = { simple: 'RANDOM' } as const;
const OUTLIER = { consecutive5xxErrors: 1 };

describe('the policy that holds', () => {
  it('is nothing without a rule, and the defaults of the mesh where the rule is silent', () => {
    expect(effectivePolicy(undefined, undefined, 80, {})).toEqual({});
    const mesh = { defaultTrafficPolicy: { connectionPool: POOL, outlierDetection: OUTLIER } };
    expect(effectivePolicy(ruleWith({ connectionPool: OTHER_POOL }), undefined, 80, mesh)).toEqual({
      connectionPool: OTHER_POOL,
      outlierDetection: OUTLIER,
    });
  });

  it("takes each part from the subset, else from the rule, never a mixture of one part's fields", () => {
    const subset = { name: 'v1', trafficPolicy: { connectionPool: { http: { maxRetries: 3 } } } };
    const policy = effectivePolicy(ruleWith({ connectionPool: POOL, loadBalancer: RANDOM }), subset, 80, {});
    expect(policy).toEqual({ connectionPool: { http: { maxRetries: 3 } }, loadBalancer: RANDOM });
  });

  it('of a port drops all of the rule that the port is silent on, also what a port cannot say', () => {
    const rule = ruleWith({
      connectionPool: POOL,
      loadBalancer: RANDOM,
      proxyProtocol: { version: 'V1' },
      portLevelSettings: [{ port: { number: 80 }, outlierDetection: OUTLIER }],
    });
    expect(effectivePolicy(rule, undefined, 80, {})).toEqual({ outlierDetection: OUTLIER });
    const mesh = { defaultTrafficPolicy: { connectionPool: OTHER_POOL } };
    expect(effectivePolicy(rule, undefined, 80, mesh).connectionPool).toEqual(OTHER_POOL);
    expect(effectivePolicy(rule, undefined, 81, {})).toEqual({
      connectionPool: POOL,
      loadBalancer: RANDOM,
      proxyProtocol: { version: 'V1' },
    });
  });

  it("of a subset's port keeps of the rule what a port cannot say, and nothing that the subset says beside it", () => {
    const budget = { percent: 5 };
    const rule = ruleWith({ connectionPool: POOL, retryBudget: budget });
    const subset = {
      name: 'v1',
      trafficPolicy: {
        proxyProtocol: { version: 'V1' },
        loadBalancer: RANDOM,
        portLevelSettings: [{ port: { number: 80 }, outlierDetection: OUTLIER }],
      },
    } as const;
    expect(effectivePolicy(rule, subset, 80, {})).toEqual({ outlierDetection: OUTLIER, retryBudget: budget });
    expect(effectivePolicy(rule, subset, 81, {})).toEqual({
      connectionPool: POOL,
      loadBalancer: RANDOM,
      proxyProtocol: { version: 'V1' },
      retryBudget: budget,
    });
  });
});
