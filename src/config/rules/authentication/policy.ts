/** Rules of the authentication policies of Istio up to 1.5: Policy and MeshPolicy. */

import type {
  Jwt,
  PeerAuthenticationMethod,
  Policy,
  PolicySpec,
  TargetSelector,
} from '../../../api/generated/types/authentication.istio.io/Policy.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import { isDnsLabel } from '../../../base/labels.ts';
import { re2Problem } from '../../../base/re2.ts';
import type { MeshObject } from '../../object.ts';
import type { KindRules, RuleReport } from '../rule.ts';
import { checkJwksUri, findJwksProblem } from '../security/jwt.ts';

export const kinds = ['authentication.istio.io/Policy', 'authentication.istio.io/MeshPolicy'] as const;

const DEFAULT_NAME = 'default';

/** https://istio.io/v1.4/docs/reference/config/security/istio.authentication.v1alpha1/ */
export const rules: KindRules<Policy> = (object, report) => {
  const spec = object.value.spec ?? {};
  if (object.kind === 'MeshPolicy') checkMeshPolicy(report, object, spec);
  else checkTargets(report, object, spec);
  checkMethods(report, spec);
};

function checkMeshPolicy(report: RuleReport, object: MeshObject, spec: PolicySpec): void {
  if (object.meta.name !== DEFAULT_NAME) {
    report.error(
      ['metadata', 'name'],
      `a MeshPolicy must be called "${DEFAULT_NAME}", and not "${object.meta.name}"`,
    );
  }
  if ((spec.targets ?? []).length > 0) {
    report.error(['spec', 'targets'], 'a MeshPolicy holds for the whole mesh, so it must not have targets', {
      hint: 'For single services, write a Policy in their namespace.',
    });
  }
}

function checkTargets(report: RuleReport, object: MeshObject, spec: PolicySpec): void {
  const targets = spec.targets ?? [];
  if (targets.length === 0 && object.meta.name !== DEFAULT_NAME) {
    report.error(['metadata', 'name'], `a Policy without targets must be called "${DEFAULT_NAME}"`, {
      hint: 'It holds for the whole namespace, which has only one such Policy. For single services, add targets.',
    });
  }
  if (targets.length > 0 && object.meta.name === DEFAULT_NAME) {
    report.error(
      ['spec', 'targets'],
      `a Policy called "${DEFAULT_NAME}" holds for the namespace, so it must not have targets`,
    );
  }
  for (const [index, target] of targets.entries()) checkTarget(report, ['spec', 'targets', index], target);
}

function checkTarget(report: RuleReport, path: FieldPath, target: TargetSelector): void {
  const { name = '', ports = [] } = target;
  if (!isDnsLabel(name)) {
    const problem =
      name === '' ? 'a target needs the name of a service' : `"${name}" must be the short name of a service`;
    report.error([...path, 'name'], problem, { hint: 'Write it without namespace and domain.' });
  }
  for (const [index, port] of ports.entries()) {
    if (port.name === undefined || isDnsLabel(port.name)) continue;
    report.error([...path, 'ports', index, 'name'], `"${port.name}" must be the name of a port`);
  }
}

function checkMethods(report: RuleReport, spec: PolicySpec): void {
  const issuers = new Map<string, string>();
  for (const [index, method] of (spec.peers ?? []).entries()) {
    const path = ['spec', 'peers', index];
    if (method.jwt !== undefined) checkJwt(report, [...path, 'jwt'], method.jwt, issuers);
    else checkPeer(report, path, method);
  }
  for (const [index, { jwt }] of (spec.origins ?? []).entries()) {
    const path = ['spec', 'origins', index];
    if (jwt === undefined) report.error(path, 'must have a jwt', { check: 'MissingField' });
    else checkJwt(report, [...path, 'jwt'], jwt, issuers);
  }
}

function checkPeer(report: RuleReport, path: FieldPath, method: PeerAuthenticationMethod): void {
  if (method.mtls !== undefined) return;
  report.warn(path, 'names neither mtls nor jwt', { hint: 'For mutual TLS, write mtls: {}.' });
}

function checkJwt(report: RuleReport, path: FieldPath, jwt: Jwt, issuers: Map<string, string>): void {
  const { issuer = '' } = jwt;
  if (issuer === '') report.error([...path, 'issuer'], 'a jwt needs an issuer', { check: 'MissingField' });
  else {
    const before = issuers.get(issuer);
    if (before !== undefined) {
      report.error([...path, 'issuer'], `the issuer "${issuer}" stands in ${before} already`, {
        check: 'Duplicate',
      });
    } else issuers.set(issuer, `${String(path[1])}[${String(path[2])}]`);
  }
  checkJwksUri(report, [...path, 'jwksUri'], jwt.jwksUri);
  if (jwt.jwks !== undefined && jwt.jwks !== '') {
    const { problem } = findJwksProblem(jwt.jwks);
    if (problem !== undefined) report.warn([...path, 'jwks'], `is no JSON Web Key Set: ${problem}`);
  }
  for (const field of ['audiences', 'jwtHeaders', 'jwtParams'] as const) {
    for (const [index, value] of (jwt[field] ?? []).entries()) {
      if (value === '') report.error([...path, field, index], 'must not be empty');
    }
  }
  for (const [index, rule] of (jwt.triggerRules ?? []).entries()) {
    for (const field of ['excludedPaths', 'includedPaths'] as const) {
      for (const [entry, { regex }] of (rule[field] ?? []).entries()) {
        const problem = regex === undefined ? undefined : re2Problem(regex);
        if (problem === undefined) continue;
        const place = [...path, 'triggerRules', index, field, entry, 'regex'];
        report.error(place, `is not a regular expression in RE2 syntax: ${problem}`);
      }
    }
  }
}
