import { describe, expect, test } from 'vitest';
import { validationOf } from '../core/run-rules.ts';

const policy = (spec: string, annotations = '{}'): string =>
  `{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: x, annotations: ${annotations}}, spec: ${spec}}`;
const source = (text: string): string => policy(`{rules: [{from: [{source: ${text}}]}]}`);
const operation = (text: string): string => policy(`{rules: [{to: [{operation: ${text}}]}]}`);
const SOURCE = 'spec.rules[0].from[0].source';
const OPERATION = 'spec.rules[0].to[0].operation';

describe('an AuthorizationPolicy', () => {
  test.each([
    '{}',
    '{action: ALLOW}',
    '{action: AUDIT}',
    '{action: DENY, rules: [{}]}',
    '{action: CUSTOM, provider: {name: a}, rules: [{}]}',
    '{action: CUSTOM, provider: {name: a}, rules: [{from: [{source: {ipBlocks: [1.2.3.4]}}], when: [{key: source.ip, values: [1.2.3.4]}]}]}',
    '{selector: {matchLabels: {app: a, version: ""}}}',
    '{targetRef: {kind: Service, name: a}}',
    '{targetRefs: [{kind: Service, group: core, name: a}, {kind: ServiceEntry, group: networking.istio.io, name: a}]}',
    '{targetRefs: [{kind: Gateway, group: gateway.networking.k8s.io, name: a}, {kind: GatewayClass, group: gateway.networking.k8s.io, name: a, namespace: ""}]}',
  ])('with the spec %s is fine', async (spec) => {
    expect(await validationOf(policy(spec))).toEqual([]);
  });

  test.each([
    ['{action: DENY}', 'Error MissingField spec.rules'],
    ['{action: DENY, rules: []}', 'Error MissingField spec.rules'],
    ['{action: CUSTOM, provider: {name: a}}', 'Error MissingField spec.rules'],
    ['{action: CUSTOM, rules: [{}]}', 'Error MissingField spec.provider.name'],
    ['{action: CUSTOM, provider: {name: ""}, rules: [{}]}', 'Error MissingField spec.provider.name'],
    ['{action: DENY, provider: {name: a}, rules: [{}]}', 'Error InvalidValue spec.provider'],
    ['{action: PERMIT}', 'Error InvalidValue spec.action'],
    ['{selector: {}}', 'Warning Questionable spec.selector'],
    [
      '{selector: {matchLabels: {app: a}}, targetRefs: [{kind: Service, name: a}]}',
      'Error ExclusiveFields spec.targetRefs',
    ],
    ['{targetRef: {kind: Pod, name: a}}', 'Error InvalidValue spec.targetRef.kind'],
    ['{targetRef: {kind: Gateway, name: a}}', 'Error InvalidValue spec.targetRef.group'],
    [
      '{targetRefs: [{kind: Service, name: a, namespace: b}]}',
      'Error InvalidValue spec.targetRefs[0].namespace',
    ],
    ['{targetRef: {kind: Service}}', 'Error MissingField spec.targetRef.name'],
    ['{rules: [{from: [{}]}]}', 'Error MissingField spec.rules[0].from[0]'],
    ['{rules: [{to: [{}]}]}', 'Error MissingField spec.rules[0].to[0]'],
    ['{rules: [{from: []}]}', 'Warning Questionable spec.rules[0].from'],
    ['{rules: [{to: []}]}', 'Warning Questionable spec.rules[0].to'],
  ])('with the spec %s: %s', async (spec, finding) => {
    expect(await validationOf(policy(spec))).toEqual([finding]);
  });

  test.each(['{a*: b}', '{a: b*}', '{"": b}'])(
    'may not choose workloads by the labels %s',
    async (labels) => {
      const findings = await validationOf(policy(`{selector: {matchLabels: ${labels}}}`));
      expect(findings[0]).toMatch(/^Error InvalidValue spec\.selector\.matchLabels/);
    },
  );
});

describe('the dry run of an AuthorizationPolicy', () => {
  const run = (value: string, spec: string): Promise<string[]> =>
    validationOf(policy(spec, `{istio.io/dry-run: "${value}"}`));
  const PATH = 'metadata.annotations["istio.io/dry-run"]';

  test.each(['true', 'false', 'T', '0'])('takes %s', async (value) => {
    expect(await run(value, '{action: DENY, rules: [{}]}')).toEqual([]);
  });

  test('takes nothing that is not a boolean', async () => {
    expect(await run('yes', '{}')).toEqual([`Error InvalidValue ${PATH}`]);
  });

  test.each(['{action: AUDIT}', '{action: CUSTOM, provider: {name: a}, rules: [{}]}'])(
    'is not for %s',
    async (spec) => {
      expect(await run('true', spec)).toEqual([`Error InvalidValue ${PATH}`]);
    },
  );
});

describe('a source', () => {
  test.each([
    '{principals: [a, "a*", "*a", "*"]}',
    '{requestPrincipals: ["*"], notNamespaces: [a]}',
    '{namespaces: [a], notPrincipals: [a]}',
    '{serviceAccounts: [a, ns/a]}',
    '{notServiceAccounts: [a], requestPrincipals: [a]}',
    '{trustDomains: [cluster.local, "a*", "*a", "*"]}',
    '{ipBlocks: [1.2.3.4, 10.0.0.0/8, "::1", "2001:db8::/32"], notRemoteIpBlocks: [1.1.1.1]}',
  ])('such as %s is fine', async (text) => {
    expect(await validationOf(source(text))).toEqual([]);
  });

  test.each([
    ['{}', `Error InvalidValue ${SOURCE}`],
    ['{principals: []}', `Error InvalidValue ${SOURCE}`],
    ['{principals: [a, ""]}', `Error InvalidValue ${SOURCE}.principals[1]`],
    ['{notRequestPrincipals: [""]}', `Error InvalidValue ${SOURCE}.notRequestPrincipals[0]`],
    ['{notNamespaces: [""]}', `Error InvalidValue ${SOURCE}.notNamespaces[0]`],
    ['{serviceAccounts: [""]}', `Error InvalidValue ${SOURCE}.serviceAccounts[0]`],
    ['{serviceAccounts: ["a*"]}', `Error InvalidValue ${SOURCE}.serviceAccounts[0]`],
    ['{serviceAccounts: [a/b/c]}', `Error InvalidValue ${SOURCE}.serviceAccounts[0]`],
    ['{serviceAccounts: [/b]}', `Error InvalidValue ${SOURCE}.serviceAccounts[0]`],
    ['{notServiceAccounts: [a/]}', `Error InvalidValue ${SOURCE}.notServiceAccounts[0]`],
    [`{serviceAccounts: [${'é'.repeat(200)}]}`, `Error InvalidValue ${SOURCE}.serviceAccounts[0]`],
    ['{serviceAccounts: [a], principals: [b]}', `Error ExclusiveFields ${SOURCE}.principals`],
    ['{notServiceAccounts: [a], notNamespaces: [b]}', `Error ExclusiveFields ${SOURCE}.notNamespaces`],
    ['{trustDomains: [""]}', `Error InvalidValue ${SOURCE}.trustDomains[0]`],
    ['{trustDomains: ["a*b"]}', `Error InvalidValue ${SOURCE}.trustDomains[0]`],
    ['{trustDomains: ["*a*"]}', `Error InvalidValue ${SOURCE}.trustDomains[0]`],
    ['{notTrustDomains: [a/ns/b]}', `Error InvalidValue ${SOURCE}.notTrustDomains[0]`],
    ['{ipBlocks: [1.2.3.999]}', `Error InvalidValue ${SOURCE}.ipBlocks[0]`],
    ['{notIpBlocks: [10.0.0.0/33]}', `Error InvalidValue ${SOURCE}.notIpBlocks[0]`],
    ['{remoteIpBlocks: [""]}', `Error InvalidValue ${SOURCE}.remoteIpBlocks[0]`],
  ])('such as %s: %s', async (text, finding) => {
    expect(await validationOf(source(text))).toEqual([finding]);
  });

  test('has at most 16 service accounts', async () => {
    const accounts = Array.from({ length: 17 }, (_, index) => `a${index}`);
    expect(await validationOf(source(`{serviceAccounts: [${accounts.join()}]}`))).toEqual([
      `Error TooMany ${SOURCE}.serviceAccounts`,
    ]);
  });

  test.each(['principals', 'notRequestPrincipals', 'namespaces', 'serviceAccounts', 'trustDomains'])(
    'has no %s where an external authorizer decides',
    async (field) => {
      const spec = `{action: CUSTOM, provider: {name: a}, rules: [{from: [{source: {${field}: [a]}}]}]}`;
      expect(await validationOf(policy(spec))).toEqual([`Error InvalidValue ${SOURCE}.${field}`]);
    },
  );
});

describe('an operation', () => {
  test.each([
    '{hosts: [a.com, "*.a.com"], notMethods: [GET]}',
    '{ports: ["80", "0", "65535"]}',
    '{paths: [/a, /a*, "*/a", "*", "/a/{*}", "/{*}/b/{**}", "/{**}/a"]}',
    '{notPaths: ["/a%20b/{*}"]}',
  ])('such as %s is fine', async (text) => {
    expect(await validationOf(operation(text))).toEqual([]);
  });

  test.each([
    ['{}', `Error InvalidValue ${OPERATION}`],
    ['{hosts: []}', `Error InvalidValue ${OPERATION}`],
    ['{hosts: [""]}', `Error InvalidValue ${OPERATION}.hosts[0]`],
    ['{notMethods: [""]}', `Error InvalidValue ${OPERATION}.notMethods[0]`],
    ['{ports: ["65536"]}', `Error InvalidValue ${OPERATION}.ports[0]`],
    ['{ports: ["-1"]}', `Error InvalidValue ${OPERATION}.ports[0]`],
    ['{notPorts: [http]}', `Error InvalidValue ${OPERATION}.notPorts[0]`],
    ['{paths: [""]}', `Error InvalidValue ${OPERATION}.paths[0]`],
    ['{paths: ["/a{*}"]}', `Error InvalidValue ${OPERATION}.paths[0]`],
    ['{paths: ["/{a}"]}', `Error InvalidValue ${OPERATION}.paths[0]`],
    ['{paths: ["/{**}/{*}"]}', `Error InvalidValue ${OPERATION}.paths[0]`],
    ['{paths: ["/a*/{*}"]}', `Error InvalidValue ${OPERATION}.paths[0]`],
    ['{notPaths: ["/a//{*}"]}', `Error InvalidValue ${OPERATION}.notPaths[0]`],
  ])('such as %s: %s', async (text, finding) => {
    expect(await validationOf(operation(text))).toEqual([finding]);
  });
});

describe('a DENY rule that is all about HTTP', () => {
  test.each([
    ['{from: [{source: {requestPrincipals: [a]}}]}', true],
    ['{to: [{operation: {methods: [GET]}}]}', true],
    ['{from: [{source: {principals: [a]}}], to: [{operation: {methods: [GET]}}]}', true],
    ['{from: [{source: {principals: [a]}}]}', false],
    ['{from: [{source: {requestPrincipals: [a]}}, {source: {ipBlocks: [1.1.1.1]}}]}', false],
    ['{to: [{operation: {methods: [GET], ports: ["80"]}}]}', false],
    ['{when: [{key: "request.headers[a]", values: [b]}]}', false],
  ])('%s: warned of, %s', async (rule, warned) => {
    const expected = warned ? ['Warning Questionable spec.rules[0]'] : [];
    expect(await validationOf(policy(`{action: DENY, rules: [${rule}]}`))).toEqual(expected);
    expect(await validationOf(policy(`{action: ALLOW, rules: [${rule}]}`))).toEqual([]);
  });
});
