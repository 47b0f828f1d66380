/** What schemas and CEL rules of the Gateway API take and refuse, defaults left out as people do. */

import { describe, expect, it } from 'vitest';
import { validationOf } from '../core/run-rules.ts';

const object = (kind: string, spec: string, version = 'v1'): string =>
  `{apiVersion: gateway.networking.k8s.io/${version}, kind: ${kind}, metadata: {name: x}, spec: ${spec}}`;
const errorsOf = async (text: string): Promise<string[]> =>
  (await validationOf(text)).filter((finding) => finding.startsWith('Error'));

const TO = 'backendRefs: [{name: fruits, port: 80}]';
const PREFIX = 'path: {type: ReplacePrefixMatch, replacePrefixMatch: /b}';
const matches = (count: number): string =>
  Array.from({ length: count }, (_, i) => `{path: {value: /p${i}}}`).join(', ');

describe('an HTTPRoute passes', () => {
  it.each([
    `{rules: [{${TO}}]}`,
    `{parentRefs: [{name: a, sectionName: http}, {name: a, sectionName: https}, {name: b}], rules: [{${TO}}]}`,
    `{parentRefs: [{name: a, port: 80}, {name: a, port: 81}], rules: [{${TO}}]}`,
    `{parentRefs: [{name: a}, {name: a, namespace: b}, {name: a, kind: ListenerSet}], rules: [{${TO}}]}`,
    `{rules: [{filters: [{type: RequestRedirect, requestRedirect: {${PREFIX}}}]}]}`,
    `{rules: [{matches: [{path: {value: /a}}], filters: [{type: URLRewrite, urlRewrite: {${PREFIX}}}], ${TO}}]}`,
    `{rules: [{timeouts: {request: 10s, backendRequest: 2s}, ${TO}}]}`,
    `{rules: [{timeouts: {request: 0s, backendRequest: 2s}, ${TO}}]}`,
    `{rules: [{matches: [{path: {type: RegularExpression, value: "a//b"}}], ${TO}}]}`,
    `{rules: [{name: a, ${TO}}, {name: b, ${TO}}, {${TO}}]}`,
    `{rules: [{matches: [${matches(64)}], ${TO}}, {matches: [${matches(64)}], ${TO}}]}`,
    `{rules: [{filters: [{type: RequestMirror, requestMirror: {backendRef: {name: a, port: 1}, fraction: {numerator: 100}}}, {type: RequestMirror, requestMirror: {backendRef: {name: a, port: 1}, percent: 1}}], ${TO}}]}`,
    `{rules: [{filters: [{type: CORS, cors: {allowOrigins: ["https://*.example.com"], allowMethods: ["*"]}}], ${TO}}]}`,
    `{rules: [{sessionPersistence: {cookie: {lifetimeType: Permanent}, absoluteTimeout: 1h}, ${TO}}]}`,
    '{rules: [{backendRefs: [{group: example.com, kind: Bucket, name: a}]}]}',
  ])('with %s', async (spec) => {
    expect(await errorsOf(object('HTTPRoute', spec))).toEqual([]);
  });
});

describe('an HTTPRoute is refused', () => {
  const R = 'spec.rules[0]';
  it.each([
    [`{parentRefs: [{name: a}, {name: a, group: gateway.networking.k8s.io}]}`, 'spec.parentRefs'],
    [
      `{parentRefs: [{name: a, sectionName: http}, {name: a, namespace: x}, {name: a, sectionName: http}]}`,
      'spec.parentRefs',
    ],
    [`{parentRefs: [{name: a, sectionName: http}, {name: a}]}`, 'spec.parentRefs'],
    ['{rules: [{backendRefs: [{name: a}]}]}', `${R}.backendRefs[0]`],
    [`{rules: [{filters: [{type: RequestRedirect, requestRedirect: {scheme: https}}], ${TO}}]}`, R],
    [
      `{rules: [{matches: [${matches(2)}], filters: [{type: RequestRedirect, requestRedirect: {${PREFIX}}}]}]}`,
      R,
    ],
    [
      `{rules: [{matches: [{path: {type: Exact, value: /a}}], filters: [{type: URLRewrite, urlRewrite: {${PREFIX}}}], ${TO}}]}`,
      R,
    ],
    [
      `{rules: [{matches: [{path: {type: Exact, value: /a}}], backendRefs: [{name: a, port: 1, filters: [{type: URLRewrite, urlRewrite: {${PREFIX}}}]}]}]}`,
      R,
    ],
    [`{rules: [{timeouts: {request: 1s, backendRequest: 2s}, ${TO}}]}`, `${R}.timeouts`],
    [`{rules: [{timeouts: {request: 1.5s}, ${TO}}]}`, `${R}.timeouts.request`],
    [`{rules: [{name: a, ${TO}}, {name: a, ${TO}}]}`, 'spec.rules'],
    [
      `{rules: [{matches: [${matches(64)}], ${TO}}, {matches: [${matches(64)}], ${TO}}, {${TO}}]}`,
      'spec.rules',
    ],
    [`{rules: [{filters: [{type: CORS, cors: {}}, {type: CORS, cors: {}}], ${TO}}]}`, `${R}.filters`],
    [`{rules: [{filters: [{type: URLRewrite}], ${TO}}]}`, `${R}.filters[0]`],
    [`{rules: [{filters: [{type: CORS, cors: {}, urlRewrite: {}}], ${TO}}]}`, `${R}.filters[0]`],
    [
      `{rules: [{filters: [{type: CORS, cors: {allowHeaders: [a, "*"]}}], ${TO}}]}`,
      `${R}.filters[0].cors.allowHeaders`,
    ],
    [
      `{rules: [{filters: [{type: RequestMirror, requestMirror: {backendRef: {name: a, port: 1}, fraction: {numerator: 101}}}], ${TO}}]}`,
      `${R}.filters[0].requestMirror.fraction`,
    ],
    [
      `{rules: [{filters: [{type: RequestMirror, requestMirror: {backendRef: {name: a, port: 1}, percent: 1, fraction: {numerator: 1}}}], ${TO}}]}`,
      `${R}.filters[0].requestMirror`,
    ],
    [
      `{rules: [{filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replacePrefixMatch: /}}}], ${TO}}]}`,
      `${R}.filters[0].urlRewrite.path`,
    ],
    [`{rules: [{sessionPersistence: {}, ${TO}}]}`, `${R}.sessionPersistence`],
    [
      `{rules: [{sessionPersistence: {cookie: {lifetimeType: Permanent}}, ${TO}}]}`,
      `${R}.sessionPersistence`,
    ],
    [`{rules: [{sessionPersistence: {type: Header, cookie: {}}, ${TO}}]}`, `${R}.sessionPersistence`],
    [
      `{rules: [{matches: [{headers: [{name: a, value: b}, {name: a, value: c}]}], ${TO}}]}`,
      `${R}.matches[0].headers[1]`,
    ],
    ...['a', '/a//b', '/a/./b', '/a/../b', '/a/..', '/a/.', '/a%2fb', '/a#b', '/a b'].map((path) => [
      `{rules: [{matches: [{path: {value: "${path}"}}], ${TO}}]}`,
      `${R}.matches[0].path`,
    ]),
  ])('with %s, at %s', async (spec, path) => {
    const errors = await errorsOf(object('HTTPRoute', spec ?? ''));
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors) expect(error.split(' ')[2]).toBe(path);
  });
});

describe('a Gateway', () => {
  const gateway = (listeners: string, more = ''): string =>
    object('Gateway', `{gatewayClassName: istio, listeners: [${listeners}]${more}}`);
  const HTTP = '{name: http, port: 80, protocol: HTTP}';
  const CERT = 'certificateRefs: [{name: c}]';

  it.each([
    [`${HTTP}, {name: https, port: 443, protocol: HTTPS, tls: {${CERT}}}`, ''],
    ['{name: a, port: 443, protocol: TLS, tls: {mode: Passthrough}}', ''],
    [
      '{name: a, port: 443, protocol: HTTPS, tls: {options: {gateway.istio.io/tls-terminate-mode: ISTIO_MUTUAL}}}',
      '',
    ],
    ['{name: a, port: 80, protocol: HTTP, hostname: a.com}, {name: b, port: 80, protocol: HTTP}', ''],
    [HTTP, ', addresses: [{value: 10.0.0.1}, {value: 10.0.0.2}, {type: Hostname, value: a.com}]'],
    [HTTP, ', infrastructure: {labels: {example.com/team: a}, annotations: {a: b}}'],
  ])('passes with %s%s', async (listeners, more) => {
    expect(await errorsOf(gateway(listeners, more))).toEqual([]);
  });

  it.each([
    ['{name: a, port: 80, protocol: HTTP, tls: {mode: Passthrough}}', '', 'spec.listeners'],
    ['{name: a, port: 443, protocol: HTTPS, tls: {mode: Passthrough}}', '', 'spec.listeners'],
    ['{name: a, port: 443, protocol: TLS}', '', 'spec.listeners'],
    ['{name: a, port: 443, protocol: HTTPS, tls: {}}', '', 'spec.listeners[0].tls'],
    ['{name: a, port: 80, protocol: TCP, hostname: a.com}', '', 'spec.listeners'],
    [`${HTTP}, {name: b, port: 80, protocol: HTTP}`, '', 'spec.listeners'],
    ['{name: a, port: 0, protocol: HTTP}', '', 'spec.listeners[0].port'],
    [HTTP, ', addresses: [{value: 10.0.0.1}, {type: IPAddress, value: 10.0.0.1}]', 'spec.addresses'],
    [HTTP, ', addresses: [{type: Hostname, value: a.com}, {type: Hostname, value: a.com}]', 'spec.addresses'],
    [HTTP, ', addresses: [{type: Hostname, value: A_B}]', 'spec.addresses[0]'],
    [HTTP, ', infrastructure: {labels: {"a b": c}}', 'spec.infrastructure.labels'],
    [
      HTTP,
      ', tls: {frontend: {default: {}, perPort: [{port: 1, tls: {}}, {port: 1, tls: {}}]}}',
      'spec.tls.frontend.perPort',
    ],
  ])('is refused with %s%s, at %s', async (listeners, more, path) => {
    const errors = await errorsOf(gateway(listeners, more));
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors) expect(error.split(' ')[2]?.startsWith(path)).toBe(true);
  });
});

describe('the other kinds', () => {
  it.each([
    ['GRPCRoute', `{rules: [{matches: [{method: {service: pkg.Fruits, method: Get}}], ${TO}}]}`, 'v1'],
    ['GRPCRoute', `{rules: [{matches: [{method: {type: RegularExpression, service: "a.*"}}], ${TO}}]}`, 'v1'],
    ['TLSRoute', `{hostnames: [a.com, "*.b.com"], rules: [{${TO}}]}`, 'v1'],
    ['TLSRoute', `{rules: [{${TO}}, {${TO}}]}`, 'v1alpha2'],
    ['TCPRoute', `{rules: [{${TO}}]}`, 'v1'],
    ['ReferenceGrant', '{from: [{group: "", kind: A, namespace: b}], to: [{group: "", kind: B}]}', 'v1beta1'],
    ['GatewayClass', '{controllerName: istio.io/gateway-controller}', 'v1'],
    [
      'BackendTLSPolicy',
      '{targetRefs: [{group: "", kind: Service, name: a}], validation: {hostname: a.com, wellKnownCACertificates: System}}',
      'v1',
    ],
    ['ListenerSet', '{parentRef: {name: a}, listeners: [{name: a, port: 80, protocol: HTTP}]}', 'v1'],
  ])('pass: %s %s in %s', async (kind, spec, version) => {
    expect(await errorsOf(object(kind, spec, version))).toEqual([]);
  });

  const POLICY = 'targetRefs: [{group: "", kind: Service, name: a}]';
  it.each([
    ['GRPCRoute', `{rules: [{matches: [{method: {}}], ${TO}}]}`, 'v1'],
    ['GRPCRoute', `{rules: [{matches: [{method: {service: "a b"}}], ${TO}}]}`, 'v1'],
    ['GRPCRoute', `{rules: [{matches: [{method: {method: a.b}}], ${TO}}]}`, 'v1'],
    ['TLSRoute', `{rules: [{${TO}}]}`, 'v1'],
    ['TLSRoute', `{hostnames: [192.0.2.1], rules: [{${TO}}]}`, 'v1'],
    ['TLSRoute', `{hostnames: [a.com], rules: [{${TO}}, {${TO}}]}`, 'v1'],
    ['TCPRoute', `{rules: [{name: a, ${TO}}, {name: a, ${TO}}]}`, 'v1alpha2'],
    ['TCPRoute', '{rules: [{backendRefs: []}]}', 'v1'],
    ['ReferenceGrant', '{to: [{group: "", kind: B}]}', 'v1beta1'],
    ['GatewayClass', '{controllerName: istio}', 'v1'],
    ['BackendTLSPolicy', `{${POLICY}, validation: {hostname: a.com}}`, 'v1'],
    [
      'BackendTLSPolicy',
      `{${POLICY}, validation: {hostname: a.com, wellKnownCACertificates: System, caCertificateRefs: [{group: "", kind: ConfigMap, name: a}]}}`,
      'v1',
    ],
    [
      'BackendTLSPolicy',
      `{${POLICY}, validation: {hostname: a.com, wellKnownCACertificates: System, subjectAltNames: [{type: URI, hostname: a}]}}`,
      'v1',
    ],
    [
      'BackendTLSPolicy',
      '{targetRefs: [{group: "", kind: Service, name: a}, {group: "", kind: Service, name: a}], validation: {hostname: a.com, wellKnownCACertificates: System}}',
      'v1',
    ],
    [
      'ListenerSet',
      '{parentRef: {name: a}, listeners: [{name: a, port: 80, protocol: HTTP, tls: {}}]}',
      'v1',
    ],
  ])('are refused: %s %s in %s', async (kind, spec, version) => {
    expect(await errorsOf(object(kind, spec, version))).not.toEqual([]);
  });
});
