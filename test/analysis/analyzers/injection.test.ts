import { describe, expect, it } from 'vitest';
import { analyzer } from '../../../src/analysis/analyzers/injection/sidecars.ts';
import { analyzer as imageAuto } from '../../../src/analysis/analyzers/injection/image-auto.ts';
import { runAnalyzer } from '../run-analyzer.ts';

function injector(name: string, byDefault: boolean, namespace = 'istio-system'): string {
  const values = JSON.stringify({ sidecarInjectorWebhook: { enableNamespacesByDefault: byDefault } });
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: ${namespace}}\ndata: {values: '${values}'}\n---\n`;
}

function codes(text: string, of = analyzer): string[] {
  return runAnalyzer(of, [{ name: 'input.yaml', text }]).messages.map(({ code }) => code);
}

const OPEN = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n';
const DISABLED =
  'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio-injection: disabled}}\n---\n';

describe('a namespace that does not say whether it is injected', () => {
  it.each([
    ['is not, without an injector', OPEN, ['IST0102']],
    ['is not, as the injector has it', OPEN + injector('istio-sidecar-injector', false), ['IST0102']],
    ['is, if the injector does so by default', OPEN + injector('istio-sidecar-injector', true), ['IST0148']],
    [
      'goes by the default injector, not by that of a revision',
      OPEN + injector('istio-sidecar-injector-canary', true),
      ['IST0102'],
    ],
    [
      'goes by the injector of the control plane, when there are several',
      injector('istio-sidecar-injector', true, 'old') + injector('istio-sidecar-injector', false) + OPEN,
      ['IST0102'],
    ],
    ['is left alone when it says so', DISABLED + injector('istio-sidecar-injector', true), []],
  ])('%s', (_, text, expected) => {
    expect(codes(text)).toEqual(expected);
  });
});

describe('a Deployment with `image: auto`', () => {
  const deployment =
    'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: gateway, namespace: edge}\n' +
    'spec: {template: {spec: {containers: [{name: istio-proxy, image: auto}]}}}\n---\n';
  const webhook = (name: string, selectors: string) =>
    'apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\n' +
    `metadata: {name: hooks}\nwebhooks: [{name: ${name}, ${selectors}}]\n---\n`;
  const byNamespace = webhook(
    'namespace.sidecar-injector.istio.io',
    'namespaceSelector: {matchLabels: {istio-injection: enabled}}',
  );

  it.each([
    ['says nothing, when no webhook of the mesh is in the input', deployment + OPEN, []],
    [
      'says nothing, when only webhooks of others are',
      deployment + OPEN + webhook('certificates.example.com', 'namespaceSelector: {}'),
      [],
    ],
    ['may be injected, when no namespace is in the input', deployment + byNamespace, []],
    ['is not injected, when no webhook is called for it', deployment + byNamespace + OPEN, ['IST0146']],
    [
      'is not injected in any namespace, when its pods are not meant',
      deployment + webhook('object.istio.io', 'objectSelector: {matchLabels: {a: b}}'),
      ['IST0146'],
    ],
    [
      'is injected by a webhook that goes by the name of the namespace',
      deployment +
        OPEN +
        webhook('a.istio.io', 'namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: edge}}'),
      [],
    ],
  ])('%s', (_, text, expected) => {
    expect(codes(text, imageAuto)).toEqual(expected);
  });
});
