/**
 * What manifests consist of as a whole. Golden files stand in `golden/`; after a wanted change refresh them with
 * `npx vitest run test/install/manifest.test.ts -u`.
 */

import { loadAll } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { analyze } from '../../src/index.ts';
import { parseText } from '../../src/config/parse/parse.ts';
import { validate } from '../../src/config/validate.ts';
import { manifestFiles, manifestText } from '../../src/install/manifest-text.ts';
import { type Manifest } from '../../src/install/manifest.ts';
import { PROFILES } from '../../src/install/profiles.ts';
import { applyRank, type Resource, resourceName } from '../../src/install/resource.ts';
import { everything, manifest } from './rendered.ts';

const isCrd = ({ kind }: Resource): boolean => kind === 'CustomResourceDefinition';

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
