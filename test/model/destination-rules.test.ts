import { describe, expect, it } from 'vitest';
import { snapshotOf } from './snapshot-of.ts';

/** A rule for workloads with the label `app: cook`. */
const FOR_COOKS = 'workloadSelector: {matchLabels: {app: cook}}';
const WEB = 'web.shop.svc.cluster.local';

function rule(namespace: string, name: string, spec: string, created = ''): string {
  const time = created === '' ? '' : `, creationTimestamp: "${created}"`;
  return `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ${name}, namespace: ${namespace}${time}}
spec: ${spec}
---
`;
}

const MANY = [
  rule('shop', 'exact', `{host: web}`),
  rule('shop', 'wild', `{host: "*.svc.cluster.local"}`),
  rule('shop', 'private', `{host: ${WEB}, exportTo: ["."]}`),
  rule('client', 'own', `{host: "*.shop.svc.cluster.local"}`),
  rule('istio-system', 'mesh', `{host: "*.local"}`),
  rule('istio-system', 'mesh-private', `{host: "*", exportTo: ["."]}`),
].join('');

describe('the DestinationRule for a host', () => {
  it.each([
    ['client', WEB, 'shop', 'own', "the client's namespace goes first, its wildcards too"],
    ['other', WEB, 'shop', 'exact', "then the service's, an exact host before a wildcard"],
    ['other', 'db.shop.svc.cluster.local', 'shop', 'wild', 'a wildcard where no host is exact'],
    ['other', 'x.elsewhere.svc.cluster.local', 'elsewhere', 'mesh', 'then the root namespace'],
    [
      'istio-system',
      'x.elsewhere.svc.cluster.local',
      'elsewhere',
      'mesh-private',
      'in the root its own first',
    ],
    ['other', 'example.com', 'other', undefined, 'none that covers it'],
  ])('seen from %s, for %s of %s, is %s: %s', (...row) => {
    const [client, host, owner, expected] = row;
    const found = snapshotOf(MANY).destinationRules.find(host, owner, { namespace: client, labels: {} });
    expect(found?.name).toBe(expected);
  });

  it('has the policy of the oldest rule and the subsets of all rules for it, the first of a name', () => {
    const rules = snapshotOf(
      rule(
        'shop',
        'b',
        '{host: web, subsets: [{name: v1, labels: {v: new}}, {name: v2}]}',
        '2026-02-01T00:00:00Z',
      ) +
        rule(
          'shop',
          'z',
          '{host: web.shop.svc.cluster.local, trafficPolicy: {loadBalancer: {simple: RANDOM}}, subsets: [{name: v1}]}',
          '2026-01-01T00:00:00Z',
        ),
    ).destinationRules;
    const found = rules.find(WEB, 'shop', { namespace: 'other', labels: {} });
    expect(found?.name).toBe('z');
    expect(found?.trafficPolicy).toEqual({ loadBalancer: { simple: 'RANDOM' } });
    expect(found?.subsets).toEqual([{ name: 'v1' }, { name: 'v2' }]);
  });

  it.each([
    ['exported elsewhere only', [rule('client', 'own', `{host: ${WEB}, exportTo: [other]}`)], 'shop'],
    ['that is for other workloads', [rule('client', 'own', `{host: ${WEB}, ${FOR_COOKS}}`)], undefined],
  ])("of the client's namespace %s: the service's counts or none", (_, own, expected) => {
    const rules = snapshotOf([...own, rule('shop', 'shop', '{host: web}')].join('')).destinationRules;
    expect(rules.find(WEB, 'shop', { namespace: 'client', labels: { app: 'pay' } })?.name).toBe(expected);
  });

  it.each([
    ['a narrower host that is not for the client hides a wider one', '[other]', 'root'],
    ['and does not when it is', '[client]', 'exact'],
  ])("of the service's namespace, %s", (_, exportTo, expected) => {
    const rules = snapshotOf(
      rule('shop', 'exact', `{host: web, exportTo: ${exportTo}}`) +
        rule('shop', 'wild', '{host: "*.shop.svc.cluster.local"}') +
        rule('istio-system', 'root', `{host: ${WEB}}`),
    ).destinationRules;
    expect(rules.find(WEB, 'shop', { namespace: 'client', labels: {} })?.name).toBe(expected);
  });

  // What istiod's mergeDestinationRule makes of two rules for one host, older first.
  it.each([
    ['alike', '', '', 'a', ['v1', 'v2']],
    ['for all, in one word and in none', '', ', exportTo: ["*"]', 'b', ['v2']],
    ['the later one further', ', exportTo: ["."]', ', exportTo: [".", other]', 'a', ['v1', 'v2']],
    ['the earlier one further', ', exportTo: [".", other]', ', exportTo: ["."]', 'b', ['v2']],
    ['the earlier one for workloads', `, ${FOR_COOKS}`, '', 'a', ['v1']],
    ['the later one for workloads', '', `, ${FOR_COOKS}`, 'b', ['v2']],
    ['both for the same workloads', `, ${FOR_COOKS}`, `, ${FOR_COOKS}`, 'a', ['v1', 'v2']],
  ])('exported %s: of the second the first has its part', (_, first, second, expected, subsets) => {
    const found = snapshotOf(
      rule('shop', 'a', `{host: web, subsets: [{name: v1}]${first}}`) +
        rule('shop', 'b', `{host: web, subsets: [{name: v2}]${second}}`),
    ).destinationRules.find(WEB, 'shop', { namespace: 'shop', labels: { app: 'cook' } });
    expect([found?.name, found?.subsets.map(({ name }) => name)]).toEqual([expected, subsets]);
  });

  it('for certain workloads holds for those of its own namespace only', () => {
    const rules = snapshotOf(
      rule('shop', 'some', '{host: web, workloadSelector: {matchLabels: {app: cart}}}') +
        rule('shop', 'all', '{host: web}'),
    ).destinationRules;
    const seen = (namespace: string, labels: Record<string, string>) =>
      rules.find(WEB, 'shop', { namespace, labels })?.name;
    expect(seen('shop', { app: 'cart' })).toBe('some');
    expect(seen('shop', { app: 'pay' })).toBe('all');
    expect(seen('other', { app: 'cart' })).toBe('all');
  });
});
