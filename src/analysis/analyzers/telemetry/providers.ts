/** Access logging of a Telemetry needs a provider: its own, or the mesh's default. */

import type { Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';

export const analyzer: Analyzer = {
  name: 'telemetry.ProviderAnalyzer',
  summary: 'Access logging of a Telemetry has a provider',
  reads: ['telemetry.istio.io/Telemetry'],
  messages: [MESSAGES.InvalidTelemetryProvider],
  analyze({ snapshot, report }) {
    if ((snapshot.mesh.config.defaultProviders?.accessLogging ?? []).length > 0) return;
    for (const object of snapshot.list('telemetry.istio.io/Telemetry')) {
      for (const [index, { disabled, providers = [] }] of (
        object.value.spec?.accessLogging ?? []
      ).entries()) {
        if (disabled === true || providers.length > 0) continue;
        report(MESSAGES.InvalidTelemetryProvider, object, ['spec', 'accessLogging', index], {
          name: object.meta.name,
          namespace: snapshot.namespaceOf(object),
        });
      }
    }
  },
};
