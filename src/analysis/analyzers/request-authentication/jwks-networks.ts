/** Fetching of keys for tokens: the control plane should not be led into networks of its own. */

import type { KindTypes } from '../../../api/generated/kind-types.ts';
import type { MeshObject } from '../../../config/object.ts';
import type { PodSpec } from '../../../model/workloads.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';

const VARIABLE = 'BLOCKED_CIDRS_IN_JWKS_URIS';
/** Names that a message spells out. */
const MAX_NAMES = 5;

export const analyzer: Analyzer = {
  name: 'authn.BlockedCIDRsAnalyzer',
  summary: 'The control plane fetches keys only from networks that it may reach',
  reads: ['apps/Deployment', 'security.istio.io/RequestAuthentication'],
  messages: [MESSAGES.JwksUriFetchUnrestricted],
  analyze({ snapshot, report }) {
    const fetching = snapshot
      .list('security.istio.io/RequestAuthentication')
      .filter(fetchesKeys)
      .map((object) => `${snapshot.namespaceOf(object)}/${object.meta.name}`);
    if (fetching.length === 0) return;
    const names = fetching.toSorted().slice(0, MAX_NAMES);
    const more = fetching.length - names.length;
    if (more > 0) names.push(`and ${more} more`);
    for (const object of snapshot.list('apps/Deployment')) {
      if (object.meta.labels['app'] !== 'istiod') continue;
      if (blocksNetworks(object.value.spec?.template?.spec ?? {})) continue;
      const path = ['spec', 'template', 'spec', 'containers', 0, 'env'];
      report(MESSAGES.JwksUriFetchUnrestricted, object, path, { count: fetching.length, names });
    }
  },
};

/** Keys that stand in the rule itself are fetched from nowhere. */
function fetchesKeys({ value }: MeshObject<KindTypes['security.istio.io/RequestAuthentication']>): boolean {
  return (value.spec?.jwtRules ?? []).some(({ jwks = '' }) => jwks === '');
}

function blocksNetworks({ containers = [] }: PodSpec): boolean {
  return containers.some(({ env = [] }) =>
    env.some(
      ({ name, value = '', valueFrom }) => name === VARIABLE && (value !== '' || valueFrom !== undefined),
    ),
  );
}
