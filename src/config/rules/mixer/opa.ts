/** Rules of opa: that there is a policy, and a rule of it to ask. */

import type { Opa } from '../../../api/generated/types/config.istio.io/opa.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { KindRules } from '../rule.ts';

export const kinds = ['config.istio.io/opa'] as const;

export const rules: KindRules<Opa> = (object, report) => {
  const { policy = [], checkMethod = '', failClose = false } = object.value.spec ?? {};
  // With failClose the adapter starts in spite of a fault, and refuses every request.
  const fault = (path: FieldPath, message: string, hint: string): void => {
    if (failClose) report.warn(path, `${message}, so every request is refused`, { hint });
    else report.error(path, message, { hint });
  };
  if (checkMethod === '')
    fault(['spec', 'checkMethod'], 'there is no rule to ask', 'Set checkMethod, as "data.mixerauthz.allow".');
  else if (!/^data(\.[A-Za-z_]\w*){2,}$/.test(checkMethod)) {
    report.warn(['spec', 'checkMethod'], `${JSON.stringify(checkMethod)} is no rule of a package`, {
      hint: 'Write data, the package and the rule, as "data.mixerauthz.allow".',
    });
  }
  if (policy.length === 0) fault(['spec', 'policy'], 'there is no policy', 'Add a Rego module.');
  for (const [index, text] of policy.entries()) {
    // A module begins with its package; only comments may come before.
    const first = text.split('\n').find((line) => !/^\s*(#|$)/.test(line)) ?? '';
    if (/^\s*package\s+[A-Za-z_]/.test(first)) continue;
    fault(
      ['spec', 'policy', index],
      'the policy does not begin with its package',
      'Put "package <name>" first.',
    );
  }
};
