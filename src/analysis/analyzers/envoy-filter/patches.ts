/** Patches of EnvoyFilters: operations that have no effect, and ones that depend on what others did before. */

import type { KindTypes } from '../../../api/generated/kind-types.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';
import type { MessageType } from '../../message.ts';

type EnvoyFilterSpec = NonNullable<KindTypes['networking.istio.io/EnvoyFilter']['spec']>;
type ConfigPatch = NonNullable<EnvoyFilterSpec['configPatches']>[number];

/** What ADD and REMOVE cannot be applied to. */
const FIXED = new Set(['ROUTE_CONFIGURATION', 'HTTP_ROUTE']);
/** What REPLACE can be applied to. */
const REPLACEABLE = new Set(['NETWORK_FILTER', 'HTTP_FILTER', 'VIRTUAL_HOST']);
const RELATIVE = new Set(['INSERT_BEFORE', 'INSERT_AFTER', 'REPLACE', 'REMOVE']);

export const analyzer: Analyzer = {
  name: 'envoyfilter.EnvoyPatchAnalyzer',
  summary: 'Patches of EnvoyFilters have an effect, whatever else is applied',
  reads: ['networking.istio.io/EnvoyFilter'],
  messages: [
    MESSAGES.EnvoyFilterUsesRelativeOperation,
    MESSAGES.EnvoyFilterUsesReplaceOperationIncorrectly,
    MESSAGES.EnvoyFilterUsesAddOperationIncorrectly,
    MESSAGES.EnvoyFilterUsesRemoveOperationIncorrectly,
    MESSAGES.EnvoyFilterUsesRelativeOperationWithProxyVersion,
  ],
  analyze({ snapshot, report }) {
    // Names of what earlier patches did for certain proxy versions only: a relative patch on one of them may miss it.
    const versioned = new Set<string>();
    for (const object of snapshot.list('networking.istio.io/EnvoyFilter')) {
      const { configPatches = [], priority = 0 } = object.value.spec ?? {};
      // A priority mends all patches of the object at once, so each kind of message is given at the first of them.
      const told = new Set<MessageType>();
      for (const [index, entry] of configPatches.entries()) {
        if (entry.patch === undefined) break;
        const { operation = '' } = entry.patch;
        const { applyTo = '' } = entry;
        const path = ['spec', 'configPatches', index];
        const name = patchedName(entry);
        const at = [...path, 'patch', 'operation'];
        if (operation === 'ADD' && FIXED.has(applyTo)) {
          report(MESSAGES.EnvoyFilterUsesAddOperationIncorrectly, object, at, { applyTo });
        } else if (operation === 'REMOVE' && FIXED.has(applyTo)) {
          report(MESSAGES.EnvoyFilterUsesRemoveOperationIncorrectly, object, at, { applyTo });
        } else if (operation === 'REPLACE' && !REPLACEABLE.has(applyTo)) {
          report(MESSAGES.EnvoyFilterUsesReplaceOperationIncorrectly, object, at, { applyTo });
        } else if (RELATIVE.has(operation) && priority === 0) {
          const type = versioned.has(name)
            ? MESSAGES.EnvoyFilterUsesRelativeOperationWithProxyVersion
            : MESSAGES.EnvoyFilterUsesRelativeOperation;
          if (!told.has(type)) report(type, object, at, { operation });
          told.add(type);
        }
        if ((entry.match?.proxy?.proxyVersion ?? '') !== '') versioned.add(name);
      }
    }
  },
};

/** The name of what a patch adds, else of the filter that it is placed at; '' when it has neither. */
function patchedName({ patch, match }: ConfigPatch): string {
  const value = patch?.value;
  if (value === undefined) return '';
  const name = value['name'];
  if (typeof name === 'string') return name;
  return match?.listener?.filterChain?.filter?.name ?? '';
}
