import { describe, expect, it } from 'vitest';
import {
  distribute,
  failover,
  localitySettings,
  parsePlace,
  weighsPlaces,
} from '../../../src/xds/endpoints/locality-policy.ts';

const OUTLIER = { outlierDetection: {} };
const CLIENT = {
  locality: parsePlace('eu/a/1'),
  labels: { rack: 'r1', row: 'w1' },
  network: 'lan',
  metadata: { NODE_NAME: 'node-1' },
};

/** An endpoint that is somewhere. */
const at = (locality: string, labels: Record<string, string> = {}, network = 'lan', node = '') => ({
  locality,
  labels,
  network,
  node,
});

function rank(
  locality: string,
  settings: Parameters<typeof failover>[0] = {},
  labels: Record<string, string> = {},
): number {
  return failover(settings, OUTLIER, CLIENT, at(locality, labels));
}

describe('failover', () => {
  it.each([
    ['eu/a/1', 0],
    ['eu/a/2', 1],
    ['eu/a', 1],
    ['eu/b', 2],
    ['us/a/1', 3],
    ['', 3],
  ])('from eu/a/1 uses %s in rank %i', (locality, expected) => {
    expect(rank(locality)).toBe(expected);
  });

  it('prefers the region that is named to the others', () => {
    const settings = { failover: [{ from: 'eu', to: 'us' }] };
    expect([rank('us/x', settings), rank('asia/x', settings)]).toEqual([3, 4]);
  });

  it('by labels goes one rank further for each label from the first that differs', () => {
    const settings = { failoverPriority: ['row', 'rack'] };
    expect(rank('', settings, { row: 'w1', rack: 'r1' })).toBe(0);
    expect(rank('', settings, { row: 'w1', rack: 'r2' })).toBe(1);
    expect(rank('', settings, { row: 'w2', rack: 'r1' })).toBe(2);
    expect(rank('', { failoverPriority: ['row=w9'] }, { row: 'w9' })).toBe(0);
  });

  it('by labels of places takes where workloads run, whatever their own labels are', () => {
    const settings = {
      failoverPriority: [
        'topology.istio.io/network',
        'topology.kubernetes.io/region',
        'topology.kubernetes.io/zone',
        'kubernetes.io/hostname',
      ],
    };
    const rankOf = (endpoint: ReturnType<typeof at>) => failover(settings, OUTLIER, CLIENT, endpoint);
    expect(rankOf(at('eu/a', {}, 'lan', 'node-1'))).toBe(0);
    expect(rankOf(at('eu/a', {}, 'lan', 'node-2'))).toBe(1);
    expect(rankOf(at('eu/b', {}, 'lan', 'node-1'))).toBe(2);
    expect(rankOf(at('us', { 'topology.kubernetes.io/region': 'eu' }))).toBe(3);
    // Of another network: after all of this one, in the same order.
    expect(rankOf(at('eu/a', {}, 'wan', 'node-1'))).toBe(4);
    expect(rankOf(at('us', {}, 'wan'))).toBe(7);
    expect(
      failover({ failoverPriority: ['nobody-has-it', 'row'] }, OUTLIER, CLIENT, at('', { row: 'w2' })),
    ).toBe(1);
    expect(
      failover(
        { failoverPriority: ['topology.istio.io/cluster', 'row'] },
        OUTLIER,
        CLIENT,
        at('', { row: 'w1' }),
      ),
    ).toBe(0);
  });

  it('by labels and regions ranks regions within what the labels say', () => {
    const settings = { failoverPriority: ['row'], failover: [{ from: 'eu', to: 'us' }] };
    const rankOf = (place: string, row: string) => rank(place, settings, { row });
    expect([rankOf('eu/a/1', 'w1'), rankOf('us', 'w1'), rankOf('asia', 'w1')]).toEqual([0, 3, 4]);
    expect([rankOf('eu/a/1', 'w2'), rankOf('us', 'w2')]).toEqual([5, 8]);
  });

  it('by the word of a service needs none, and gives way to a rule', () => {
    const rankOf = (settings: ReturnType<typeof localitySettings>, endpoint: ReturnType<typeof at>) =>
      failover(settings, {}, CLIENT, endpoint);
    const zone = localitySettings({}, { zoneAwareLbSetting: {} }, 'same-zone');
    expect([rankOf(zone, at('eu/a/9')), rankOf(zone, at('eu/b')), rankOf(zone, at('us'))]).toEqual([0, 1, 2]);
    const node = localitySettings({}, {}, 'same-node');
    expect([rankOf(node, at('eu/a/1', {}, 'lan', 'node-1')), rankOf(node, at('eu/a/1'))]).toEqual([0, 1]);
    const rule = { loadBalancer: { localityLbSetting: { enabled: false } } };
    expect(localitySettings(rule, {}, 'same-zone')).toBeUndefined();
    expect([weighsPlaces({}, {}, 'same-zone'), weighsPlaces({}, {})]).toEqual([true, false]);
  });

  it('needs outlier detection, as nothing else would find a rank failing', () => {
    const far = at('us');
    expect(failover({}, {}, CLIENT, far)).toBe(0);
    expect(failover(undefined, OUTLIER, CLIENT, far)).toBe(0);
  });
});

describe('distribution', () => {
  const groups = ['eu/a/1', 'eu/b', 'us/a'].map((text) => ({
    place: parsePlace(text),
    loadBalancingWeight: 2,
    text,
  }));
  const shares = (to: Record<string, number>, from = 'eu/a/*') =>
    distribute({ distribute: [{ from, to }] }, CLIENT, groups).map((group) => [
      group.text,
      group.loadBalancingWeight,
    ]);

  it('gives places the shares that their client is promised, and others nothing', () => {
    expect(shares({ 'eu/a/*': 80, 'us/*': 20 })).toEqual([
      ['eu/a/1', 80],
      ['us/a', 20],
    ]);
    expect(shares({ 'eu/*': 100 })).toEqual([
      ['eu/a/1', 50],
      ['eu/b', 50],
    ]);
  });

  it('leaves the weights of clients elsewhere alone', () => {
    expect(shares({ 'eu/*': 100 }, 'us/*').map(([text]) => text)).toEqual(['eu/a/1', 'eu/b', 'us/a']);
  });

  it('makes the weights of places count', () => {
    const balancer = { localityLbSetting: { distribute: [{ from: '*', to: { '*': 100 } }] } };
    expect(weighsPlaces({ loadBalancer: balancer }, {})).toBe(true);
    expect(weighsPlaces({ ...OUTLIER }, {})).toBe(false);
  });
});
