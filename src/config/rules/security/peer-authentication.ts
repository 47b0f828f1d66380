/** Rules of PeerAuthentication. https://istio.io/latest/docs/reference/config/security/peer_authentication/ */

import type { PeerAuthentication } from '../../../api/generated/types/security.istio.io/PeerAuthentication.ts';
import type { KindRules } from '../rule.ts';
import { checkSelector } from '../workload-selector.ts';

export const kinds = ['security.istio.io/PeerAuthentication'] as const;

const PORT = /^[1-9]\d{0,4}$/;

export const rules: KindRules<PeerAuthentication> = (object, report) => {
  const { selector, portLevelMtls } = object.value.spec ?? {};
  if (selector !== undefined)
    checkSelector(report, ['spec', 'selector'], selector.matchLabels, 'matchLabels');
  if (portLevelMtls === undefined) return;
  if (Object.keys(selector?.matchLabels ?? {}).length === 0) {
    report.error(['spec', 'portLevelMtls'], 'modes of single ports need a selector with labels', {
      hint: 'Choose workloads with selector.matchLabels, or set mtls for all ports.',
    });
  }
  for (const port of Object.keys(portLevelMtls)) {
    if (PORT.test(port) && Number(port) <= 65_535) continue;
    report.error(
      ['spec', 'portLevelMtls', port],
      `"${port}" is no port: it must be a number from 1 to 65535`,
    );
  }
};
