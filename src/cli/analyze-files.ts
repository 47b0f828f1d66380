/** What `mesh analyze` does with files: read, check, analyze, report. */

import { analyzeObjects, type Analysis } from '../analysis/analyze.ts';
import { ANALYZERS } from '../analysis/generated/analyzers.ts';
import { meshFromObjects } from '../analysis/mesh-input.ts';
import type { Message } from '../analysis/message.ts';
import type { ReportFinding } from '../analysis/reporters/report.ts';
import { suppress, type Suppression } from '../analysis/suppress.ts';
import type { Level } from '../config/finding.ts';
import type { MeshObject } from '../config/object.ts';
import type { Loaded } from '../config/sources/files.ts';
import { validate } from '../config/validate.ts';
import { type MeshNetworks, type MeshSettings, meshSettings } from '../model/mesh-settings.ts';
import { chooseAnalyzers } from './analyzer-choice.ts';
import type { AnalyzeInvocation } from './commands/analyze.ts';
import type { Context } from './context.ts';
import { EXIT } from './exit-codes.ts';
import { loadInput } from './load-input.ts';
import { formatReport } from './output/report-format.ts';
import { readProjectFile } from './project-file.ts';
import { messageFinding, problemFinding } from './report-findings.ts';
import { count, summaryLine } from './summary.ts';
import { parseCodes, parseSuppression, unknownCodeWarning } from './suppressions.ts';
import { packageVersion } from '../base/package-version.ts';

const SEVERITY: Readonly<Record<Level, number>> = { Info: 0, Warning: 1, Error: 2 };

type Flags = AnalyzeInvocation['flags'];

/** Analyzes what the paths name. Returns the exit code, the same for every output format. */
export async function analyzeFiles(
  paths: readonly string[],
  { flags }: AnalyzeInvocation,
  context: Context,
): Promise<number> {
  // Slips in the flags come first: they cost nothing to find.
  const choice = chooseAnalyzers(flags.analyzer, ANALYZERS);
  const only = flags.only.length === 0 ? undefined : parseCodes('only', flags.only);
  const skip = parseCodes('skip', flags.skip);
  const project = await readProjectFile(context);
  const suppressions = [...flags.suppress.map(parseSuppression), ...project.suppressions];
  for (const suppression of suppressions) context.stderr.write(unknownCodeWarning(suppression) ?? '');

  const loaded = await loadInput(
    paths,
    { strictFiles: flags['strict-files'], knownExtensionsOnly: true },
    context,
  );
  const { mesh, networks } = await settingsOf(loaded.objects, flags, context);
  const checked = await checkedObjects(loaded.objects, mesh, flags);
  const analysis = analyzeObjects(checked, {
    ...choice,
    mesh,
    networks,
    now: context.now(),
    defaultNamespace: flags.namespace,
    suppressions,
    namespaces: flags.namespace === undefined || flags['all-namespaces'] ? undefined : [flags.namespace],
    excludedNamespaces: [...flags['exclude-namespace'], ...project.excludedNamespaces],
    only,
    skip,
  });
  const problems = flags['ignore-unknown'] ? [] : loaded.problems.map(problemFinding);
  const least = SEVERITY[flags['output-threshold']];
  const shown = analysis.messages.filter(({ type }) => SEVERITY[type.level] >= least).map(messageFinding);
  const suppressed = analysis.suppressed.map((message) => suppressedFinding(message, suppressions, flags));
  const report = {
    command: 'analyze',
    version: packageVersion(),
    files: loaded.files,
    base: context.cwd,
    findings: [...problems, ...shown, ...suppressed],
  } as const;
  context.stdout.write(await formatReport(report, flags.output, context));
  writeNotes(analysis, loaded, [...problems, ...shown], flags, context);
  return exitCode(analysis, problems.length > 0, flags);
}

/** What files named by flags say, else the ConfigMap of the input. */
async function settingsOf(
  objects: readonly MeshObject[],
  flags: Flags,
  context: Context,
): Promise<{ mesh: MeshSettings; networks: MeshObject<MeshNetworks> | undefined }> {
  const { istioNamespace, meshConfigFile, meshNetworksFile } = flags;
  const fromInput = meshFromObjects(objects, istioNamespace, flags.namespace, flags.revision);
  let { config, networksObject: networks } = fromInput;
  if (meshConfigFile !== undefined || meshNetworksFile !== undefined) {
    const { readMeshConfig, readMeshNetworks } = await import('./mesh-config-file.ts');
    if (meshConfigFile !== undefined) config = await readMeshConfig(meshConfigFile, context);
    if (meshNetworksFile !== undefined)
      networks = await readMeshNetworks(meshNetworksFile, istioNamespace, context);
  }
  const domain = flags['cluster-domain'];
  return {
    mesh: meshSettings(config, { networks: networks?.value, istioNamespace, domain }),
    networks,
  };
}

async function checkedObjects(
  objects: readonly MeshObject[],
  mesh: MeshSettings,
  flags: Flags,
): Promise<Parameters<typeof analyzeObjects>[0]> {
  const findings = await validate(objects, {
    // References are what analyzers are there for.
    referential: false,
    defaultNamespace: flags.namespace,
    rootNamespace: mesh.rootNamespace,
  });
  const byObject = new Map(findings.map((entry) => [entry.object, entry.findings]));
  return objects.map((object) => {
    const own = byObject.get(object) ?? [];
    return { object, findings: own, wellTyped: !own.some(({ check }) => check === 'WrongType') };
  });
}

function suppressedFinding(
  message: Message,
  suppressions: readonly Suppression[],
  flags: Flags,
): ReportFinding {
  const namespaceOf = (object: MeshObject): string => object.meta.namespace ?? flags.namespace ?? 'default';
  const hit = suppressions.find((one) => suppress([message], [one], namespaceOf).unused.length === 0);
  return { ...messageFinding(message), suppressed: hit?.reason === undefined ? {} : { reason: hit.reason } };
}

function exitCode(analysis: Analysis, unreadable: boolean, flags: Flags): number {
  if (flags['exit-zero']) return EXIT.ok;
  const least = SEVERITY[flags['failure-threshold']];
  if (analysis.messages.some(({ type }) => SEVERITY[type.level] >= least)) return EXIT.issues;
  return unreadable ? EXIT.badInput : EXIT.ok;
}

function writeNotes(
  analysis: Analysis,
  loaded: Loaded,
  findings: readonly ReportFinding[],
  flags: Flags,
  { stderr, verbose }: Context,
): void {
  for (const unused of analysis.unusedSuppressions) {
    if (unknownCodeWarning(unused) === undefined)
      stderr.write(`Warning: ${unused.origin}: nothing was there to suppress\n`);
  }
  const byMissing = Map.groupBy(analysis.skipped, ({ missing }) =>
    [...new Set(missing.map((key) => key.split('/').at(-1)))].join(' or '),
  );
  for (const [missing, analyzers] of byMissing) {
    stderr.write(
      `Note: not checked, for the input has no ${missing}: ${analyzers.map(({ name }) => name).join(', ')}\n`,
    );
  }
  if (loaded.skipped > 0 && !flags['strict-files']) {
    stderr.write(`Note: passed over, as no Kubernetes objects: ${count(loaded.skipped, 'document')}\n`);
  }
  if (verbose) stderr.write(`Note: ${count(analysis.suppressed.length, 'finding')} suppressed\n`);
  if (flags.output !== 'log') return;
  stderr.write(
    summaryLine(findings, [
      [loaded.files.length, 'file'],
      [loaded.objects.length, 'object'],
      [analysis.namespaces.length, 'namespace'],
    ]),
  );
}
