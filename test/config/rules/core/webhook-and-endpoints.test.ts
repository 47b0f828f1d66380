import { describe, expect, it } from 'vitest';
import { rules as endpoints } from '../../../../src/config/rules/core/endpoints.ts';
import { rules as webhooks } from '../../../../src/config/rules/core/webhook-configuration.ts';
import { findingsOf } from './run-rules.ts';

describe('a webhook configuration', () => {
  const webhook = (text: string): string =>
    `{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration, metadata: {name: x}, webhooks: [${text}]}`;

  it.each([
    ['{name: a.b.c}, {name: a.b.c}', 'Error Duplicate webhooks[1].name'],
    ['{clientConfig: {}}', 'Error ExclusiveFields webhooks[0].clientConfig'],
    [
      '{clientConfig: {url: "https://x", service: {name: y}}}',
      'Error ExclusiveFields webhooks[0].clientConfig',
    ],
    [
      '{namespaceSelector: {matchExpressions: [{key: a, operator: NotIn}]}}',
      'Error InvalidValue webhooks[0].namespaceSelector.matchExpressions[0]',
    ],
    [
      '{objectSelector: {matchLabels: {"": x}}}',
      'Error InvalidValue webhooks[0].objectSelector.matchLabels[""]',
    ],
  ])('with %s: %s', (text, finding) => {
    expect(findingsOf(webhooks, webhook(text))).toEqual([finding]);
  });

  it('that is sound gets no finding', () => {
    const text =
      '{name: a.b.c, clientConfig: {service: {name: y, namespace: z}}, namespaceSelector: {matchLabels: {istio-injection: enabled}}}';
    expect(findingsOf(webhooks, webhook(text))).toEqual([]);
  });
});

describe('endpoints', () => {
  it.each([
    [
      '{addressType: IPv4, endpoints: [{addresses: ["10.0.0.1"]}, {addresses: ["::1"]}]}',
      ['Error InvalidValue endpoints[1].addresses[0]'],
    ],
    ['{addressType: IPv6, endpoints: [{addresses: ["::1"]}]}', []],
    ['{addressType: FQDN, endpoints: [{addresses: [example.com]}]}', []],
    ['{addressType: IPv4, ports: [{name: http}, {name: http}]}', ['Error Duplicate ports[1].name']],
    ['{addressType: IPv4, ports: [{port: 1}, {port: 2}]}', ['Error Duplicate ports[1].name']],
    ['{addressType: IPv4, ports: [{port: 1}]}', []],
  ])('of a slice %s: %j', (text, findings) => {
    const slice = `{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: x}, ${text.slice(1)}`;
    expect(findingsOf(endpoints, slice)).toEqual(findings);
  });

  it('of the older kind are checked too', () => {
    const text =
      '{apiVersion: v1, kind: Endpoints, metadata: {name: x}, subsets: [{addresses: [{ip: x}], notReadyAddresses: [{ip: 10.0.0.1}], ports: [{name: a, port: 1}, {name: a, port: 2}]}]}';
    expect(findingsOf(endpoints, text)).toEqual([
      'Error InvalidValue subsets[0].addresses[0].ip',
      'Error Duplicate subsets[0].ports[1].name',
    ]);
  });
});
