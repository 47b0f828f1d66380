/** Rules of RequestAuthentication. https://istio.io/latest/docs/reference/config/security/request_authentication/ */

import type {
  JWTRule,
  RequestAuthentication,
} from '../../../api/generated/types/security.istio.io/RequestAuthentication.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import { checkDuration } from '../networking/duration-field.ts';
import type { KindRules, RuleReport } from '../rule.ts';
import { checkJwksUri, findJwksProblem } from './jwt.ts';
import { checkAttachment } from './target-ref.ts';

export const kinds = ['security.istio.io/RequestAuthentication'] as const;

export const rules: KindRules<RequestAuthentication> = (object, report) => {
  const spec = object.value.spec ?? {};
  checkAttachment(report, ['spec'], spec);
  for (const [index, rule] of (spec.jwtRules ?? []).entries()) {
    checkJwtRule(report, ['spec', 'jwtRules', index], rule);
  }
};

function checkJwtRule(report: RuleReport, path: FieldPath, rule: JWTRule): void {
  if (rule.issuer === undefined && rule.jwksUri === undefined && rule.jwks_uri === undefined) {
    report.error(path, 'must have an issuer or a jwksUri', { check: 'MissingField' });
  }
  for (const field of ['jwksUri', 'jwks_uri'] as const) checkJwksUri(report, [...path, field], rule[field]);
  if (rule.jwks !== undefined && rule.jwks !== '') {
    const { problem, privateKeys } = findJwksProblem(rule.jwks);
    if (problem !== undefined) report.error([...path, 'jwks'], `is no JSON Web Key Set: ${problem}`);
    for (const index of privateKeys) {
      report.warn(
        [...path, 'jwks'],
        `key ${index} holds private key material, and tokens are checked with public keys`,
        {
          hint: 'Keep private keys out of the configuration: who can read it can sign tokens.',
        },
      );
    }
  }
  checkDuration(report, [...path, 'timeout'], rule.timeout);
}
