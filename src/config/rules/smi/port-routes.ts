/** Rules of TCPRoute and UDPRoute: their ports. */

import type { TCPRoute } from '../../../api/generated/types/specs.smi-spec.io/TCPRoute.ts';
import type { UDPRoute } from '../../../api/generated/types/specs.smi-spec.io/UDPRoute.ts';
import type { KindRules } from '../rule.ts';

export const kinds = ['specs.smi-spec.io/TCPRoute', 'specs.smi-spec.io/UDPRoute'] as const;

export const rules: KindRules<TCPRoute | UDPRoute> = (object, report) => {
  // Older versions have no ports.
  const { matches } = ((object.value as { readonly spec?: unknown }).spec ?? {}) as {
    readonly matches?: { readonly ports?: readonly number[] };
  };
  const ports = matches?.ports ?? [];
  const seen = new Set<number>();
  for (const [index, port] of ports.entries()) {
    const again = seen.has(port);
    seen.add(port);
    if (!again) continue;
    report.warn(['spec', 'matches', 'ports', index], `port ${port} stands twice`, {
      check: 'Duplicate',
      hint: 'Remove one.',
    });
  }
};
