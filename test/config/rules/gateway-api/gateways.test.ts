import { describe, expect, it } from 'vitest';
import { rules as gateway } from '../../../../src/config/rules/gateway-api/gateway.ts';
import { rules as listenerSet } from '../../../../src/config/rules/gateway-api/listener-set.ts';
import { findingsOf, messagesOf } from '../core/run-rules.ts';

const listeners = (text: string): string =>
  `{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: x}, spec: {gatewayClassName: istio, listeners: [${text}]}}`;
const CERT = 'tls: {certificateRefs: [{name: c}]}';

describe('a listener', () => {
  it.each([
    '{name: a, port: 80, protocol: HTTP}',
    `{name: a, port: 443, protocol: HTTPS, ${CERT}}`,
    '{name: a, port: 443, protocol: TLS, tls: {mode: Passthrough}}',
    '{name: a, port: 15008, protocol: HBONE}',
    '{name: a, port: 80, protocol: HTTP, allowedRoutes: {kinds: [{kind: HTTPRoute}, {kind: GRPCRoute}]}}',
    '{name: a, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {a: b}}}}}',
    '{name: a, port: 80, protocol: HTTP, hostname: a.com}, {name: b, port: 80, protocol: HTTP, hostname: b.com}',
    `{name: a, port: 443, protocol: HTTPS, hostname: a.com, ${CERT}}, {name: b, port: 443, protocol: TLS, hostname: b.com, tls: {mode: Passthrough}}`,
  ])('such as %s is fine', (text) => {
    expect(findingsOf(gateway, listeners(text))).toEqual([]);
  });

  const AT = 'spec.listeners[0]';
  it.each([
    ['{name: a, port: 80, protocol: http}', `Warning Questionable ${AT}.protocol`],
    ['{name: a, port: 53, protocol: UDP}', `Warning Questionable ${AT}.protocol`],
    ['{name: a, port: 443, protocol: HTTPS}', `Warning MissingField ${AT}.tls`],
    [
      '{name: a, port: 443, protocol: TLS, tls: {mode: Passthrough, certificateRefs: [{name: c}]}}',
      `Warning Questionable ${AT}.tls.certificateRefs`,
    ],
    [
      '{name: a, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: a}, {name: b}, {name: c}]}}',
      `Warning TooMany ${AT}.tls.certificateRefs`,
    ],
    [
      '{name: a, port: 443, protocol: HTTPS, tls: {certificateRefs: [{kind: ConfigMap, name: a}]}}',
      `Warning BrokenReference ${AT}.tls.certificateRefs[0].kind`,
    ],
    [
      '{name: a, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector}}}',
      `Warning MissingField ${AT}.allowedRoutes.namespaces.selector`,
    ],
    [
      '{name: a, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All, selector: {matchLabels: {a: b}}}}}',
      `Warning Questionable ${AT}.allowedRoutes.namespaces.selector`,
    ],
    [
      '{name: a, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {a: "b c"}}}}}',
      `Error InvalidValue ${AT}.allowedRoutes.namespaces.selector.matchLabels.a`,
    ],
    [
      '{name: a, port: 80, protocol: HTTP, allowedRoutes: {kinds: [{kind: TCPRoute}]}}',
      `Warning Questionable ${AT}.allowedRoutes.kinds[0]`,
    ],
    [
      `{name: a, port: 80, protocol: HTTP}, {name: b, port: 80, protocol: HTTPS, hostname: b.com, ${CERT}}`,
      'Warning Questionable spec.listeners[1]',
    ],
    [
      '{name: a, port: 80, protocol: TCP}, {name: b, port: 80, protocol: HTTP}',
      'Warning Questionable spec.listeners[1]',
    ],
    [
      `{name: a, port: 443, protocol: HTTPS, hostname: a.com, ${CERT}}, {name: b, port: 443, protocol: TLS, hostname: a.com, ${CERT}}`,
      'Warning Questionable spec.listeners[1]',
    ],
  ])('such as %s: %s', (text, finding) => {
    expect(findingsOf(gateway, listeners(text))).toEqual([finding]);
  });

  it('that lost its port to an earlier one takes no port from a later one', () => {
    const text =
      '{name: a, port: 80, protocol: TCP}, {name: b, port: 80, protocol: HTTP}, {name: c, port: 80, protocol: HTTP, hostname: c.com}';
    const messages = messagesOf(gateway, listeners(text));
    expect(messages).toHaveLength(2);
    expect(messages[1]).toContain('listener "a"');
  });

  it('with its protocol in small letters is told the capitals', () => {
    expect(messagesOf(gateway, listeners('{name: a, port: 80, protocol: http}'))[0]).toContain('HTTP.');
  });

  it('of a ListenerSet is checked in the same way', () => {
    const text =
      '{apiVersion: gateway.networking.k8s.io/v1, kind: ListenerSet, metadata: {name: x}, spec: {parentRef: {kind: Service, name: a}, listeners: [{name: a, port: 80, protocol: http}]}}';
    expect(findingsOf(listenerSet, text)).toEqual([
      'Warning BrokenReference spec.parentRef.kind',
      'Warning Questionable spec.listeners[0].protocol',
    ]);
  });
});

describe('a Gateway', () => {
  const spec = (text: string): string =>
    `{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: x}, spec: {${text}}}`;

  it.each([
    [
      'addresses: [{value: 192.0.2.1}, {type: IPAddress, value: "2001:db8::1"}, {type: Hostname, value: a.com}, {}]',
      [],
    ],
    ['addresses: [{value: a.com}]', ['Error InvalidValue spec.addresses[0].value']],
    ['addresses: [{type: IPAddress, value: 192.0.2.256}]', ['Error InvalidValue spec.addresses[0].value']],
    [
      'allowedListeners: {namespaces: {from: Selector}}',
      ['Warning MissingField spec.allowedListeners.namespaces.selector'],
    ],
    [
      'tls: {backend: {clientCertificateRef: {group: x, kind: Secret, name: a}}}',
      ['Warning BrokenReference spec.tls.backend.clientCertificateRef.group'],
    ],
  ])('with %s: %j', (text, findings) => {
    expect(findingsOf(gateway, spec(text))).toEqual(findings);
  });
});
