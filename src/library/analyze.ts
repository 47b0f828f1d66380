/** `analyze` of the library: what `mesh analyze` does, on texts. */

import type { Result } from './diagnostic.ts';
import type { Input } from './input.ts';
import { parseFiles } from './parse-files.ts';
import { messageDiagnostic, problemDiagnostic, resultOf } from './to-diagnostic.ts';

export interface AnalyzeOptions {
  /** As for `validate`. */
  readonly strictFiles?: boolean;
  /** As for `validate`. */
  readonly defaultNamespace?: string;
  /** Where the control plane runs; `istio-system` unless said otherwise. */
  readonly istioNamespace?: string;
  /** The domain of the cluster; `cluster.local` unless said otherwise. */
  readonly clusterDomain?: string;
  /** Codes to report, as `IST0101`; all unless given. */
  readonly only?: readonly string[];
  /** Codes to leave out. */
  readonly skip?: readonly string[];
  /** The time to check certificates against, in milliseconds since 1970; the clock's unless given. */
  readonly now?: number;
}

/**
 * Checks how the objects work together, as the control plane would see them, with all analyzers. Errors of
 * `validate` are findings here, too. Never rejects because of what the files hold.
 */
export async function analyze(input: Input, options: AnalyzeOptions = {}): Promise<Result> {
  const [loaded, checks, analysis, { ANALYZERS }, { meshFromObjects }, { meshSettings }] = await Promise.all([
    parseFiles(input, options.strictFiles === true),
    import('../config/validate.ts'),
    import('../analysis/analyze.ts'),
    import('../analysis/generated/analyzers.ts'),
    import('../analysis/mesh-input.ts'),
    import('../model/mesh-settings.ts'),
  ]);
  const { defaultNamespace = 'default', istioNamespace = 'istio-system' } = options;
  const settings = meshFromObjects(loaded.objects, istioNamespace, defaultNamespace);
  const mesh = meshSettings(settings.config, {
    networks: settings.networks,
    istioNamespace,
    domain: options.clusterDomain,
  });
  const checked = await checks.validate(loaded.objects, {
    // References are what analyzers are there for.
    referential: false,
    defaultNamespace,
    rootNamespace: mesh.rootNamespace,
  });
  const findingsOf = new Map(checked.map(({ object, findings }) => [object, findings]));
  const { messages } = analysis.analyzeObjects(
    loaded.objects.map((object) => {
      const findings = findingsOf.get(object) ?? [];
      return { object, findings, wellTyped: !findings.some(({ check }) => check === 'WrongType') };
    }),
    {
      analyzers: ANALYZERS,
      mesh,
      now: options.now ?? Date.now(),
      defaultNamespace,
      ...(options.only === undefined ? {} : { only: new Set(options.only) }),
      ...(options.skip === undefined ? {} : { skip: new Set(options.skip) }),
    },
  );
  return resultOf([...loaded.problems.map(problemDiagnostic), ...messages.map(messageDiagnostic)], loaded);
}
