import { describe, expect, it } from 'vitest';
import { analyzer } from '../../../src/analysis/analyzers/webhook/injectors.ts';
import { parseText } from '../../../src/config/parse/parse.ts';
import { analyzeObjects } from '../../../src/analysis/analyze.ts';
import { meshSettings } from '../../../src/model/mesh-settings.ts';

function texts(yaml: string): string[] {
  const { objects } = parseText(yaml, 'hooks.yaml');
  return analyzeObjects(
    objects.map((object) => ({ object, findings: [], wellTyped: true })),
    { analyzers: [analyzer], mesh: meshSettings(), now: 0 },
  ).messages.map(({ text }) => text);
}

function configuration(name: string, webhook: string): string {
  return (
    'apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\n' +
    `metadata: {name: ${name}}\nwebhooks: [{name: inject.istio.io, ${webhook}}]\n---\n`
  );
}

const SELECTS = 'namespaceSelector: {matchLabels: {istio-injection: enabled}}';
const OTHERS = 'namespaceSelector: {matchLabels: {istio-injection: disabled}}';
const SERVICE = 'apiVersion: v1\nkind: Service\nmetadata: {name: istiod, namespace: istio-system}\n---\n';

describe('webhooks that inject sidecars', () => {
  it('name all that they overlap with, in one message each', () => {
    const found = texts(['a', 'b', 'c'].map((name) => configuration(name, SELECTS)).join(''));
    expect(found).toHaveLength(3);
    expect(found[0]).toContain('b/inject.istio.io, c/inject.istio.io');
  });

  it('do not overlap when no pod has the labels of both', () => {
    expect(texts(configuration('a', SELECTS) + configuration('b', OTHERS))).toEqual([]);
  });

  it('overlap for a revision that only one of them names', () => {
    const rev =
      'namespaceSelector: {matchExpressions: [{key: istio.io/rev, operator: In, values: [canary]}]}';
    const open = 'namespaceSelector: {matchExpressions: [{key: istio.io/rev, operator: Exists}]}';
    expect(texts(configuration('a', rev) + configuration('b', open))).toHaveLength(2);
  });

  it('may call any Service as long as the input has none', () => {
    const hook = configuration(
      'a',
      `${SELECTS}, clientConfig: {service: {name: gone, namespace: istio-system}}`,
    );
    expect(texts(hook)).toEqual([]);
    expect(texts(hook + SERVICE)).toEqual([expect.stringContaining('Service istio-system/gone')]);
  });

  it('are told apart in bounded time, however many revisions they name', () => {
    const values = Array.from({ length: 5000 }, (_, index) => `r${index}`).join(', ');
    const many = `namespaceSelector: {matchExpressions: [{key: istio.io/rev, operator: In, values: [${values}]}]}`;
    expect(texts(configuration('a', many) + configuration('b', many))).toHaveLength(2);
  });
});
