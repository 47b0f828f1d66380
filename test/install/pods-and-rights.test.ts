/** What the parts of an installation run as, mount and may do. */

import { describe, expect, test } from 'vitest';
import { resourceName } from '../../src/install/resource.ts';
import { type Tree } from '../../src/install/setting-path.ts';
import { at, everything, manifest, names, one } from './rendered.ts';

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

  test.each(pods)('start with what the installation brings: $name', ({ spec }) => {
    const brought = names(manifest(everything));
    for (const { configMap, secret } of spec['volumes'] as readonly Tree[]) {
      for (const [kind, source] of [
        ['ConfigMap', configMap],
        ['Secret', secret],
      ] as const) {
        const { name, secretName = name, optional } = (source ?? { optional: true }) as Tree;
        // A pod waits for ever for one that is not there.
        if (optional !== true) expect(brought).toContain(`${kind} istio-system/${String(secretName)}`);
      }
    }
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

  test('to Secrets are to read two by their names, in the namespace of the control plane', () => {
    const secrets = rules.filter(({ rule }) => has(rule, 'resources', 'secrets'));
    expect(secrets.map(({ role, rule }) => [resourceName(role), rule])).toEqual([
      [
        'Role istio-system/istiod',
        {
          apiGroups: [''],
          resources: ['secrets'],
          resourceNames: ['cacerts', 'istio-ca-secret'],
          verbs: ['get'],
        },
      ],
    ]);
  });

  test('to change anything are those to patch statuses, and to keep leases', () => {
    const writes = rules.filter(
      ({ rule }) => !(rule['verbs'] as readonly string[]).every((verb) => /^(get|list|watch)$/.test(verb)),
    );
    for (const { role, rule } of writes) {
      if (has(rule, 'resources', 'leases')) {
        expect(resourceName(role)).toBe('Role istio-system/istiod');
      } else {
        expect(rule['verbs']).toEqual(['patch']);
        for (const resource of rule['resources'] as readonly string[]) expect(resource).toMatch(/\/status$/);
      }
    }
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
