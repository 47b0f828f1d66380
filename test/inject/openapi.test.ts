/** What injection makes, judged by Kubernetes' own OpenAPI: all fields known, all types right. */

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { injectText } from '../../src/inject/inject.ts';
import { readDocuments } from '../../src/inject/stream.ts';
import type { InjectSettings } from '../../src/inject/settings.ts';
import { getKey } from '../../src/inject/yaml/value.ts';
import type { Json } from '../../src/inject/yaml/value.ts';
import { SHARED } from '../conformance/cases.ts';
import { findSwagger, openApiValidators } from '../peers/kubernetes-openapi.ts';
import { testSettings } from './settings-for-tests.ts';

/** Kinds that Kubernetes' API server does not know. */
const ELSEWHERE = new Set(['DeploymentConfig']);

const folders = [path.join(import.meta.dirname, 'cases'), path.join(SHARED, 'conformance/inject/inputs')];
const texts = folders
  .filter((folder) => existsSync(folder))
  .flatMap((folder) =>
    readdirSync(folder).map((name): [string, string] => [
      name,
      readFileSync(path.join(folder, name), 'utf8'),
    ]),
  );

const settings: readonly [string, InjectSettings][] = [
  ['the defaults', testSettings()],
  ['native sidecars', testSettings({ nativeSidecar: true })],
  [
    'the CNI plugin, core dumps, pull secrets and a network',
    testSettings({
      values: [
        {
          pilot: { cni: { enabled: true, provider: 'multus' } },
          global: {
            imagePullPolicy: 'Always',
            imagePullSecrets: ['pull'],
            network: 'n',
            logAsJson: true,
            mountMtlsCerts: true,
            proxy: { enableCoreDump: true, outlierLogPath: '/dev/stdout' },
          },
        },
      ],
    }),
  ],
];

function objects(value: Json): Json[] {
  const items = getKey(value, 'items');
  return getKey(value, 'kind') === 'List' && Array.isArray(items) ? items : [value];
}

/** The API server takes null for absent. */
function withoutNulls(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, child]) => (child === null ? [] : [[key, withoutNulls(child)]])),
  );
}

const swagger = findSwagger();
if (swagger === undefined) {
  it('has no OpenAPI of Kubernetes to judge by: go mod download in test/peers/kubernetes gets it', () => {
    expect(findSwagger()).toBeUndefined();
  });
} else {
  const validatorOf = openApiValidators(swagger);
  const faults = (text: string): string[] =>
    readDocuments(text)
      .flatMap(objects)
      .filter((object) => !ELSEWHERE.has(String(getKey(object, 'kind'))))
      .flatMap((object, index) => {
        const name = `${String(getKey(object, 'apiVersion'))}/${String(getKey(object, 'kind'))}`;
        const validate = validatorOf(name);
        if (validate === undefined) return [`${index} ${name} is not known`];
        validate(withoutNulls(object));
        return (validate.errors ?? []).map(
          ({ instancePath, message }) => `${index} ${name} ${instancePath} ${message}`,
        );
      });
  describe.each(settings)('with %s', (_what, chosen) => {
    it.each(texts)('%s is what the OpenAPI says', (name, text) => {
      let injected: string;
      try {
        injected = injectText(text, chosen).text;
      } catch {
        // Refused for its annotations, which other tests look at.
        expect(name).toMatch(/bad-/);
        return;
      }
      // What the input itself lacks, such as a selector, is not for injection to add.
      expect(faults(injected)).toEqual(faults(text));
    });
  });

  it('would not pass a field that Kubernetes does not know, nor a wrong type', () => {
    const validate = validatorOf('v1/Pod');
    const pod = (container: Json): Json => ({
      apiVersion: 'v1',
      kind: 'Pod',
      spec: { containers: [container] },
    });
    expect(validate?.(pod({ name: 'a', image: 'a' }))).toBe(true);
    expect(validate?.(pod({ name: 'a', imag: 'a' }))).toBe(false);
    expect(validate?.(pod({ name: 'a', args: 'a' }))).toBe(false);
  });
}
