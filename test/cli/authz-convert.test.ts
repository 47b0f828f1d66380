/** `mesh experimental authz convert`: the old objects and the new ones let the same requests through. */

import fc from 'fast-check';
import { loadAll } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { type AuthorizationPolicy, convertRbac } from '../../src/cli/authz/convert.ts';
import { snapshotOf } from '../model/snapshot-of.ts';
import { runMesh } from './run-mesh.ts';

const SERVICES = ['fruits', 'cakes'].map(
  (name) => `apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: shop}
spec: {selector: {app: ${name}}, ports: [{name: http, port: 80}]}
`,
);

const object = (kind: string, name: string, spec: object, namespace = 'shop'): string =>
  JSON.stringify({
    apiVersion: 'rbac.istio.io/v1alpha1',
    kind,
    metadata: { name, ...(kind === 'ClusterRbacConfig' ? {} : { namespace }) },
    spec,
  });

const HOST = 'fruits.shop.svc.cluster.local';

interface Access {
  readonly services: readonly string[];
  readonly methods?: readonly string[];
  readonly paths?: readonly string[];
}

interface Subject {
  readonly user?: string;
  readonly properties?: Readonly<Record<string, string>>;
}

interface Rbac {
  readonly config: { mode: string; inclusion?: object; exclusion?: object };
  readonly roles: readonly (readonly Access[])[];
  /** By number of the role. */
  readonly bindings: readonly { readonly role: number; readonly subjects: readonly Subject[] }[];
}

interface Request {
  readonly app: string;
  readonly method: string;
  readonly path: string;
  readonly principal: string | undefined;
  readonly role: string | undefined;
}

function textOf({ config, roles, bindings }: Rbac): string {
  return [
    ...SERVICES,
    object('ClusterRbacConfig', 'default', config),
    ...roles.map((rules, index) => object('ServiceRole', `role-${index}`, { rules })),
    ...bindings.map(({ role, subjects }, index) =>
      object('ServiceRoleBinding', `binding-${index}`, {
        subjects,
        roleRef: { kind: 'ServiceRole', name: `role-${role}` },
      }),
    ),
  ].join('\n---\n');
}

const covers = (pattern: string, value: string): boolean =>
  pattern === '*' ||
  (pattern.endsWith('*')
    ? value.startsWith(pattern.slice(0, -1))
    : pattern.startsWith('*')
      ? value.endsWith(pattern.slice(1))
      : pattern === value);
const any = (patterns: readonly string[] | undefined, value: string): boolean =>
  patterns === undefined || patterns.some((pattern) => covers(pattern, value));

/** What Istio 1.4 decides. */
function before({ config, roles, bindings }: Rbac, request: Request): boolean {
  const host = `${request.app}.shop.svc.cluster.local`;
  const named = (target: object | undefined): boolean => {
    const { services = [], namespaces = [] } = (target ?? {}) as {
      services?: string[];
      namespaces?: string[];
    };
    return services.includes(host) || namespaces.includes('shop');
  };
  const isProtected =
    config.mode === 'ON' ||
    (config.mode === 'ON_WITH_INCLUSION' && named(config.inclusion)) ||
    (config.mode === 'ON_WITH_EXCLUSION' && !named(config.exclusion));
  if (!isProtected) return true;
  return bindings.some(
    ({ role, subjects }) =>
      subjects.some(
        ({ user, properties = {} }) =>
          (user === undefined || user === '*' || user === request.principal) &&
          Object.values(properties).every(
            (value) => request.role !== undefined && covers(value, request.role),
          ),
      ) &&
      (roles[role] ?? []).some(
        ({ services, methods, paths }) =>
          any(services, host) && any(methods, request.method) && any(paths, request.path),
      ),
  );
}

/** What policies of ALLOW decide. https://istio.io/latest/docs/reference/config/security/authorization-policy/ */
function after(policies: readonly AuthorizationPolicy[], request: Request): boolean {
  const applying = policies.filter(
    ({ metadata, spec }) =>
      (metadata.namespace === 'shop' || metadata.namespace === 'istio-system') &&
      (spec.selector === undefined || spec.selector.matchLabels['app'] === request.app),
  );
  if (applying.length === 0) return true;
  const value = (key: string): string | undefined =>
    key === 'source.principal' ? request.principal : request.role;
  return applying.some(({ spec }) =>
    (spec.rules ?? []).some(
      ({ to, when = [] }) =>
        (to === undefined ||
          to.some(
            ({ operation }) =>
              any(operation['methods'], request.method) && any(operation['paths'], request.path),
          )) &&
        when.every(({ key, values }) => {
          const actual = value(key);
          return actual !== undefined && any(values, actual);
        }),
    ),
  );
}

const some = <Value>(...values: readonly Value[]) =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength: 1 });
const target = fc.record(
  { services: some(HOST, 'cakes.shop.svc.cluster.local'), namespaces: some('shop', 'farm') },
  { requiredKeys: [] },
);
const rbacs: fc.Arbitrary<Rbac> = fc.record({
  config: fc.record({
    mode: fc.constantFrom('ON', 'ON_WITH_INCLUSION', 'ON_WITH_EXCLUSION'),
    inclusion: target,
    exclusion: target,
  }),
  roles: fc.array(
    fc.array(
      fc.record(
        {
          services: some('*', HOST, 'cakes*', '*.shop.svc.cluster.local'),
          methods: some('GET', 'POST', '*'),
          paths: some('/v1', '/v1*', '*.html', '*'),
        },
        { requiredKeys: ['services'] },
      ),
      { minLength: 1, maxLength: 2 },
    ),
    { minLength: 1, maxLength: 2 },
  ),
  bindings: fc.array(
    fc.record({
      role: fc.constantFrom(0, 1),
      subjects: fc.array(
        fc.oneof(
          fc.record({ user: fc.constantFrom('*', 'cluster.local/ns/shop/sa/web') }),
          fc.record({
            properties: fc.record({ 'request.auth.claims[role]': fc.constantFrom('learner', 'l*', '*') }),
          }),
        ),
        { minLength: 1, maxLength: 2 },
      ),
    }),
    { maxLength: 3 },
  ),
});
const requests: fc.Arbitrary<Request> = fc.record({
  app: fc.constantFrom('fruits', 'cakes'),
  method: fc.constantFrom('GET', 'POST'),
  path: fc.constantFrom('/v1', '/v1/a', '/a.html', '/'),
  principal: fc.constantFrom(undefined, 'cluster.local/ns/shop/sa/web', 'cluster.local/ns/shop/sa/cook'),
  role: fc.constantFrom(undefined, 'learner', 'teacher'),
});

describe('mesh experimental authz convert', () => {
  test('gives policies that decide as the RBAC objects did, whatever these are', () => {
    fc.assert(
      fc.property(rbacs, fc.array(requests, { minLength: 5, maxLength: 10 }), (rbac, asked) => {
        const { policies } = convertRbac(snapshotOf(textOf(rbac)));
        for (const request of asked)
          expect([request, after(policies, request)]).toEqual([request, before(rbac, request)]);
      }),
      { numRuns: 300 },
    );
  });

  const RBAC: Rbac = {
    config: { mode: 'ON_WITH_INCLUSION', inclusion: { services: [HOST] } },
    roles: [[{ services: [HOST], methods: ['GET'] }]],
    bindings: [{ role: 0, subjects: [{ properties: { 'request.auth.claims[role]': 'learner' } }] }],
  };

  test('prints them as YAML that is valid', async () => {
    const run = await runMesh(['experimental', 'authz', 'convert', '-f', '-'], { stdin: textOf(RBAC) });
    expect([run.code, run.stderr]).toEqual([0, '']);
    expect(loadAll(run.stdout)).toEqual([
      {
        apiVersion: 'security.istio.io/v1',
        kind: 'AuthorizationPolicy',
        metadata: { name: 'fruits-rbac', namespace: 'shop' },
        spec: {
          selector: { matchLabels: { app: 'fruits' } },
          rules: [
            {
              to: [{ operation: { methods: ['GET'] } }],
              when: [{ key: 'request.auth.claims[role]', values: ['learner'] }],
            },
          ],
        },
      },
    ]);
    expect((await runMesh(['validate', '-'], { stdin: run.stdout })).code).toBe(0);
  });

  test.for<[string, string, RegExp]>([
    ['no configuration', SERVICES.join('---\n'), /no ClusterRbacConfig or RbacConfig named "default"/],
    [
      'a condition without a counterpart',
      textOf({ ...RBAC, bindings: [{ role: 0, subjects: [{ properties: { 'source.user': 'a' } }] }] }),
      /ServiceRoleBinding shop\/binding-0: the condition "source\.user" has no counterpart/,
    ],
  ])('%s is an error that says so', async ([, stdin, words]) => {
    const run = await runMesh(['x', 'authz', 'convert', '-f', '-'], { stdin });
    expect(run.stderr).toMatch(words);
    expect([run.code, run.stdout]).toEqual([1, '']);
  });

  test('what is not enforced is a note', async () => {
    const off = await runMesh(['x', 'authz', 'convert', '-f', '-'], {
      stdin: textOf({ ...RBAC, config: { mode: 'OFF' } }),
    });
    expect(off.stderr).toMatch(/the mode is OFF/);
    expect([off.code, off.stdout]).toEqual([0, '']);
  });
});
