/** Without automatic mutual TLS: rules for one host that undo the mutual TLS of a rule for many. */

import type { KindTypes } from '../../../api/generated/kind-types.ts';
import type { MeshObject } from '../../../config/object.ts';
import { fullHostname, hostCovers } from '../../../model/hosts.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import { isVisibleFrom, visibilityOf } from '../../../model/visibility.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';

type Rule = MeshObject<KindTypes['networking.istio.io/DestinationRule']>;

export const analyzer: Analyzer = {
  name: 'destinationrule.OverriddenTLSAnalyzer',
  summary: 'Rules for one host keep the mutual TLS that rules for many turn on',
  reads: ['networking.istio.io/DestinationRule'],
  messages: [MESH_MESSAGES.OverriddenMutualTLS],
  analyze({ snapshot, report }) {
    // Where mutual TLS is automatic, a rule without TLS settings leaves it on.
    if (snapshot.mesh.config.enableAutoMtls !== false) return;
    const rules = snapshot.list('networking.istio.io/DestinationRule');
    const wide = rules.filter(
      ({ value: { spec = {} } }) =>
        spec.host?.startsWith('*') === true && spec.trafficPolicy?.tls?.mode === 'ISTIO_MUTUAL',
    );
    for (const object of rules) {
      const { host = '', trafficPolicy = {} } = object.value.spec ?? {};
      const hasPorts = (trafficPolicy.portLevelSettings ?? []).some(({ tls }) => tls !== undefined);
      if (host === '' || trafficPolicy.tls !== undefined || hasPorts) continue;
      const hostname = fullHostname(host, snapshot.namespaceOf(object), snapshot.mesh.domain);
      const overridden = wide.find((rule) => overrides(snapshot, object, hostname, rule));
      if (overridden === undefined) continue;
      const path =
        object.value.spec?.trafficPolicy === undefined ? ['spec', 'host'] : ['spec', 'trafficPolicy'];
      report(MESH_MESSAGES.OverriddenMutualTLS, object, path, {
        rule: `${snapshot.namespaceOf(overridden)}/${overridden.meta.name}`,
        host,
      });
    }
  },
};

/** Whether clients that obeyed the wide rule obey the narrow one instead. */
function overrides(snapshot: Snapshot, narrow: Rule, hostname: string, wide: Rule): boolean {
  const wideHost = (wide.value.spec?.host ?? '').toLowerCase();
  if (wide === narrow || wideHost === hostname || !hostCovers(wideHost, hostname)) return false;
  const namespace = snapshot.namespaceOf(wide);
  const visibility = visibilityOf(
    narrow.value.spec?.exportTo,
    snapshot.namespaceOf(narrow),
    snapshot.mesh.config.defaultDestinationRuleExportTo,
  );
  return namespace === snapshot.mesh.rootNamespace || isVisibleFrom(visibility, namespace);
}
