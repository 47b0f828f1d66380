/** The control plane of an installation: its objects, webhooks and settings. */

import { describe, expect, test } from 'vitest';
import { readInjectConfig } from '../../src/inject/config.ts';
import { BUILTIN_TEMPLATES } from '../../src/inject/pod/templates.ts';
import { readYamlValue } from '../../src/inject/yaml/read.ts';
import { INJECTION_TEMPLATES } from '../../src/install/config-maps.ts';
import { type Tree } from '../../src/install/setting-path.ts';
import { readProxyConfig } from '../../src/proxy/agent/proxy-config.ts';
import { at, everything, manifest, names, one } from './rendered.ts';

describe('the control plane', () => {
  test('is found as istiod and as the injector', () => {
    const { resources } = manifest();
    const labelled = (kind: string, label: string, value: string): string[] =>
      resources
        .filter((one_) => one_.kind === kind && one_.metadata.labels?.[label] === value)
        .map(({ metadata }) => metadata.name);
    expect(labelled('Deployment', 'app', 'istiod')).toEqual(['istiod']);
    expect(labelled('Deployment', 'istio', 'sidecar-injector')).toEqual(['istiod']);
    const pod = at(one(manifest(), 'Deployment istio-system/istiod'), 'spec.template.metadata.labels');
    expect(pod).toMatchObject({ app: 'istiod', istio: 'pilot' });
  });

  test('has a Service with the ports that proxies and the API server know', () => {
    const service = one(manifest(), 'Service istio-system/istiod');
    const ports = at(service, 'spec.ports') as readonly Tree[];
    expect(ports.map(({ port, targetPort = port }) => [port, targetPort])).toEqual([
      [15_010, 15_010],
      [15_012, 15_012],
      [443, 15_017],
      [15_014, 8080],
    ]);
    expect(at(service, 'spec.selector')).toEqual({ app: 'istiod', istio: 'pilot' });
  });

  test('of a revision has names, labels and selectors of its own', () => {
    const canary = manifest({ revision: 'canary' }, ['Pilot']);
    const shared = names(manifest({}, ['Pilot'])).filter((name) => names(canary).includes(name));
    expect(shared).toEqual([]);
    expect(at(one(canary, 'Service istio-system/istiod-canary'), 'spec.selector')).toEqual({
      app: 'istiod',
      'istio.io/rev': 'canary',
    });
    const webhooks = at(
      one(canary, 'MutatingWebhookConfiguration istio-sidecar-injector-canary'),
      'webhooks',
    ) as readonly Tree[];
    expect(webhooks.map(({ name }) => name)).toEqual([
      'rev.namespace.sidecar-injector.istio.io',
      'rev.object.sidecar-injector.istio.io',
    ]);
    const mesh = readYamlValue(String(at(one(canary, 'ConfigMap istio-system/istio-canary'), 'data.mesh')));
    expect(at(mesh, 'defaultConfig.discoveryAddress')).toBe('istiod-canary.istio-system.svc:15010');
  });

  test('is called by proxies at a port that it serves, as their agent can', () => {
    const all = manifest(everything);
    const mesh = readYamlValue(String(at(one(all, 'ConfigMap istio-system/istio'), 'data.mesh'))) as Tree;
    const args = at(one(all, 'Deployment istio-system/istiod'), 'spec.template.spec.containers[0].args');
    const policy = one(all, 'NetworkPolicy istio-system/istiod');
    // What the mesh says, and what the agent takes of itself where nobody says anything.
    for (const config of [mesh['defaultConfig'] as Tree, {}]) {
      expect(readProxyConfig([config]).discovery).toEqual({
        kind: 'tcp',
        host: 'istiod.istio-system.svc',
        port: 15_010,
        isPlain: true,
      });
    }
    expect(args).toContain('--grpc-addr=0.0.0.0:15010');
    expect(at(policy, 'spec.ingress[0]')).toMatchObject({
      ports: expect.arrayContaining([{ port: 15_010, protocol: 'TCP' }]),
    });
    expect(at(policy, 'spec.ingress[0].from')).toBeUndefined();
  });

  test('is asked about pods of labelled namespaces, and no pod starts without its answer', () => {
    const webhooks = at(
      one(manifest(), 'MutatingWebhookConfiguration istio-sidecar-injector'),
      'webhooks',
    ) as readonly Tree[];
    for (const webhook of webhooks)
      expect(webhook).toMatchObject({
        failurePolicy: 'Fail',
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      });
    expect(webhooks.find(({ name }) => name === 'namespace.sidecar-injector.istio.io')).toMatchObject({
      namespaceSelector: {
        matchExpressions: [{ key: 'istio-injection', operator: 'In', values: ['enabled'] }],
      },
    });
  });

  test.each([
    ['values.sidecarInjectorWebhook.enabled', false, 'MutatingWebhookConfiguration istio-sidecar-injector'],
    ['values.global.configValidation', false, 'ValidatingWebhookConfiguration istio-validator-istio-system'],
    ['values.global.omitSidecarInjectorConfigMap', true, 'ConfigMap istio-system/istio-sidecar-injector'],
    ['values.pilot.configMap', false, 'ConfigMap istio-system/istio'],
    ['values.global.defaultPodDisruptionBudget.enabled', false, 'PodDisruptionBudget istio-system/istiod'],
    ['values.pilot.autoscaleEnabled', false, 'HorizontalPodAutoscaler istio-system/istiod'],
    ['components.ingressGateways[0].enabled', false, 'Deployment istio-system/istio-ingressgateway'],
  ])('%s=%j takes away %s', (path, value, name) => {
    expect(names(manifest())).toContain(name);
    expect(names(manifest({ [path]: value }))).not.toContain(name);
  });

  test.each([
    ['tag', 'x', 'image', 'lateen/controller:x'],
    ['hub', 'example.com/mesh', 'image', 'example.com/mesh/controller:1.2.3'],
    ['components.pilot.tag', 'y', 'image', 'lateen/controller:y'],
    ['values.global.variant', 'debug', 'image', 'lateen/controller:1.2.3-debug'],
    ['values.pilot.image', 'example.com/c:1', 'image', 'example.com/c:1'],
    ['values.global.imagePullPolicy', 'Always', 'imagePullPolicy', 'Always'],
    ['components.pilot.k8s.resources.limits.memory', '3Gi', 'resources.limits.memory', '3Gi'],
    ['values.pilot.env.PILOT_X', true, 'env[name:PILOT_X].value', 'true'],
    ['components.pilot.k8s.env', [{ name: 'REVISION', value: 'z' }], 'env[name:REVISION].value', 'z'],
    [
      'values.global.logging.level',
      'default:debug,ads:info',
      'args.[--log-level=debug]',
      '--log-level=debug',
    ],
  ])('%s=%j sets %s of its container', (path, value, field, expected) => {
    const deployment = one(manifest({ [path]: value }), 'Deployment istio-system/istiod');
    expect(at(deployment, `spec.template.spec.containers[0].${field}`)).toEqual(expected);
  });

  test.each([
    ['components.pilot.k8s.replicaCount', 3, 'spec.replicas', 3],
    ['components.pilot.k8s.strategy', { type: 'Recreate' }, 'spec.strategy', { type: 'Recreate' }],
    ['values.pilot.rollingMaxSurge', 1, 'spec.strategy.rollingUpdate.maxSurge', 1],
    ['values.pilot.nodeSelector', { disk: 'ssd' }, 'spec.template.spec.nodeSelector', { disk: 'ssd' }],
    [
      'values.global.defaultNodeSelector',
      { disk: 'ssd' },
      'spec.template.spec.nodeSelector',
      { disk: 'ssd' },
    ],
    ['values.global.priorityClassName', 'high', 'spec.template.spec.priorityClassName', 'high'],
    ['components.pilot.k8s.podAnnotations', { a: 'b' }, 'spec.template.metadata.annotations.a', 'b'],
  ])('%s=%j sets %s of its Deployment', (path, value, field, expected) => {
    expect(at(one(manifest({ [path]: value }), 'Deployment istio-system/istiod'), field)).toEqual(expected);
  });

  test('is changed by overlays; one that fits nothing is an error', () => {
    const overlays = (name: string): unknown => [
      {
        kind: 'Deployment',
        name,
        patches: [{ path: 'spec.template.spec.containers.[name:discovery].args[6]', value: '--x' }],
      },
    ];
    const path = 'components.pilot.k8s.overlays';
    const changed = one(manifest({ [path]: overlays('istiod') }), 'Deployment istio-system/istiod');
    expect(at(changed, 'spec.template.spec.containers[0].args[6]')).toBe('--x');
    expect(() => manifest({ [path]: overlays('istio') })).toThrow(
      'an overlay is for Deployment istio, which is not among',
    );
  });
});

describe('the ConfigMaps', () => {
  test('hold settings of the mesh, where the tracing addon is known', () => {
    const text = at(one(manifest({ profile: 'demo' }), 'ConfigMap istio-system/istio'), 'data.mesh');
    const mesh = readYamlValue(String(text));
    expect(mesh).toMatchObject({
      rootNamespace: 'istio-system',
      accessLogFile: '/dev/stdout',
      defaultConfig: { tracing: { sampling: 100, zipkin: { address: 'zipkin.istio-system:9411' } } },
    });
    const elsewhere = manifest({
      profile: 'demo',
      'meshConfig.defaultConfig.tracing.datadog.address': 'dd:8126',
    });
    const other = readYamlValue(String(at(one(elsewhere, 'ConfigMap istio-system/istio'), 'data.mesh')));
    expect(at(other, 'defaultConfig.tracing')).not.toHaveProperty('zipkin');
  });

  test('hold what injection reads: all its templates, policy, selectors and values', () => {
    const settings = {
      'values.global.proxy.autoInject': 'disabled',
      'values.sidecarInjectorWebhook.injectedAnnotations': { a: 'b' },
      'values.sidecarInjectorWebhook.neverInjectSelector': [{ matchLabels: { x: 'y' } }],
      'values.global.network': 'net1',
      tag: '9',
    };
    const map = one(manifest(settings), 'ConfigMap istio-system/istio-sidecar-injector');
    const config = readInjectConfig(readYamlValue(String(at(map, 'data.config'))), 'the ConfigMap');
    expect(config).toMatchObject({
      policy: 'disabled',
      defaultTemplates: ['sidecar'],
      injectedAnnotations: { a: 'b' },
    });
    expect(config.neverInjectSelector).toHaveLength(1);
    expect(INJECTION_TEMPLATES.toSorted()).toEqual(Object.keys(BUILTIN_TEMPLATES).toSorted());
    const values: unknown = JSON.parse(String(at(map, 'data.values')));
    expect(values).toMatchObject({
      global: { network: 'net1', tag: '9', hub: 'lateen', istioNamespace: 'istio-system' },
    });
  });
});

test.each([
  ['zipkin', { zipkin: { address: 'zipkin.istio-system:9411' } }],
  ['jaeger', { zipkin: { address: 'zipkin.istio-system:9411' } }],
  ['datadog', { datadog: { address: '$(HOST_IP):8126' } }],
  ['stackdriver', { stackdriver: {} }],
  ['none', undefined],
])('values.global.proxy.tracer=%s says where spans go', (tracer, expected) => {
  const map = one(manifest({ 'values.global.proxy.tracer': tracer }), 'ConfigMap istio-system/istio');
  expect(at(readYamlValue(String(at(map, 'data.mesh'))), 'defaultConfig.tracing')).toEqual(expected);
});

test.each([
  ['hub', 'docker.io/istio', 'where the images of Istio are'],
  ['values.global.hub', 'gcr.io/istio-release', 'where the images of Istio are'],
  ['values.global.proxy.image', 'proxyv2', 'values.global.proxy.image is proxyv2, an image of Istio'],
])('%s=%s, as files for Istio have it, is pointed out', (path, value, note) => {
  expect(manifest({ [path]: value }).notes.join()).toContain(note);
});
