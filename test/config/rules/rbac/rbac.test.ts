import { describe, expect, test } from 'vitest';
import { validationOf } from '../core/run-rules.ts';

const object = (kind: string, spec: string, name = 'default'): string =>
  `{apiVersion: rbac.istio.io/v1alpha1, kind: ${kind}, metadata: {name: ${name}}, spec: ${spec}}`;
/** All findings but that the kind is gone. */
const findings = async (text: string): Promise<string[]> =>
  (await validationOf(text)).filter((finding) => finding !== 'Warning DeprecatedVersion kind');

describe.each(['RbacConfig', 'ClusterRbacConfig'])('a %s', (kind) => {
  test.each([
    '{mode: ON}',
    '{mode: ON_WITH_INCLUSION, inclusion: {services: [a.b.svc.cluster.local]}, enforcementMode: PERMISSIVE}',
    '{mode: ON_WITH_EXCLUSION, exclusion: {}}',
  ])('with the spec %s is fine', async (spec) => {
    expect(await findings(object(kind, spec))).toEqual([]);
  });

  test.each([
    ['{mode: ON_WITH_INCLUSION}', 'Error MissingField spec.inclusion'],
    ['{mode: ON_WITH_EXCLUSION, inclusion: {}}', 'Error MissingField spec.exclusion'],
    ['{mode: SOMETIMES}', 'Error InvalidValue spec.mode'],
  ])('with the spec %s: %s', async (spec, finding) => {
    expect(await findings(object(kind, spec))).toEqual([finding]);
  });

  test('is called default', async () => {
    expect(await findings(object(kind, '{}', 'other'))).toEqual(['Error InvalidValue metadata.name']);
  });
});

/** Rules of a ServiceRole, which a binding may have too. */
const RULES = [
  ['{services: ["*"], methods: [GET], paths: [/a*]}', undefined],
  [
    '{services: [a], ports: [80], notMethods: [GET], constraints: [{key: "request.headers[a]", values: [b]}]}',
    undefined,
  ],
  ['{services: [a], constraints: [{key: destination.port, values: ["80"]}]}', undefined],
  ['{methods: [GET], notMethods: [PUT]}', 'Error ExclusiveFields RULE.notMethods'],
  ['{methods: [GET], not_methods: [PUT]}', 'Error ExclusiveFields RULE.not_methods'],
  ['{ports: [80], notPorts: [81]}', 'Error ExclusiveFields RULE.notPorts'],
  ['{ports: [0]}', 'Error InvalidValue RULE.ports[0]'],
  ['{notPorts: [65536]}', 'Error InvalidValue RULE.notPorts[0]'],
  ['{constraints: [{values: [a]}]}', 'Error MissingField RULE.constraints[0]'],
  ['{constraints: [{key: "", values: [a]}]}', 'Error InvalidValue RULE.constraints[0].key'],
  ['{constraints: [{key: a}]}', 'Error MissingField RULE.constraints[0]'],
  ['{constraints: [{key: a, values: []}]}', 'Error TooFew RULE.constraints[0].values'],
  [
    '{ports: [80], constraints: [{key: destination.port, values: ["80"]}]}',
    'Error ExclusiveFields RULE.constraints[0].key',
  ],
  [
    '{notPorts: [80], constraints: [{key: destination.port, values: ["80"]}]}',
    'Error ExclusiveFields RULE.constraints[0].key',
  ],
] as const;

describe('a permission', () => {
  test.each(RULES)('%s in a ServiceRole and in a binding: %s', async (rule, finding) => {
    const expected = (path: string): unknown[] =>
      finding === undefined ? [] : [finding.replace('RULE', path).replace('TooFew', 'InvalidValue')];
    expect(await findings(object('ServiceRole', `{rules: [${rule}]}`))).toEqual(expected('spec.rules[0]'));
    const binding = `{subjects: [{user: a}], actions: [${rule}]}`;
    expect(await findings(object('ServiceRoleBinding', binding))).toEqual(expected('spec.actions[0]'));
  });

  test.each(['{}', '{rules: []}'])('is needed: a ServiceRole with the spec %s is refused', async (spec) => {
    expect(await findings(object('ServiceRole', spec))).toHaveLength(1);
  });
});

describe('a ServiceRoleBinding', () => {
  const ROLE = 'roleRef: {kind: ServiceRole, name: a}';

  test.each([
    `{subjects: [{user: "*"}], ${ROLE}, mode: PERMISSIVE}`,
    '{subjects: [{properties: {source.namespace: a}}, {namespaces: [a]}], role: a}',
    '{subjects: [{names: [a], notNames: [b], groups: [c], properties: {source.ip: 1.1.1.1}}], role: /a}',
  ])('with the spec %s is fine', async (spec) => {
    expect(await findings(object('ServiceRoleBinding', spec))).toEqual([]);
  });

  test.each([
    [`{subjects: [{}], ${ROLE}}`, 'Error InvalidValue spec.subjects[0]'],
    [`{subjects: [{user: "", names: []}], ${ROLE}}`, 'Error InvalidValue spec.subjects[0]'],
    [`{subjects: [{names: [a, "*"]}], ${ROLE}}`, 'Error InvalidValue spec.subjects[0].names[1]'],
    [`{subjects: [{not_names: ["*"]}], ${ROLE}}`, 'Error InvalidValue spec.subjects[0].not_names[0]'],
    [
      `{subjects: [{names: [a], properties: {source.principal: b}}], ${ROLE}}`,
      'Error ExclusiveFields spec.subjects[0].properties["source.principal"]',
    ],
    [
      `{subjects: [{groups: [a], properties: {"request.auth.claims[groups]": b}}], ${ROLE}}`,
      'Error ExclusiveFields spec.subjects[0].properties["request.auth.claims[groups]"]',
    ],
    [
      `{subjects: [{namespaces: [a], properties: {source.namespace: b}}], ${ROLE}}`,
      'Error ExclusiveFields spec.subjects[0].properties["source.namespace"]',
    ],
    [
      `{subjects: [{ips: [1.1.1.1], properties: {source.ip: 1.1.1.1}}], ${ROLE}}`,
      'Error ExclusiveFields spec.subjects[0].properties["source.ip"]',
    ],
    [`{subjects: [{group: a}], ${ROLE}}`, 'Warning DeprecatedField spec.subjects[0].group'],
    ['{subjects: [{user: a}]}', 'Error MissingField spec'],
    [`{subjects: [{user: a}], ${ROLE}, role: b}`, 'Error ExclusiveFields spec'],
    ['{subjects: [{user: a}], role: a, actions: [{services: [a]}]}', 'Error ExclusiveFields spec'],
    ['{subjects: [{user: a}], role: /}', 'Error InvalidValue spec.role'],
    ['{subjects: [{user: a}], roleRef: {kind: Role, name: a}}', 'Error InvalidValue spec.roleRef.kind'],
    [
      '{subjects: [{user: a}], roleRef: {kind: ServiceRole, name: ""}}',
      'Error InvalidValue spec.roleRef.name',
    ],
    [`{${ROLE}}`, 'Error MissingField spec.subjects'],
  ])('with the spec %s: %s', async (spec, finding) => {
    expect(await findings(object('ServiceRoleBinding', spec))).toEqual([finding]);
  });
});
