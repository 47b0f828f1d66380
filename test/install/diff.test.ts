import { fileURLToPath } from 'node:url';
import { array, assert, constantFrom, dictionary, jsonValue, oneof, property } from 'fast-check';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { loadPaths } from '../../src/config/sources/files.ts';
import { compareObjects } from '../../src/install/diff.ts';
import { parsePattern, parseRename } from '../../src/install/diff/choice.ts';

type Fields = Record<string, unknown>;

const yaml = (text: string): Fields => load(text) as Fields;

/** The differences as lines: `~ Kind ns/name` is left out where there is but one resource. */
function fieldsOf(left: Fields, right: Fields): readonly string[] {
  const { differences } = compareObjects([left], [right]);
  return differences.flatMap(({ change, fields = [] }) =>
    change === 'changed'
      ? fields.map(({ path, old, new: now }) => `${path}: ${JSON.stringify(old)} -> ${JSON.stringify(now)}`)
      : [change],
  );
}

/** An object of a kind with that spec. */
const object = (apiVersion: string, kind: string, rest: string): Fields => ({
  apiVersion,
  kind,
  metadata: { name: 'one', namespace: 'shop' },
  ...yaml(rest),
});

const deployment = (container: string, pod = '{}', spec = '{}'): Fields => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'one', namespace: 'shop' },
  spec: {
    ...yaml(spec),
    template: {
      spec: { ...yaml(pod), containers: [{ name: 'app', image: 'app:1', ...yaml(container) }] },
    },
  },
});

describe('two objects are the same when they differ only by', () => {
  it.each<[string, Fields, Fields]>([
    [
      'defaults of a container',
      deployment('{ports: [{containerPort: 80}], readinessProbe: {httpGet: {path: /, port: 80}}}'),
      deployment(
        '{ports: [{containerPort: 80, protocol: TCP}], imagePullPolicy: IfNotPresent, resources: {}, ' +
          'terminationMessagePath: /dev/termination-log, terminationMessagePolicy: File, readinessProbe: ' +
          '{httpGet: {port: 80, scheme: HTTP}, timeoutSeconds: 1, periodSeconds: 10, failureThreshold: 3}}',
      ),
    ],
    [
      'defaults of a pod and of a Deployment',
      deployment('{}'),
      deployment(
        '{}',
        '{restartPolicy: Always, dnsPolicy: ClusterFirst, schedulerName: default-scheduler, securityContext: {}, ' +
          'terminationGracePeriodSeconds: 30, serviceAccountName: default}',
        '{replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600, strategy: {type: RollingUpdate, ' +
          'rollingUpdate: {maxSurge: 25%, maxUnavailable: 25%}}}',
      ),
    ],
    [
      'the order of environment, ports and mounts',
      deployment(
        '{env: [{name: A, value: "1"}, {name: B}], volumeMounts: [{mountPath: /a}, {mountPath: /b}]}',
      ),
      deployment(
        '{volumeMounts: [{mountPath: /b}, {mountPath: /a}], env: [{name: B}, {name: A, value: "1"}]}',
      ),
    ],
    [
      'the way amounts are written',
      deployment('{resources: {requests: {cpu: 100m, memory: 1Gi}}}'),
      deployment('{resources: {requests: {cpu: 0.1, memory: 1024Mi}}}'),
    ],
    [
      'requests that are as high as the limits',
      deployment('{resources: {limits: {cpu: 1}}}'),
      deployment('{resources: {limits: {cpu: "1"}, requests: {cpu: 1000m}}}'),
    ],
    [
      'status and what the server writes into metadata',
      object('v1', 'ConfigMap', 'data: {a: b}'),
      {
        ...object('v1', 'ConfigMap', 'data: {a: b}'),
        metadata: {
          name: 'one',
          namespace: 'shop',
          uid: 'u',
          resourceVersion: '1',
          generation: 2,
          creationTimestamp: 'now',
          managedFields: [{}],
          annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
        },
        status: { any: 'thing' },
      },
    ],
    [
      'what the server gives a Service',
      object('v1', 'Service', 'spec: {ports: [{port: 80}]}'),
      object(
        'v1',
        'Service',
        'spec: {type: ClusterIP, clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1], ipFamilies: [IPv4], ' +
          'sessionAffinity: None, internalTrafficPolicy: Cluster, ' +
          'ports: [{port: 80, protocol: TCP, targetPort: 80}]}',
      ),
    ],
    [
      'the order of verbs, rules and subjects',
      object(
        'rbac.authorization.k8s.io/v1',
        'Role',
        'rules: [{verbs: [get, list], resources: [a]}, {verbs: [get], resources: [b]}]',
      ),
      object(
        'rbac.authorization.k8s.io/v1',
        'Role',
        'rules: [{verbs: [get], resources: [b]}, {verbs: [list, get], resources: [a]}]',
      ),
    ],
    [
      'comments and order of a document in a ConfigMap',
      object('v1', 'ConfigMap', 'data: {mesh: "a: 1 # one\\nb: {c: 2}\\n"}'),
      object('v1', 'ConfigMap', 'data: {mesh: "b:\\n  c: 2\\na: 1\\n"}'),
    ],
    [
      'texts of a Secret that are encoded on the other side',
      object('v1', 'Secret', 'stringData: {a: "hé"}'),
      object('v1', 'Secret', 'data: {a: aMOp}\ntype: Opaque'),
    ],
    ['a null', object('v1', 'ConfigMap', 'data: {a: b, c: null}'), object('v1', 'ConfigMap', 'data: {a: b}')],
    [
      'labels that a Job gets from its pods, and those that its controller adds',
      object('batch/v1', 'Job', 'spec: {template: {metadata: {labels: {app: a}}}}'),
      {
        ...object(
          'batch/v1',
          'Job',
          'spec: {template: {metadata: {labels: {app: a, job-name: one, controller-uid: u}}}, completions: 1}',
        ),
        metadata: { name: 'one', namespace: 'shop', labels: { app: 'a', 'job-name': 'one' } },
      },
    ],
    [
      'the bundle that is put into a webhook',
      object(
        'admissionregistration.k8s.io/v1',
        'MutatingWebhookConfiguration',
        'webhooks: [{name: a, clientConfig: {service: {name: s}}}]',
      ),
      object(
        'admissionregistration.k8s.io/v1',
        'MutatingWebhookConfiguration',
        'webhooks: [{name: a, failurePolicy: Fail, clientConfig: {caBundle: eA==, service: {name: s, port: 443}}}]',
      ),
    ],
  ])('%s', (_what, left, right) => {
    expect(fieldsOf(left, right)).toEqual([]);
    expect(fieldsOf(right, left)).toEqual([]);
  });
});

describe('a difference is told with its path', () => {
  it.each<[string, Fields, Fields, readonly string[]]>([
    [
      'an image',
      deployment('{}'),
      deployment('{image: "app:2"}'),
      ['spec.template.spec.containers[name=app].image: "app:1" -> "app:2"'],
    ],
    [
      'a value that is no default',
      deployment('{}', '{}', '{replicas: 1}'),
      deployment('{}', '{}', '{replicas: 2}'),
      ['spec.replicas: 1 -> 2'],
    ],
    [
      'one that is not the default, where the other side leaves it out',
      deployment('{}'),
      deployment('{imagePullPolicy: Always}'),
      ['spec.template.spec.containers[name=app].imagePullPolicy: undefined -> "Always"'],
    ],
    [
      'an item that has its key',
      deployment('{env: [{name: A, value: "1"}]}'),
      deployment('{env: [{name: A, value: "2"}, {name: B, value: "3"}]}'),
      [
        'spec.template.spec.containers[name=app].env[name=A].value: "1" -> "2"',
        'spec.template.spec.containers[name=app].env[name=B]: undefined -> {"name":"B","value":"3"}',
      ],
    ],
    [
      'a port of another protocol',
      object('v1', 'Service', 'spec: {ports: [{port: 53}]}'),
      object('v1', 'Service', 'spec: {ports: [{port: 53}, {port: 53, protocol: UDP}]}'),
      ['spec.ports[port=53,protocol=UDP]: undefined -> {"port":53,"protocol":"UDP"}'],
    ],
    [
      'an item put in front, which moves no other',
      object('networking.istio.io/v1', 'VirtualService', 'spec: {http: [{name: b}]}'),
      object('networking.istio.io/v1', 'VirtualService', 'spec: {http: [{name: a}, {name: b}]}'),
      ['spec.http[0]: undefined -> {"name":"a"}'],
    ],
    [
      'the order of routes, which counts',
      object('networking.istio.io/v1', 'VirtualService', 'spec: {http: [{name: a}, {name: b}]}'),
      object('networking.istio.io/v1', 'VirtualService', 'spec: {http: [{name: b}, {name: a}]}'),
      ['spec.http[0].name: "a" -> "b"', 'spec.http[1].name: "b" -> "a"'],
    ],
    [
      'a verb',
      object('rbac.authorization.k8s.io/v1', 'Role', 'rules: [{verbs: [get, list]}]'),
      object('rbac.authorization.k8s.io/v1', 'Role', 'rules: [{verbs: [list, watch]}]'),
      ['rules[0].verbs[0]: "get" -> undefined', 'rules[0].verbs[1]: undefined -> "watch"'],
    ],
    [
      'a value inside a document in a ConfigMap',
      object('v1', 'ConfigMap', 'data: {"mesh.yaml": "a: {b: 1}"}'),
      object('v1', 'ConfigMap', 'data: {"mesh.yaml": "a: {b: 2}"}'),
      ['data["mesh.yaml"].a.b: 1 -> 2'],
    ],
    [
      'a date, which is text',
      object('v1', 'ConfigMap', 'data: {a: "on: 2026-01-01"}'),
      object('v1', 'ConfigMap', 'data: {a: "on: 2026-01-02"}'),
      ['data.a.on: "2026-01-01" -> "2026-01-02"'],
    ],
    [
      'a label named as what every object inherits',
      object('v1', 'ConfigMap', 'metadata: {name: one, namespace: shop}'),
      object('v1', 'ConfigMap', 'metadata: {name: one, namespace: shop, labels: {constructor: x}}'),
      ['metadata.labels: undefined -> {"constructor":"x"}'],
    ],
    [
      'items that have no key of their own',
      deployment('{env: [{value: "1"}]}'),
      deployment('{env: [{value: "2"}]}'),
      ['spec.template.spec.containers[name=app].env[0].value: "1" -> "2"'],
    ],
  ])('%s', (_what, left, right, lines) => {
    expect(fieldsOf(left, right)).toEqual(lines);
  });

  it('values of Secrets are left out, whichever way they change', () => {
    const secret = (text: string): Fields => object('v1', 'Secret', text);
    const pairs: readonly [string, string][] = [
      ['data: {a: b25l}', 'data: {a: dHdv}'],
      ['data: {a: b25l}', 'data: {}'],
      ['type: Opaque', 'data: {a: dHdv}'],
      ['stringData: {a: one}', 'stringData: {a: two}'],
      ['data: [b25l]', 'data: dHdv'],
      ['stringData: b25l', 'type: Opaque'],
    ];
    for (const [left, right] of pairs) {
      const { differences } = compareObjects([secret(left)], [secret(right)]);
      expect(differences).toHaveLength(1);
      expect(JSON.stringify(differences)).not.toMatch(/b25l|dHdv|one"?:|two/);
      expect(differences[0]?.fields?.every((field) => field.secret === true)).toBe(true);
    }
  });

  it("a duration of the mesh's own kinds may be written in any unit when the schema is at hand", () => {
    const schemaOf = (): never =>
      ({
        title: 'VirtualService',
        description: '',
        'x-mesh': { scope: 'Namespaced', versions: [] },
        properties: {
          spec: {
            properties: {
              timeout: { type: 'string', format: 'duration' },
              mode: { type: 'string', default: 'AUTO' },
            },
          },
        },
      }) as never;
    const one = object('networking.istio.io/v1', 'VirtualService', 'spec: {timeout: 60s}');
    const two = object('networking.istio.io/v1', 'VirtualService', 'spec: {timeout: 1m, mode: AUTO}');
    expect(compareObjects([one], [two], { schemaOf }).differences).toEqual([]);
    expect(compareObjects([one], [two]).differences).toHaveLength(1);
  });
});

describe('objects are matched', () => {
  const service = (meta: string, apiVersion = 'v1'): Fields => ({
    ...yaml(`{apiVersion: ${apiVersion}, kind: Service, metadata: ${meta}}`),
  });

  it('by namespace and name, and none stands for the default one or the one that is given', () => {
    const [bare, named] = [service('{name: a}'), service('{name: a, namespace: default}')];
    expect(compareObjects([bare], [named]).differences).toEqual([]);
    expect(compareObjects([bare], [named], { namespace: 'shop' }).differences).toEqual(
      [
        { change: 'removed', apiVersion: 'v1', kind: 'Service', name: 'a' },
        { change: 'added', apiVersion: 'v1', kind: 'Service', namespace: 'default', name: 'a' },
      ].toSorted((one, two) => (one.change < two.change ? -1 : 1)),
    );
  });

  it('without a namespace for kinds that have none', () => {
    const role = (meta: string): Fields =>
      yaml(`{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: ${meta}}`);
    expect(compareObjects([role('{name: a, namespace: x}')], [role('{name: a}')]).differences).toEqual([]);
  });

  it('whatever the version, which a note tells', () => {
    const [old, now] = [service('{name: a}', 'x.io/v1alpha1'), service('{name: a}', 'x.io/v1')];
    const { differences, notes } = compareObjects([old], [now]);
    expect(differences).toEqual([]);
    expect(notes).toEqual([expect.stringContaining('v1alpha1')]);
    expect(compareObjects([old], [service('{name: a}', 'y.io/v1')]).differences).toHaveLength(2);
  });

  it('and one that stands twice is told, and its last form counts', () => {
    const [old, now] = [
      object('v1', 'ConfigMap', 'data: {a: "1"}'),
      object('v1', 'ConfigMap', 'data: {a: "2"}'),
    ];
    const { differences, notes } = compareObjects([old, now], [now]);
    expect(differences).toEqual([]);
    expect(notes).toEqual([expect.stringContaining('more than once on the first side')]);
  });

  it('after they are chosen and renamed', () => {
    const [a, b] = [service('{name: a, namespace: x}'), service('{name: b, namespace: x}')];
    const count = (options: Parameters<typeof compareObjects>[2]): number =>
      compareObjects([a], [b], options).differences.length;
    expect(count({})).toBe(2);
    expect(count({ select: [parsePattern('Service:x:a', 'select')] })).toBe(1);
    expect(count({ select: [parsePattern('Deployment:*:*', 'select')] })).toBe(0);
    expect(count({ ignore: [parsePattern('::*', 'ignore')] })).toBe(0);
    expect(count({ rename: [parseRename('Service:*:a->Service:*:b', 'rename')] })).toBe(0);
  });
});

describe('a pattern', () => {
  const name = { kind: 'Service', namespace: 'istio-system', name: 'istio-ingressgateway' };
  it.each<[string, boolean]>([
    ['Service:istio-system:istio-ingressgateway', true],
    ['::', true],
    ['Service:*:istio-*', true],
    ['Service:*:*gateway', true],
    ['*:*:i*gress*way', true],
    ['*:*:istio-ingressgateway*istio-ingressgateway', false],
    ['*:*:gateway', false],
    ['Deployment:*:*', false],
  ])('%s matches: %s', (text, matches) => {
    expect(parsePattern(text, 'select').matches(name)).toBe(matches);
  });

  it.each(['Service', 'a:b', 'a:b:c:d'])('%s is refused', (text) => {
    expect(() => parsePattern(text, 'select')).toThrow('kind:namespace:name');
    expect(() => parseRename(text, 'rename')).toThrow('->');
  });
});

describe('whatever the objects hold', () => {
  const anything = dictionary(
    constantFrom(
      'apiVersion',
      'kind',
      'metadata',
      'spec',
      'data',
      'rules',
      'webhooks',
      'stringData',
      '__proto__',
    ),
    oneof(
      constantFrom('v1', 'apps/v1', 'Secret', 'ConfigMap', 'Deployment', 'Service'),
      jsonValue({ maxDepth: 4 }),
    ),
  );

  it('an object differs in nothing from itself with its keys turned round', () => {
    assert(
      property(array(anything), (objects) => {
        const turned = objects.map((one) => turnKeys(one) as Fields);
        expect(compareObjects(objects, turned).differences).toEqual([]);
      }),
    );
  });

  it('comparing ends without an error, and the other way round finds as much', () => {
    assert(
      property(anything, anything, (left, right) => {
        const one = compareObjects([left], [right]).differences;
        const two = compareObjects([right], [left]).differences;
        expect(one.length).toBe(two.length);
      }),
    );
  });
});

describe('for the manifests of Micro Shake Factory', () => {
  const folder = fileURLToPath(new URL('../../fixtures/micro-shake-factory/manifests', import.meta.url));
  const objects = loadPaths([folder]).objects.map(({ value }) => value);

  it('neither their order nor that of their keys is a difference', () => {
    expect(objects.length).toBeGreaterThan(10);
    expect(compareObjects(objects, objects.map(turnKeys).toReversed() as Fields[]).differences).toEqual([]);
  });

  it('each text in a spec that is another is a difference of one resource', () => {
    let changed = 0;
    for (const one of objects) {
      for (const other of withOneTextChanged(one.spec)) {
        const { differences } = compareObjects([one], [{ ...one, spec: other }]);
        expect(differences.map(({ change }) => change)).toEqual(['changed']);
        changed++;
      }
    }
    expect(changed).toBeGreaterThan(50);
  });
});

/** Copies of a value, each with another text in one place. */
function* withOneTextChanged(value: unknown): Generator {
  if (typeof value === 'string') yield `${value}-other`;
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    for (const other of withOneTextChanged(inner)) {
      yield Array.isArray(value) ? value.with(Number(name), other) : { ...value, [name]: other };
    }
  }
}

function turnKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turnKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, inner]) => [name, turnKeys(inner)]),
  );
}
