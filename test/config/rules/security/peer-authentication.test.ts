import { describe, expect, test } from 'vitest';
import { validationOf } from '../core/run-rules.ts';

const policy = (spec: string): string =>
  `{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: x}, spec: ${spec}}`;
const SELECTOR = 'selector: {matchLabels: {app: a}}';

describe('a PeerAuthentication', () => {
  test.each([
    '{}',
    '{mtls: {mode: STRICT}}',
    `{${SELECTOR}}`,
    `{${SELECTOR}, mtls: {mode: UNSET}, portLevelMtls: {8080: {mode: DISABLE}, "65535": {}}}`,
  ])('with the spec %s is fine', async (spec) => {
    expect(await validationOf(policy(spec))).toEqual([]);
  });

  test.each([
    ['{mtls: {mode: strict}}', 'Error InvalidValue spec.mtls.mode'],
    ['{selector: {}}', 'Warning Questionable spec.selector'],
    ['{portLevelMtls: {80: {}}}', 'Error InvalidValue spec.portLevelMtls'],
    [`{${SELECTOR}, portLevelMtls: {}}`, 'Error InvalidValue spec.portLevelMtls'],
    [`{${SELECTOR}, portLevelMtls: {0: {}}}`, 'Error InvalidValue spec.portLevelMtls["0"]'],
    [`{${SELECTOR}, portLevelMtls: {65536: {}}}`, 'Error InvalidValue spec.portLevelMtls["65536"]'],
    [`{${SELECTOR}, portLevelMtls: {http: {}}}`, 'Error InvalidValue spec.portLevelMtls.http'],
    [`{${SELECTOR}, portLevelMtls: {80: {mode: FOO}}}`, 'Error InvalidValue spec.portLevelMtls["80"].mode'],
  ])('with the spec %s: %s', async (spec, finding) => {
    expect((await validationOf(policy(spec)))[0]).toBe(finding);
  });
});
