import { describe, expect, it } from 'vitest';
import { findingsOf, formatFinding } from '../findings-of.ts';

const object = (apiVersion: string, kind: string, spec = 'spec: {}'): string =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: a}\n${spec}\n`;

describe('a kind', () => {
  it.each([
    [
      'is unknown in a group of ours',
      'networking.istio.io/v1',
      'VirtualServise',
      'Did you mean VirtualService?',
    ],
    ['is unknown, and near to none', 'security.istio.io/v1', 'Abracadabra', /^It has .*PeerAuthentication/],
    [
      'belongs to another group',
      'networking.istio.io/v1',
      'PeerAuthentication',
      'Write apiVersion: security.istio.io/v1, where PeerAuthentication belongs.',
    ],
    [
      'of the Gateway API is unknown',
      'gateway.networking.k8s.io/v1',
      'HTTPRoutes',
      'Did you mean HTTPRoute?',
    ],
    ['of ours stands in the core group', 'v1', 'VirtualService', 'Write apiVersion: networking.istio.io/v1.'],
    ['of the core group is misspelt', 'v1', 'Servce', 'Did you mean Service?'],
    ['of Kubernetes is in lower case', 'v1', 'configmap', 'Did you mean ConfigMap?'],
    ['of Kubernetes is misspelt', 'apps/v1', 'Deploymnet', 'Did you mean Deployment?'],
    [
      'stands in the wrong group of Kubernetes',
      'v1',
      'Deployment',
      'Write apiVersion: apps/v1, where Deployment belongs.',
    ],
  ])('that %s is an error', async (_title, apiVersion, kind, hint) => {
    const [finding, ...more] = await findingsOf(object(apiVersion, kind));
    expect(more).toEqual([]);
    expect(finding).toMatchObject({
      check: 'UnknownKind',
      level: 'Error',
      hint: expect.stringMatching(hint),
    });
  });

  it.each([
    ['cert-manager.io/v1', 'Certificate'],
    ['sailoperator.io/v1', 'Istio'],
    ['networking.k8s.io/v1', 'NetworkPolicy'],
    ['v1', 'PersistentVolume'],
    ['v1', 'Config'],
    ['v1', 'Template'],
    ['batch/v1beta1', 'CronJob'],
    ['apps/v1', 'ControllerRevision'],
    ['example.com/v1', 'Gateway'],
    ['networking.gke.io/v1', 'Gateway'],
  ])('of a group that is not ours (%s %s) passes in silence', async (apiVersion, kind) => {
    expect(await findingsOf(object(apiVersion, kind, 'anything: [1]'))).toEqual([]);
  });

  it('of a group that is misspelt is a warning', async () => {
    const [finding] = await findingsOf(object('networking.istio.oi/v1', 'Gateway'));
    expect(finding).toMatchObject({
      level: 'Warning',
      hint: 'Did you mean networking.istio.io?',
      path: ['apiVersion'],
    });
  });
});

describe('a version', () => {
  it.each([
    ['networking.istio.io/v1alpha1', 'VirtualService', /^Use networking\.istio\.io\/v1 or /],
    ['networking.istio.io', 'VirtualService', /Write apiVersion/],
    ['networking.istio.io/', 'VirtualService', /^Use /],
    ['networking.istio.io/v1/x', 'VirtualService', /^Use /],
  ])('%s of a known kind is an error that names those there are', async (apiVersion, kind, hint) => {
    const findings = await findingsOf(
      object(apiVersion, kind, 'spec: {hosts: [a], http: [{route: [{destination: {host: a}}]}]}'),
    );
    expect(findings.map(formatFinding)).toHaveLength(1);
    expect(findings[0]).toMatchObject({
      level: 'Error',
      hint: expect.stringMatching(hint),
      path: ['apiVersion'],
    });
  });

  it('other than v1 of the core group is an error', async () => {
    const findings = await findingsOf(object('v2', 'Service', 'spec: {ports: [{port: 80, name: http}]}'));
    expect(findings).toMatchObject([{ check: 'UnknownVersion', level: 'Error', hint: 'Use v1.' }]);
  });

  it('of Kubernetes that we do not list is no fault, but its types are checked', async () => {
    expect(
      await findingsOf(object('apps/v1beta9', 'Deployment', 'spec: {template: {metadata: {}}}')),
    ).toEqual([]);
    const findings = await findingsOf(object('apps/v1beta9', 'Deployment', 'spec: {template: 5}'));
    expect(findings.map(formatFinding)).toEqual([
      'Error WrongType spec.template: must be a map, but is the number 5',
    ]);
  });

  it('that is deprecated is a warning', async () => {
    const findings = await findingsOf(
      object(
        'split.smi-spec.io/v1alpha3',
        'TrafficSplit',
        'spec: {service: a, backends: [{service: b, weight: 1}]}',
      ),
    );
    expect(findings.map(({ level, check }) => [level, check])).toEqual([['Warning', 'DeprecatedVersion']]);
  });

  it('of a kind that is gone is a warning that names what took its place', async () => {
    const findings = await findingsOf(
      object('rbac.istio.io/v1alpha1', 'ServiceRole', "spec: {rules: [{services: ['*']}]}"),
    );
    expect(findings.map(({ check }) => check)).toEqual(['DeprecatedVersion']);
    expect(findings[0]?.hint).toMatch(/AuthorizationPolicy/);
  });
});
