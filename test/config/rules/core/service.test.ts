import { describe, expect, it } from 'vitest';
import { rules } from '../../../../src/config/rules/core/service.ts';
import { findingsOf, messagesOf } from './run-rules.ts';

const service = (spec: string, metadata = 'name: fruits'): string =>
  `{apiVersion: v1, kind: Service, metadata: {${metadata}}, spec: ${spec}}`;

describe('a Service port', () => {
  it.each([
    'name: http',
    'name: http-web',
    'name: HTTP2-x'.toLowerCase(),
    'name: grpc-web',
    'name: grpc-web-x',
    'name: tcp',
    'name: tls-db',
    'name: mongo',
    'name: anything, appProtocol: http',
    'name: anything, appProtocol: HTTP2',
    'name: anything, appProtocol: kubernetes.io/h2c',
    'name: dns, protocol: UDP',
    'protocol: UDP',
  ])('that says its protocol as {%s} is fine', (port) => {
    expect(findingsOf(rules, service(`{ports: [{port: 80, ${port}}]}`))).toEqual([]);
  });

  it.each([
    ['name: web', 'name'],
    ['name: httpweb', 'name'],
    ['name: my-http', 'name'],
    ['name: http, appProtocol: whatever', 'appProtocol'],
    ['name: web, protocol: SCTP', 'name'],
  ])('that hides its protocol as {%s} gets a warning at its %s', (port, field) => {
    expect(findingsOf(rules, service(`{ports: [{port: 80, ${port}}]}`))).toEqual([
      `Warning PortName spec.ports[0].${field}`,
    ]);
  });

  it('without a name gets a warning at the port', () => {
    expect(findingsOf(rules, service('{ports: [{port: 80}]}'))).toEqual(['Warning PortName spec.ports[0]']);
  });

  it('with a mistyped protocol gets the nearest one as a suggestion', () => {
    expect(messagesOf(rules, service('{ports: [{port: 80, name: htpp-web}]}'))[0]).toContain(
      'Did you mean http?',
    );
  });

  it('of the root namespace may be named as it likes', () => {
    expect(findingsOf(rules, service('{ports: [{port: 80, name: web}]}', 'namespace: istio-system'))).toEqual(
      [],
    );
  });
});

describe('a Service that Kubernetes would refuse gets an error', () => {
  it.each([
    ['{ports: [{port: 80, name: http}, {port: 81, name: http}]}', 'Error Duplicate spec.ports[1].name'],
    ['{ports: [{port: 80, name: http-a}, {port: 80, name: http-b}]}', 'Error Duplicate spec.ports[1].port'],
    [
      '{ports: [{port: 80, name: http-a, nodePort: 30000}, {port: 81, name: http-b, nodePort: 30000}]}',
      'Error Duplicate spec.ports[1].nodePort',
    ],
    ['{ports: [{port: 80, name: http}, {port: 81}]}', 'Error MissingField spec.ports[1].name'],
    ['{ports: [{port: 80, name: http_web, appProtocol: http}]}', 'Error InvalidValue spec.ports[0].name'],
    ['{ports: [{port: 80, name: http, targetPort: 0}]}', 'Error InvalidValue spec.ports[0].targetPort'],
    ['{ports: [{port: 80, name: http, targetPort: 70000}]}', 'Error InvalidValue spec.ports[0].targetPort'],
    ['{ports: [{port: 80, name: http, targetPort: "80"}]}', 'Error InvalidValue spec.ports[0].targetPort'],
    ['{ports: [{port: 80, name: http, targetPort: Web}]}', 'Error InvalidValue spec.ports[0].targetPort'],
    ['{selector: {"a b": c}}', 'Error InvalidValue spec.selector["a b"]'],
    ['{selector: {app: "-x"}}', 'Error InvalidValue spec.selector.app'],
    [`{selector: {app: ${'x'.repeat(64)}}}`, 'Error InvalidValue spec.selector.app'],
    ['{clusterIP: none}', 'Error InvalidValue spec.clusterIP'],
    ['{clusterIPs: [10.0.0.1, 10.0.0.300]}', 'Error InvalidValue spec.clusterIPs[1]'],
    ['{externalIPs: [example.com]}', 'Error InvalidValue spec.externalIPs[0]'],
    ['{loadBalancerSourceRanges: [10.0.0.0/33]}', 'Error InvalidValue spec.loadBalancerSourceRanges[0]'],
    ['{type: ExternalName}', 'Error MissingField spec.externalName'],
    ['{type: ExternalName, externalName: "https://x"}', 'Error InvalidValue spec.externalName'],
    ['{type: ExternalName, externalName: x.com, clusterIP: 10.0.0.1}', 'Error InvalidValue spec.clusterIP'],
    ['{type: LoadBalancer, clusterIP: None}', 'Error InvalidValue spec.clusterIP'],
  ])('%s: %s', (spec, finding) => {
    expect(findingsOf(rules, service(spec))).toEqual([finding]);
  });
});

describe('a Service that Kubernetes takes gets no finding', () => {
  it.each([
    '{ports: [{port: 53, name: tcp-dns}, {port: 53, name: udp-dns, protocol: UDP}]}',
    '{ports: [{port: 80, name: http, targetPort: web}], clusterIP: None}',
    '{ports: [{port: 80, name: http, targetPort: 65535}], clusterIP: "", nodePort: 0}',
    '{ports: [{port: 80, name: http, nodePort: 0}, {port: 81, name: http-b, nodePort: 0}]}',
    '{clusterIP: "2001:db8::1", externalIPs: [192.0.2.1], selector: {app.kubernetes.io/name: fruits}}',
    '{type: ExternalName, externalName: fruits.example.com.}',
  ])('%s', (spec) => {
    expect(findingsOf(rules, service(spec))).toEqual([]);
  });

  it('not even without a spec', () => {
    expect(findingsOf(rules, '{apiVersion: v1, kind: Service, metadata: {name: x}}')).toEqual([]);
  });
});
