import { describe, expect, it } from 'vitest';
import { findingsOf } from './findings-of.ts';
import { formatFieldPath } from '../../src/base/field-path.ts';

/** Objects of Mixer: `kind name spec`, a line each; names may have `namespace/` before them. */
function objects(apiVersion: string, ...lines: string[]): string {
  return lines
    .map((line) => {
      const [, kind = '', namespace, name = '', spec = ''] =
        /^(\S+) (?:(\S+)\/)?(\S+) (.*)$/.exec(line) ?? [];
      const place = namespace === undefined ? '' : `, namespace: ${namespace}`;
      return `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: ${name}${place}}\nspec: ${spec}\n`;
    })
    .join('---\n');
}

async function broken(text: string): Promise<readonly string[]> {
  const findings = await findingsOf(text);
  return findings
    .filter(({ check }) => check === 'BrokenReference')
    .map(({ level, path, message, hint = '' }) => `${level} ${formatFieldPath(path)}: ${message} | ${hint}`);
}

const mixer = (...lines: string[]): string => objects('config.istio.io/v1alpha2', ...lines);
const rule = (handler: string, instance: string): string =>
  `rule r {actions: [{handler: ${handler}, instances: [${instance}]}]}`;
const stdio = 'handler out {compiledAdapter: stdio}';
const log = 'instance line {compiledTemplate: logentry}';

describe('a rule of Mixer', () => {
  it.each([
    ['short names', mixer(rule('out', 'line'), stdio, log)],
    [
      'names with a namespace',
      mixer(
        rule('out.x', 'line.x'),
        'handler x/out {compiledAdapter: stdio}',
        'instance x/line {compiledTemplate: logentry}',
      ),
    ],
    [
      'names with a kind',
      mixer(
        rule('out.stdio', 'line.logentry'),
        'stdio out {}',
        'logentry line {severity: "\'Info\'", timestamp: request.time}',
      ),
    ],
    [
      'names with kind and namespace',
      mixer(rule('out.stdio.x', 'line.instance.default'), 'stdio x/out {}', log),
    ],
    [
      'adapters that are not built in',
      mixer(
        rule('out', 'line'),
        'handler out {adapter: own, connection: {address: "a:1"}}',
        'instance line {template: mine}',
      ),
    ],
  ])('may use %s', async (_title, text) => {
    expect(await broken(text)).toEqual([]);
  });

  it('says nothing where no handler or instance is given at all', async () => {
    expect(await broken(mixer(rule('out', 'line')))).toEqual([]);
  });

  it('must name a handler and instances that are there', async () => {
    expect(await broken(mixer(rule('outt', 'none'), stdio, log))).toEqual([
      'Error spec.actions[0].handler: there is no handler outt among the objects given | Did you mean out?',
      expect.stringMatching(
        /^Error spec\.actions\[0\]\.instances\[0\]: there is no instance none among .* \| Give the file/,
      ),
    ]);
    expect(
      await broken(mixer(rule('out', 'line'), 'handler x/out {compiledAdapter: stdio}', log)),
    ).toHaveLength(1);
  });

  it('must give a handler instances that its adapter takes', async () => {
    expect(await broken(mixer(rule('out', 'line'), 'handler out {compiledAdapter: memquota}', log))).toEqual([
      'Error spec.actions[0].instances[0]: the adapter memquota takes no logentry, which instance line is | It takes quota.',
    ]);
    expect(await broken(mixer(rule('out.prometheus', 'line'), 'prometheus out {}', log))).toHaveLength(1);
  });

  it('may be checked alone', async () => {
    const findings = await findingsOf(mixer(rule('outt', 'none'), stdio, log), { referential: false });
    expect(findings.filter(({ check }) => check === 'BrokenReference')).toEqual([]);
  });
});

describe('the parts of Mixer', () => {
  it('must name adapters and templates that are there, when some are', async () => {
    const text = mixer(
      'handler a {adapter: nothere, connection: {address: "a:1"}}',
      'instance b {template: nothere}',
      'adapter c {templates: [nothere, d]}',
      'template d {}',
    );
    expect((await broken(text)).map((line) => line.split(' among')[0])).toEqual([
      'Error spec.adapter: there is no adapter nothere',
      'Error spec.template: there is no template nothere',
      'Error spec.templates[0]: there is no template nothere',
    ]);
  });

  it('must bind specs that are there, in either spelling', async () => {
    const services = 'services: [{name: a}]';
    const spec = 'QuotaSpec x/limit {rules: [{quotas: [{quota: a, charge: 1}]}]}';
    const binding = (reference: string, field = 'quotaSpecs'): string =>
      `QuotaSpecBinding b {${services}, ${field}: [${reference}]}`;
    expect(await broken(mixer(binding('{name: limit, namespace: x}'), spec))).toEqual([]);
    expect(await broken(mixer(binding('{name: limit}'), spec))).toHaveLength(1);
    expect(await broken(mixer(binding('{name: limt, namespace: x}', 'quota_specs'), spec))).toEqual([
      expect.stringMatching(/^Error spec\.quota_specs\[0\]\.name: there is no QuotaSpec x\/limt /),
    ]);
    expect(
      await broken(
        mixer(`HTTPAPISpecBinding b {${services}, apiSpecs: [{name: none}]}`, 'HTTPAPISpec other {}'),
      ),
    ).toHaveLength(1);
  });
});

describe('a binding of roles', () => {
  const rbac = (...lines: string[]): string => objects('rbac.istio.io/v1alpha1', ...lines);
  const role = 'ServiceRole viewer {rules: [{services: ["*"]}]}';
  const binding = (name: string): string =>
    `ServiceRoleBinding b {subjects: [{user: "*"}], roleRef: {kind: ServiceRole, name: ${name}}}`;
  it('must name a role of its namespace', async () => {
    expect(await broken(rbac(binding('viewer'), role))).toEqual([]);
    expect(await broken(rbac(binding('viewr'), role))).toEqual([
      'Warning spec.roleRef.name: there is no ServiceRole default/viewr among the objects given | Did you mean viewer?',
    ]);
    expect(await broken(rbac(binding('viewer')))).toEqual([]);
  });
});

describe('a route that delegates', () => {
  const istio = (...lines: string[]): string => objects('networking.istio.io/v1', ...lines);
  const root = (name: string, namespace = ''): string =>
    `VirtualService root {hosts: [a.example], gateways: [g], http: [{match: [{uri: {prefix: /}}], delegate: {name: ${name}${namespace === '' ? '' : `, namespace: ${namespace}`}}}]}`;
  const target = (name: string, hosts = ''): string =>
    `VirtualService ${name} {${hosts}http: [{route: [{destination: {host: b}}]}]}`;
  it('must name a VirtualService without hosts', async () => {
    expect(await broken(istio(root('part'), target('part')))).toEqual([]);
    expect(await broken(istio(root('part', 'x'), target('x/part')))).toEqual([]);
    expect(await broken(istio(root('prt'), target('part')))).toEqual([
      'Warning spec.http[0].delegate.name: there is no VirtualService default/prt among the objects given | Did you mean part?',
    ]);
    expect(await broken(istio(root('part'), target('part', 'hosts: [b], ')))).toEqual([
      expect.stringMatching(/has hosts, so nothing can be delegated/),
    ]);
  });

  it('is not blamed when it was given by itself', async () => {
    expect(await broken(istio(root('part')))).toEqual([]);
  });
});

describe('a target of SMI', () => {
  const group =
    'apiVersion: specs.smi-spec.io/v1alpha4\nkind: HTTPRouteGroup\nmetadata: {name: routes}\nspec: {matches: [{name: metrics, pathRegex: /metrics, methods: [GET]}]}\n---\n';
  const target = (name: string, match: string): string =>
    `apiVersion: access.smi-spec.io/v1alpha3\nkind: TrafficTarget\nmetadata: {name: t}\nspec:\n  destination: {kind: ServiceAccount, name: a}\n  sources: [{kind: ServiceAccount, name: b}]\n  rules: [{kind: HTTPRouteGroup, name: ${name}, matches: [${match}]}]\n`;
  it('must name routes and matches that are there', async () => {
    expect(await broken(group + target('routes', 'metrics'))).toEqual([]);
    expect(await broken(group + target('route', 'metrics'))).toEqual([
      'Warning spec.rules[0].name: there is no HTTPRouteGroup default/route among the objects given | Did you mean routes?',
    ]);
    expect(await broken(group + target('routes', 'metric'))).toEqual([
      'Warning spec.rules[0].matches[0]: the HTTPRouteGroup routes has no match metric | Did you mean metrics?',
    ]);
    expect(await broken(target('route', 'metrics'))).toEqual([]);
  });
});
