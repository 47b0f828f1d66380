/** Tracing through a Lightstep provider, which gave way to OpenTelemetry. */

import type { Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';

export const analyzer: Analyzer = {
  name: 'telemetry.LightstepAnalyzer',
  summary: 'No Telemetry traces through a Lightstep provider',
  reads: ['telemetry.istio.io/Telemetry'],
  messages: [MESSAGES.Deprecated],
  analyze({ snapshot, report }) {
    const lightstep = new Set(
      (snapshot.mesh.config.extensionProviders ?? [])
        .filter((provider) => provider.lightstep !== undefined)
        .map(({ name }) => name),
    );
    for (const object of snapshot.list('telemetry.istio.io/Telemetry')) {
      for (const [i, { providers = [] }] of (object.value.spec?.tracing ?? []).entries()) {
        for (const [j, { name }] of providers.entries()) {
          if (name === undefined || !lightstep.has(name)) continue;
          report(MESSAGES.Deprecated, object, ['spec', 'tracing', i, 'providers', j, 'name'], {
            detail: `the Lightstep provider ${name}; use an OpenTelemetry provider instead`,
          });
        }
      }
    }
  },
};
