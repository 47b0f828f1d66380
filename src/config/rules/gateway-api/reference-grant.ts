/** Rules of ReferenceGrant. https://gateway-api.sigs.k8s.io/reference/spec/#referencegrant */

import type { ReferenceGrant } from '../../../api/generated/types/gateway.networking.k8s.io/ReferenceGrant.ts';
import type { KindRules } from '../rule.ts';
import { checkGroupOfKind } from './group-kind.ts';

export const kinds = ['gateway.networking.k8s.io/ReferenceGrant'] as const;

export const rules: KindRules<ReferenceGrant> = (object, report) => {
  const own = object.meta.namespace;
  for (const [index, { group, kind, namespace }] of (object.value.spec?.from ?? []).entries()) {
    const path = ['spec', 'from', index];
    if (group !== undefined && kind !== undefined) checkGroupOfKind(report, path, group, kind);
    if (own !== undefined && namespace === own) {
      report.warn([...path, 'namespace'], `references inside the namespace ${own} need no grant`, {
        hint: 'Name the namespace that the references come from.',
      });
    }
  }
  for (const [index, { group, kind }] of (object.value.spec?.to ?? []).entries()) {
    if (group !== undefined && kind !== undefined)
      checkGroupOfKind(report, ['spec', 'to', index], group, kind);
  }
};
