import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { KindSchema, SchemaNode } from '../../src/api/schema.ts';
import { withoutOldKeys } from '../../src/install/old-keys.ts';
import { OLD_KEYS } from '../../src/install/old-keys.table.ts';
import { overlay } from '../../src/install/overlay.ts';
import { PROFILES, profileSpec } from '../../src/install/profiles.ts';
import { parseSettingPath, setAt, type Tree, valueAt } from '../../src/install/setting-path.ts';
import { resolveSettings } from '../../src/install/settings.ts';

const set = (
  path: string,
  value: unknown,
): { path: ReturnType<typeof parseSettingPath>; value: unknown } => ({
  path: parseSettingPath(path),
  value,
});
const at = (tree: unknown, path: string): unknown => valueAt(tree, parseSettingPath(path));

describe('laying settings over others', () => {
  test.each<[string, Tree, Tree, Tree]>([
    ['merges maps', { a: { b: 1, c: 2 } }, { a: { c: 3 } }, { a: { b: 1, c: 3 } }],
    ['replaces lists', { a: [1, 2] }, { a: [3] }, { a: [3] }],
    ['takes away what is null', { a: { b: 1, c: 2 } }, { a: { b: null } }, { a: { c: 2 } }],
    [
      'merges gateways by name and adds new ones',
      { ingressGateways: [{ name: 'x', enabled: true, hub: 'h' }] },
      { ingressGateways: [{ name: 'y' }, { name: 'x', enabled: false }] },
      { ingressGateways: [{ name: 'x', enabled: false, hub: 'h' }, { name: 'y' }] },
    ],
    ['replaces a value by a map', { a: 1 }, { a: { b: 1 } }, { a: { b: 1 } }],
  ])('%s', (_, base, over, expected) => {
    const [left, right] = [structuredClone(base), structuredClone(over)];
    expect(overlay(left, right)).toEqual(expected);
    expect(left, 'the first stays as it is').toEqual(base);
    expect(right, 'the second stays as it is').toEqual(over);
  });
});

describe('keys of older releases', () => {
  test.each([
    [
      'values.gateways.istio-egressgateway.enabled',
      true,
      'components.egressGateways[name:istio-egressgateway].enabled',
      true,
    ],
    ['values.global.proxy.accessLogFile', '/dev/stdout', 'meshConfig.accessLogFile', '/dev/stdout'],
    ['values.global.disablePolicyChecks', false, 'meshConfig.disablePolicyChecks', false],
    ['values.tracing.enabled', true, 'addonComponents.tracing.enabled', true],
    ['values.kiali.enabled', true, 'addonComponents.kiali.enabled', true],
    ['values.grafana.enabled', true, 'addonComponents.grafana.enabled', true],
    ['values.prometheus.enabled', false, 'addonComponents.prometheus.enabled', false],
    ['values.pilot.traceSampling', 100, 'meshConfig.defaultConfig.tracing.sampling', 100],
    ['values.global.mtls.enabled', true, 'meshConfig.authPolicy', 'MUTUAL_TLS'],
    ['values.global.mtls.enabled', false, 'meshConfig.authPolicy', 'NONE'],
    [
      'values.global.outboundTrafficPolicy',
      { mode: 'REGISTRY_ONLY' },
      'meshConfig.outboundTrafficPolicy.mode',
      'REGISTRY_ONLY',
    ],
    ['defaultNamespace', 'mesh', 'namespace', 'mesh'],
  ])('%s: %j is %s: %j today', (path, value, place, meant) => {
    const settings = resolveSettings([set(path, value)], '1.0.0');
    expect(at(settings, place)).toEqual(meant);
    const tree = {};
    setAt(tree, parseSettingPath(path), value);
    expect(resolveSettings([{ spec: tree }], '1.0.0'), 'in a file as well').toEqual(settings);
  });

  test('a gateway that is named counts more than all gateways', () => {
    const settings = resolveSettings(
      [{ spec: { values: { gateways: { enabled: false, 'istio-ingressgateway': { enabled: true } } } } }],
      '1.0.0',
    );
    expect(at(settings, 'components.ingressGateways[0].enabled')).toBe(true);
    expect(at(settings, 'components.egressGateways[0].enabled')).toBe(false);
  });

  test('the new place wins within one file, the later file wins over it', () => {
    const file = {
      meshConfig: { accessLogFile: 'new' },
      values: { global: { proxy: { accessLogFile: 'old' } } },
    };
    expect(at(resolveSettings([{ spec: file }], '1'), 'meshConfig.accessLogFile')).toBe('new');
    const later = { values: { global: { proxy: { accessLogFile: 'later' } } } };
    expect(at(resolveSettings([{ spec: file }, { spec: later }], '1'), 'meshConfig.accessLogFile')).toBe(
      'later',
    );
  });

  test('leave no trace at their old place', () => {
    expect(
      withoutOldKeys({
        values: { tracing: { enabled: true, provider: 'zipkin' }, kiali: { enabled: true } },
      }),
    ).toEqual({
      addonComponents: { tracing: { enabled: true }, kiali: { enabled: true } },
      values: { tracing: { provider: 'zipkin' } },
    });
  });

  const schema = JSON.parse(
    readFileSync(new URL('../../schemas/install.istio.io/IstioOperator.json', import.meta.url), 'utf8'),
  ) as KindSchema;
  const nodeOf = (name: string): SchemaNode => schema.$defs?.[name] ?? {};
  /** Every field that says "Use … instead", by its path below `spec`. */
  const replaced: string[] = [];
  const visit = (node: SchemaNode, path: string): void => {
    const { $ref } = node;
    const fields = $ref === undefined ? node : nodeOf($ref.replace('#/$defs/', ''));
    if (node.deprecated === true && / instead/.test(node['x-mesh-deprecated'] ?? '')) replaced.push(path);
    const items = fields.items;
    if (items !== undefined) visit(items, path);
    for (const [name, child] of Object.entries(fields.properties ?? {}))
      visit(child, path === '' ? name : `${path}.${name}`);
  };
  visit(nodeOf('IstioOperatorSpec'), '');

  test('the schema names a new place for exactly those that are moved there', () => {
    const moved = OLD_KEYS.map(({ from }) => from);
    const covers = (path: string): boolean =>
      moved.some((from) => from === path || from.startsWith(`${path}.`));
    expect(replaced.length).toBeGreaterThan(25);
    expect(replaced.filter((path) => !covers(path))).toEqual([]);
    expect(
      moved.filter((from) => !replaced.some((path) => from === path || from.startsWith(`${path}.`))),
    ).toEqual([]);
  });
});

describe('settings', () => {
  test('start from the profile that the last layer names, wherever it stands', () => {
    const settings = resolveSettings(
      [{ spec: { profile: 'demo' } }, set('hub', 'h'), set('profile', 'minimal')],
      '1.0.0',
    );
    expect(settings.profile).toBe('minimal');
    expect(settings.hub).toBe('h');
    expect(at(settings, 'addonComponents.kiali.enabled')).toBe(false);
  });

  test('name the version of the package as tag, unless a tag is given at either place', () => {
    expect(resolveSettings([], '1.2.3').tag).toBe('1.2.3');
    expect(resolveSettings([set('values.global.tag', 'a')], '1.2.3').tag).toBe('a');
    expect(resolveSettings([set('values.global.tag', 'a'), set('tag', 'b')], '1.2.3').tag).toBe('b');
    expect(resolveSettings([set('values.global.hub', 'a')], '1.2.3').hub).toBe('a');
    expect(resolveSettings([set('values.global.istioNamespace', 'a')], '1.2.3').namespace).toBe('a');
  });

  test('change list items by name and by index, and take away what is set to null', () => {
    const settings = resolveSettings(
      [
        set('components.ingressGateways[name:istio-ingressgateway].enabled', false),
        set('components.egressGateways[0].enabled', true),
        set('values.pilot.cpu', null),
      ],
      '1.0.0',
    );
    expect(at(settings, 'components.ingressGateways[0].enabled')).toBe(false);
    expect(at(settings, 'components.egressGateways[0].enabled')).toBe(true);
    expect(at(settings, 'values.pilot.cpu')).toBe(undefined);
  });

  test('of one installation do not reach into the next', () => {
    resolveSettings([set('components.egressGateways[0].enabled', true)], '1.0.0');
    expect(at(resolveSettings([], '1.0.0'), 'components.egressGateways[0].enabled')).toBe(false);
  });

  test.each(PROFILES)('of the profile %s name no key of older releases', (name) => {
    expect(withoutOldKeys(profileSpec(name))).toEqual(profileSpec(name));
  });

  test('of a profile that does not exist are an error that names the nearest', () => {
    expect(() => profileSpec('dmo')).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('Did you mean demo?') }),
    );
    expect(() => profileSpec('__proto__')).toThrow('there is no profile');
  });
});
