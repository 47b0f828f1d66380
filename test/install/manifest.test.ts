/**
 * What an installation consists of. Golden files stand in `golden/`; after a wanted change refresh them with
 * `npx vitest run test/install/manifest.test.ts -u`.
 */

import { fileURLToPath } from 'node:url';
import { loadAll } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { analyze } from '../../src/index.ts';
import { readCrds } from '../../src/cli/package-parts.ts';
import { parseText } from '../../src/config/parse/parse.ts';
import { validate } from '../../src/config/validate.ts';
import { readInjectConfig } from '../../src/inject/config.ts';
import { BUILTIN_TEMPLATES } from '../../src/inject/pod/templates.ts';
import { readYamlValue } from '../../src/inject/yaml/read.ts';
import { INJECTION_TEMPLATES } from '../../src/install/config-maps.ts';
import { manifestFiles, manifestText } from '../../src/install/manifest-text.ts';
import { buildManifest, type Manifest } from '../../src/install/manifest.ts';
import { PROFILES } from '../../src/install/profiles.ts';
import { applyRank, type Resource, resourceName } from '../../src/install/resource.ts';
import { parseSettingPath, type Tree, valueAt } from '../../src/install/setting-path.ts';
import { resolveSettings } from '../../src/install/settings.ts';

// Those that the build made of `schemas/`.
const crds = readCrds(fileURLToPath(new URL('../../dist/crds', import.meta.url)));
const VERSION = '1.2.3';

function manifest(
  settings: Readonly<Record<string, unknown>> = {},
  filter: readonly string[] = [],
): Manifest {
  const layers = Object.entries(settings).map(([path, value]) => ({ path: parseSettingPath(path), value }));
  return buildManifest(resolveSettings(layers, VERSION), { version: VERSION, crds, filter });
}

const at = (tree: unknown, path: string): unknown => valueAt(tree, parseSettingPath(path));
const one = ({ resources }: Manifest, name: string): Resource => {
  const found = resources.find((resource) => resourceName(resource) === name);
  if (found === undefined) throw new Error(`${name} is not among ${resources.map(resourceName).join(', ')}`);
  return found;
};
const names = ({ resources }: Manifest): string[] => resources.map(resourceName);
const isCrd = ({ kind }: Resource): boolean => kind === 'CustomResourceDefinition';
const everything = {
  profile: 'demo',
  'values.global.networkPolicy.enabled': true,
  'values.global.multiCluster.enabled': true,
  'values.revisionTags': ['prod'],
};

describe('manifests', () => {
  test.each(PROFILES)('of the profile %s consist of what its golden file lists', async (profile) => {
    const { resources } = manifest({ profile });
    const count = resources.filter(isCrd).length;
    const lines = resources.filter((resource) => !isCrd(resource)).map(resourceName);
    const text = [`${count} CustomResourceDefinitions`, ...lines].map((line) => `${line}\n`).join('');
    await expect(text).toMatchFileSnapshot(`golden/${profile}.txt`);
  });

  test('of the default profile are those of the golden file', async () => {
    const { resources } = manifest();
    await expect(manifestText(resources.filter((resource) => !isCrd(resource)))).toMatchFileSnapshot(
      'golden/default.yaml',
    );
  });

  test.each(PROFILES)('of the profile %s are the same bytes every time, with no time in them', (profile) => {
    const { resources } = manifest({ profile });
    // Not toBe, which would print two megabytes.
    expect(manifestText(resources) === manifestText(manifest({ profile }).resources)).toBe(true);
    const own = manifestText(resources.filter((resource) => !isCrd(resource)));
    expect(own).not.toMatch(/creationTimestamp|\d{4}-\d\d-\d\dT\d\d:/);
  });

  test.each(PROFILES)('of the profile %s are YAML for exactly these objects', (profile) => {
    const { resources } = manifest({ profile });
    expect(loadAll(manifestText(resources))).toEqual(JSON.parse(JSON.stringify(resources)));
  });

  test('stand in the order in which they can be applied', () => {
    const { resources } = manifest(everything);
    const ranks = resources.map(({ kind }) => applyRank(kind));
    expect(ranks).toEqual(ranks.toSorted((left, right) => left - right));
    expect(resources[0]?.kind).toBe('Namespace');
    expect(resources.at(-1)?.kind).toBe('ValidatingWebhookConfiguration');
  });

  test('as files have names that sort in that order', () => {
    const { resources } = manifest(everything);
    const files = manifestFiles(resources).map(({ name }) => name);
    expect(new Set(files).size).toBe(resources.length);
    const kinds = files.toSorted().map((name) => name.split('-')[1]);
    expect([...new Set(kinds)]).toEqual([...new Set(resources.map(({ kind }) => kind.toLowerCase()))]);
    expect(files[0]).toBe('00-namespace-istio-system.yaml');
  });

  test('hold only what the component asked for consists of', () => {
    expect(
      manifest({}, ['IngressGateways']).resources.every(({ metadata }) =>
        metadata.name.startsWith('istio-ingressgateway'),
      ),
    ).toBe(true);
    expect(
      manifest({}, ['Base']).resources.every((resource) => isCrd(resource) || resource.kind === 'Namespace'),
    ).toBe(true);
  });

  test.each(PROFILES)('of the profile %s pass our own validation', async (profile) => {
    const { resources } = manifest({ profile });
    const { objects, problems } = parseText(
      manifestText(resources.filter((resource) => !isCrd(resource))),
      'manifest.yaml',
    );
    expect(problems).toEqual([]);
    const findings = (await validate(objects)).flatMap((checked) => checked.findings);
    const deprecated = ['authPolicy'];
    expect(findings.filter(({ path }) => !deprecated.includes(String(path.at(-1))))).toEqual([]);
  });

  test('give mesh analyze nothing to say', async () => {
    const { resources } = manifest(everything);
    const text = manifestText(
      resources.filter(
        (resource) => !isCrd(resource) || /(?:config|rbac)\.istio/.test(resource.metadata.name),
      ),
    );
    const { findings } = await analyze({ files: [{ path: 'manifest.yaml', text }] });
    expect(findings).toEqual([]);
  });

  test('leave out definitions by name and by group, and all of them', () => {
    const list = ({ resources }: Manifest): string[] =>
      resources.filter(isCrd).map(({ metadata }) => metadata.name);
    const without = list(
      manifest({ 'values.base.excludedCRDs': ['gateway.networking.k8s.io', 'sidecars.networking.istio.io'] }),
    );
    expect(without).toContain('gateways.networking.istio.io');
    expect(without.filter((name) => /gateway\.networking\.k8s\.io$|^sidecars/.test(name))).toEqual([]);
    expect(list(manifest({ 'values.base.enableIstioConfigCRDs': false }))).toEqual([]);
    expect(list(manifest({ 'components.base.enabled': false }))).toEqual([]);
  });
});

describe('pods of every part', () => {
  const pods = [everything, { ...everything, 'values.tracing.provider': 'zipkin' }]
    .flatMap((settings) => manifest(settings).resources)
    .filter(({ kind }) => kind === 'Deployment')
    .map((deployment) => ({
      name: deployment.metadata.name,
      spec: at(deployment, 'spec.template.spec') as Tree,
    }));

  test('are there to be looked at', () => {
    expect(new Set(pods.map(({ name }) => name))).toEqual(
      new Set([
        'istiod',
        'istio-ingressgateway',
        'istio-egressgateway',
        'prometheus',
        'grafana',
        'kiali',
        'jaeger',
        'zipkin',
      ]),
    );
  });

  test.each(pods)('keep to Pod Security "restricted": $name', ({ spec }) => {
    expect(at(spec, 'securityContext')).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(at(spec, 'securityContext.runAsUser')).toBeGreaterThan(0);
    for (const field of ['hostNetwork', 'hostPID', 'hostIPC']) expect(spec).not.toHaveProperty(field);
    const kinds = (spec['volumes'] as readonly Tree[]).flatMap((volume) =>
      Object.keys(volume).filter((key) => key !== 'name'),
    );
    for (const kind of kinds)
      expect(['configMap', 'emptyDir', 'projected', 'secret', 'downwardAPI']).toContain(kind);
    for (const container of spec['containers'] as readonly Tree[]) {
      expect(container['securityContext']).toEqual({
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        privileged: false,
        readOnlyRootFilesystem: true,
        runAsNonRoot: true,
      });
    }
  });

  test.each(pods)('say what they need and what they may use: $name', ({ spec }) => {
    for (const container of spec['containers'] as readonly Tree[]) {
      for (const path of ['requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory']) {
        expect(at(container, `resources.${path}`), path).toMatch(/^[0-9]+(m|Mi|Gi)?$/);
      }
      expect(at(container, 'readinessProbe.httpGet.path')).toMatch(/^\//);
    }
  });

  test.each(pods)('mount only volumes that they have: $name', ({ spec }) => {
    const volumes = (spec['volumes'] as readonly Tree[]).map(({ name }) => name);
    const mounts = (at(spec, 'containers[0].volumeMounts') as readonly Tree[]).map(({ name }) => name);
    expect(mounts.toSorted()).toEqual(volumes.toSorted());
  });
});

describe('rights', () => {
  const { resources } = manifest(everything);
  const roles = resources.filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role');
  const rules = roles.flatMap((role) => (role['rules'] as readonly Tree[]).map((rule) => ({ role, rule })));
  const has = (rule: Tree, field: string, ...words: string[]): boolean =>
    (rule[field] as readonly string[]).some((word) => words.includes(word));

  test('are never "all", neither verbs nor groups', () => {
    for (const { rule } of rules) expect(has(rule, 'verbs', '*') || has(rule, 'apiGroups', '*')).toBe(false);
    // All kinds of a group only where the group is configuration of the mesh, and only to read it.
    for (const { rule } of rules.filter((entry) => has(entry.rule, 'resources', '*'))) {
      expect(rule['verbs']).toEqual(['get', 'list', 'watch']);
      expect(
        (rule['apiGroups'] as readonly string[]).every((group) =>
          /istio\.io$|smi-spec\.io$|^gateway\./.test(group),
        ),
      ).toBe(true);
    }
  });

  test('to read Secrets end at the namespace', () => {
    const readers = rules
      .filter(({ rule }) => has(rule, 'resources', 'secrets'))
      .map(({ role }) => role.kind);
    expect(new Set(readers)).toEqual(new Set(['Role']));
  });

  test('to change webhooks and the root certificate are tied to names', () => {
    const writes = rules.filter(
      ({ rule }) =>
        has(rule, 'verbs', 'update', 'patch', 'delete') &&
        has(
          rule,
          'resources',
          'configmaps',
          'mutatingwebhookconfigurations',
          'validatingwebhookconfigurations',
          'secrets',
        ),
    );
    expect(writes.length).toBeGreaterThan(3);
    for (const { rule } of writes) expect(rule['resourceNames']).not.toHaveLength(0);
    const named = writes.flatMap(({ rule }) => rule['resourceNames'] as readonly string[]);
    const webhooks = resources
      .filter(({ kind }) => kind.endsWith('WebhookConfiguration'))
      .map(({ metadata }) => metadata.name);
    for (const name of webhooks) expect(named).toContain(name);
  });

  test('are bound to accounts that are there', () => {
    const accounts = resources.filter(({ kind }) => kind === 'ServiceAccount').map(resourceName);
    for (const binding of resources.filter(({ kind }) => kind.endsWith('RoleBinding'))) {
      expect(accounts).toContain(
        `ServiceAccount ${String(at(binding, 'subjects[0].namespace'))}/${String(at(binding, 'subjects[0].name'))}`,
      );
      expect(roles.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toContain(
        `${String(at(binding, 'roleRef.kind'))} ${String(at(binding, 'roleRef.name'))}`,
      );
    }
  });

  test('do not come with a token where nothing asks the API server', () => {
    for (const name of ['istio-ingressgateway', 'grafana', 'jaeger']) {
      expect(
        at(
          one(manifest(everything), `Deployment istio-system/${name}`),
          'spec.template.spec.automountServiceAccountToken',
        ),
      ).toBe(false);
    }
  });
});

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
    expect(at(mesh, 'defaultConfig.discoveryAddress')).toBe('istiod-canary.istio-system.svc:15012');
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

  test('in a namespace of their own let the control plane read Secrets there, and say that it must exist', () => {
    const made = manifest({ 'components.ingressGateways[0].namespace': 'edge' });
    expect(at(one(made, 'RoleBinding edge/istiod-istio-ingressgateway-sds'), 'subjects[0]')).toMatchObject({
      name: 'istiod',
      namespace: 'istio-system',
    });
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
