import { describe, expect, it } from 'vitest';
import { rules as grpc } from '../../../../src/config/rules/gateway-api/grpc-route.ts';
import { rules as http } from '../../../../src/config/rules/gateway-api/http-route.ts';
import { rules as stream } from '../../../../src/config/rules/gateway-api/stream-route.ts';
import { findingsOf, messagesOf } from '../core/run-rules.ts';

const route = (kind: string, spec: string, version = 'v1'): string =>
  `{apiVersion: gateway.networking.k8s.io/${version}, kind: ${kind}, metadata: {name: x}, spec: ${spec}}`;
const httpRule = (rule: string): string => route('HTTPRoute', `{rules: [${rule}]}`);

const TO = 'backendRefs: [{name: fruits, port: 80}]';

describe('an HTTPRoute', () => {
  it.each([
    `{${TO}}`,
    '{backendRefs: [{name: a, port: 80, weight: 0}, {name: b, port: 80, weight: 1}]}',
    '{backendRefs: [{group: networking.istio.io, kind: Hostname, name: api.example.com, port: 443}]}',
    '{backendRefs: [{group: multicluster.x-k8s.io, kind: ServiceImport, name: a, port: 80}]}',
    '{filters: [{type: RequestRedirect, requestRedirect: {scheme: https}}]}',
    `{matches: [{path: {type: RegularExpression, value: "/v[0-9]+/.*"}}], ${TO}}`,
    `{matches: [{headers: [{name: a, value: "(exact"}]}], ${TO}}`,
    `{filters: [{type: CORS, cors: {}}, {type: RequestMirror, requestMirror: {backendRef: {name: b, port: 80}}}], ${TO}}`,
  ])('with the rule %s gets no finding', (rule) => {
    expect(findingsOf(http, httpRule(rule))).toEqual([]);
  });

  const AT = 'spec.rules[0]';
  it.each([
    [
      `{matches: [{path: {type: RegularExpression, value: "/("}}], ${TO}}`,
      `Error InvalidValue ${AT}.matches[0].path.value`,
    ],
    [
      `{matches: [{headers: [{name: a, type: RegularExpression, value: "(?=x)"}]}], ${TO}}`,
      `Error InvalidValue ${AT}.matches[0].headers[0].value`,
    ],
    [
      `{matches: [{queryParams: [{name: a, type: RegularExpression, value: "["}]}], ${TO}}`,
      `Error InvalidValue ${AT}.matches[0].queryParams[0].value`,
    ],
    ['{backendRefs: [{name: fruits.shop, port: 80}]}', `Error InvalidValue ${AT}.backendRefs[0].name`],
    [
      '{backendRefs: [{group: networking.istio.io, kind: Hostname, name: a.com}]}',
      `Error MissingField ${AT}.backendRefs[0].port`,
    ],
    [
      '{backendRefs: [{group: networking.istio.io, kind: Hostname, name: a.com, port: 80, namespace: b}]}',
      `Error InvalidValue ${AT}.backendRefs[0].namespace`,
    ],
    [
      '{backendRefs: [{kind: Servce, name: a, port: 80}]}',
      `Warning BrokenReference ${AT}.backendRefs[0].kind`,
    ],
    [
      '{backendRefs: [{group: apps, kind: Service, name: a, port: 80}]}',
      `Warning BrokenReference ${AT}.backendRefs[0].group`,
    ],
    ['{backendRefs: [{name: a, port: 80, weight: 0}]}', `Warning Questionable ${AT}.backendRefs`],
    ['{matches: [{path: {value: /}}]}', `Warning Questionable ${AT}`],
    [`{filters: [{type: ExternalAuth}], ${TO}}`, `Warning Questionable ${AT}.filters[0].type`],
    [`{filters: [{type: ExtensionRef}], ${TO}}`, `Warning Questionable ${AT}.filters[0].type`],
    [
      '{backendRefs: [{name: a, port: 80, filters: [{type: URLRewrite}]}]}',
      `Warning Questionable ${AT}.backendRefs[0].filters[0].type`,
    ],
    [
      `{filters: [{type: RequestMirror, requestMirror: {backendRef: {name: a.b, port: 80}}}], ${TO}}`,
      `Error InvalidValue ${AT}.filters[0].requestMirror.backendRef.name`,
    ],
  ])('with the rule %s: %s', (rule, finding) => {
    expect(findingsOf(http, httpRule(rule))).toEqual([finding]);
  });

  it('that names a Service as parent without its group is told about the group', () => {
    const text = route('HTTPRoute', `{parentRefs: [{kind: Service, name: a}], rules: [{${TO}}]}`);
    expect(findingsOf(http, text)).toEqual(['Warning BrokenReference spec.parentRefs[0].group']);
    expect(messagesOf(http, text)[0]).toContain('Set group to ""');
  });

  it.each([
    '{name: a}',
    '{group: "", kind: Service, name: a}',
    '{kind: ListenerSet, name: a}',
    '{group: networking.istio.io, kind: ServiceEntry, name: a}',
  ])('may have the parent %s', (parent) => {
    expect(findingsOf(http, route('HTTPRoute', `{parentRefs: [${parent}], rules: [{${TO}}]}`))).toEqual([]);
  });

  it('gets a warning for an address among its hosts, and for a host that stands twice', () => {
    expect(findingsOf(http, route('HTTPRoute', '{hostnames: [a.com, 10.0.0.1, a.com]}'))).toEqual([
      'Warning Questionable spec.hostnames[1]',
      'Warning Duplicate spec.hostnames[2]',
    ]);
  });
});

describe('a GRPCRoute', () => {
  const AT = 'spec.rules[0]';
  it.each([
    [
      `{matches: [{method: {type: RegularExpression, service: "a("}}], ${TO}}`,
      [`Error InvalidValue ${AT}.matches[0].method.service`],
    ],
    [
      `{matches: [{method: {type: RegularExpression, service: a, method: "*"}}], ${TO}}`,
      [`Error InvalidValue ${AT}.matches[0].method.method`],
    ],
    [
      `{matches: [{headers: [{name: a, type: RegularExpression, value: "["}]}], ${TO}}`,
      [`Error InvalidValue ${AT}.matches[0].headers[0].value`],
    ],
    ['{matches: [{method: {service: a}}]}', [`Warning Questionable ${AT}`]],
    [`{filters: [{type: ExtensionRef}], ${TO}}`, [`Warning Questionable ${AT}.filters[0].type`]],
    [
      '{backendRefs: [{name: a, port: 80, filters: [{type: RequestMirror}]}]}',
      [`Warning Questionable ${AT}.backendRefs[0].filters[0].type`],
    ],
    [`{matches: [{method: {type: RegularExpression, service: "a.+", method: Get}}], ${TO}}`, []],
  ])('with the rule %s: %j', (rule, findings) => {
    expect(findingsOf(grpc, route('GRPCRoute', `{rules: [${rule}]}`))).toEqual(findings);
  });
});

describe('routes for connections', () => {
  it.each([
    ['TLSRoute', `{hostnames: [a.com], rules: [{${TO}}]}`, []],
    [
      'TLSRoute',
      '{rules: [{backendRefs: [{name: a.b, port: 1}]}]}',
      ['Error InvalidValue spec.rules[0].backendRefs[0].name'],
    ],
    ['TLSRoute', '{hostnames: [192.0.2.1]}', ['Warning Questionable spec.hostnames[0]']],
    [
      'TCPRoute',
      '{rules: [{backendRefs: [{name: a, port: 1, weight: 0}]}]}',
      ['Warning Questionable spec.rules[0].backendRefs'],
    ],
    ['UDPRoute', `{rules: [{${TO}}]}`, ['Warning Questionable kind']],
  ])('%s %s: %j', (kind, spec, findings) => {
    expect(findingsOf(stream, route(kind, spec, 'v1alpha2'))).toEqual(findings);
  });
});
