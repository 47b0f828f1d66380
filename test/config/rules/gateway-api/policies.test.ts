import { describe, expect, it } from 'vitest';
import { rules as tls } from '../../../../src/config/rules/gateway-api/backend-tls-policy.ts';
import { rules as grant } from '../../../../src/config/rules/gateway-api/reference-grant.ts';
import { findingsOf } from '../core/run-rules.ts';

describe('a ReferenceGrant', () => {
  const GW = 'gateway.networking.k8s.io';

  it.each([
    [`from: [{group: ${GW}, kind: HTTPRoute, namespace: a}], to: [{group: "", kind: Service}]`, []],
    ['from: [{group: "", kind: HTTPRoute, namespace: a}]', ['Warning BrokenReference spec.from[0].group']],
    [
      `from: [{group: ${GW}, kind: HTTPRoute, namespace: shop}]`,
      ['Warning Questionable spec.from[0].namespace'],
    ],
    [`to: [{group: ${GW}, kind: Secret}]`, ['Warning BrokenReference spec.to[0].group']],
    ['to: [{group: example.com, kind: Thing}]', []],
  ])('with %s: %j', (spec, findings) => {
    const text = `{apiVersion: ${GW}/v1beta1, kind: ReferenceGrant, metadata: {name: x, namespace: shop}, spec: {${spec}}}`;
    expect(findingsOf(grant, text)).toEqual(findings);
  });
});

describe('a BackendTLSPolicy', () => {
  it.each([
    [
      'targetRefs: [{group: "", kind: Service, name: a}], validation: {hostname: a.com, wellKnownCACertificates: System}',
      [],
    ],
    [
      'targetRefs: [{group: core, kind: Service, name: a}]',
      ['Warning BrokenReference spec.targetRefs[0].group'],
    ],
    ['targetRefs: [{group: "", kind: Pod, name: a}]', ['Warning BrokenReference spec.targetRefs[0].kind']],
    [
      'validation: {caCertificateRefs: [{group: "", kind: Certificate, name: a}]}',
      ['Warning BrokenReference spec.validation.caCertificateRefs[0].kind'],
    ],
    [
      'validation: {wellKnownCACertificates: example.com/own}',
      ['Warning Questionable spec.validation.wellKnownCACertificates'],
    ],
    ['validation: {hostname: 192.0.2.1}', ['Warning Questionable spec.validation.hostname']],
  ])('with %s: %j', (spec, findings) => {
    const text = `{apiVersion: gateway.networking.k8s.io/v1, kind: BackendTLSPolicy, metadata: {name: x}, spec: {${spec}}}`;
    expect(findingsOf(tls, text)).toEqual(findings);
  });
});
