import { describe, expect, it } from 'vitest';
import {
  distribute,
  failover,
  parsePlace,
  weighsPlaces,
} from '../../../src/xds/endpoints/locality-policy.ts';

const OUTLIER = { outlierDetection: {} };
const CLIENT = { locality: parsePlace('eu/a/1'), labels: { rack: 'r1', row: 'w1' } };

function rank(
  locality: string,
  settings: Parameters<typeof failover>[0] = {},
  labels: Record<string, string> = {},
): number {
  return failover(settings, OUTLIER, CLIENT, { locality, labels });
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

  it('needs outlier detection, as nothing else would find a rank failing', () => {
    const far = { locality: 'us', labels: {} };
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
