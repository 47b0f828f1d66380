/** What stands beside the control plane, or in its place: gateways, the way to another cluster, network policies. */

import { describe, expect, test } from 'vitest';
import { type Tree } from '../../src/install/setting-path.ts';
import { at, everything, manifest, names, one } from './rendered.ts';

describe('gateways', () => {
  test('of a file are added with their own names, labels and Services', () => {
    const own = {
      name: 'internal',
      enabled: true,
      label: { istio: 'internal' },
      k8s: { service: { type: 'ClusterIP' } },
    };
    const made = manifest({ 'components.ingressGateways[name:internal]': own });
    expect(at(one(made, 'Service istio-system/internal'), 'spec.type')).toBe('ClusterIP');
    expect(at(one(made, 'Service istio-system/internal'), 'spec.selector')).toEqual({
      app: 'internal',
      istio: 'internal',
    });
    expect(names(made)).toContain('Deployment istio-system/istio-ingressgateway');
  });

  test('in a namespace of their own say that it must exist', () => {
    const made = manifest({ 'components.ingressGateways[0].namespace': 'edge' });
    expect(names(made)).toContain('Deployment edge/istio-ingressgateway');
    expect(made.notes.join()).toContain('the namespace edge, which must exist');
  });

  test('of one name are an error', () => {
    expect(() =>
      manifest({ 'components.egressGateways': [{ name: 'istio-ingressgateway', enabled: true }] }),
    ).toThrow('two parts of the installation');
  });

  test('have the ports of the chart', () => {
    const ports = [{ name: 'http2', port: 80, targetPort: 8080, nodePort: 31_380 }];
    const made = manifest({ 'values.gateways.istio-ingressgateway.ports': ports });
    expect(at(one(made, 'Service istio-system/istio-ingressgateway'), 'spec.ports')).toEqual([
      { ...ports[0], protocol: 'TCP' },
    ]);
  });
});

describe('a cluster without a control plane', () => {
  test.each([
    ['10.0.0.5', 'IPv4'],
    ['fd00::5', 'IPv6'],
  ])('reaches one at %s by endpoints', (address, type) => {
    const made = manifest({ profile: 'remote', 'values.global.remotePilotAddress': address });
    expect(one(made, 'EndpointSlice istio-system/istiod-remote')).toMatchObject({
      addressType: type,
      endpoints: [{ addresses: [address] }],
    });
    expect(made.notes).toEqual([]);
  });

  test('reaches one by name, or at an address for injection', () => {
    const made = manifest({ profile: 'remote', 'values.global.remotePilotAddress': 'istiod.example.com' });
    expect(at(one(made, 'Service istio-system/istiod'), 'spec.externalName')).toBe('istiod.example.com');
    const url = 'https://istiod.example.com/inject';
    const webhook = one(
      manifest({ profile: 'remote', 'values.istiodRemote.injectionURL': url }),
      'MutatingWebhookConfiguration istio-sidecar-injector',
    );
    expect(at(webhook, 'webhooks[0].clientConfig')).toEqual({ url });
  });

  test('says when nothing leads to one', () => {
    expect(manifest({ profile: 'remote' }).notes.join()).toContain(
      'values.global.remotePilotAddress is not set',
    );
  });
});

describe('network policies', () => {
  test('are there when asked for, one for each Deployment', () => {
    const made = manifest(everything);
    const of = (kind: string): string[] =>
      made.resources.filter((one_) => one_.kind === kind).map(({ metadata }) => metadata.name);
    expect(of('NetworkPolicy')).toEqual(of('Deployment'));
    expect(manifest({ profile: 'demo' }).resources.some(({ kind }) => kind === 'NetworkPolicy')).toBe(false);
  });

  test('let in what the Services and probes need', () => {
    const made = manifest(everything);
    for (const policy of made.resources.filter(({ kind }) => kind === 'NetworkPolicy')) {
      const deployment = one(made, `Deployment istio-system/${policy.metadata.name}`);
      expect(at(deployment, 'spec.template.metadata.labels')).toMatchObject(
        at(policy, 'spec.podSelector.matchLabels') as Tree,
      );
      const open = (at(policy, 'spec.ingress') as readonly { ports: readonly Tree[] }[]).flatMap(
        ({ ports }) => ports.map(({ port }) => port),
      );
      expect(open).toContain(at(deployment, 'spec.template.spec.containers[0].readinessProbe.httpGet.port'));
      for (const service of made.resources.filter(({ kind }) => kind === 'Service')) {
        const selector = JSON.stringify(at(service, 'spec.selector'));
        if (selector !== JSON.stringify(at(policy, 'spec.podSelector.matchLabels'))) continue;
        for (const { port, targetPort = port } of at(service, 'spec.ports') as readonly Tree[])
          expect(open).toContain(targetPort);
      }
    }
  });
});
