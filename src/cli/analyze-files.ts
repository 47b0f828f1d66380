/** What `mesh analyze` does with files and a cluster: read, check, analyze, report. */

import { analyzeObjects, type Analysis } from '../analysis/analyze.ts';
import { ANALYZERS } from '../analysis/generated/analyzers.ts';
import { meshFromObjects } from '../analysis/mesh-input.ts';
import type { Message } from '../analysis/message.ts';
import type { ReportFinding } from '../analysis/reporters/report.ts';
import { suppress, type Suppression } from '../analysis/suppress.ts';
import { CHECK_CODES, type Level } from '../config/finding.ts';
import type { MeshObject } from '../config/object.ts';
import type { Loaded } from '../config/sources/files.ts';
import { validate } from '../config/validate.ts';
import { type MeshNetworks, type MeshSettings, meshSettings } from '../model/mesh-settings.ts';
import { SYSTEM_NAMESPACES } from '../model/system-namespaces.ts';
import type { ClusterInput } from './analyze-cluster.ts';
import { type AnalyzerChoice, chooseAnalyzers } from './analyzer-choice.ts';
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

/** Analyzes what the paths name and, if asked to, the cluster. Returns the exit code, the same for every output format. */
export async function analyzeFiles(
  paths: readonly string[],
  { flags }: AnalyzeInvocation,
  context: Context,
  withCluster = false,
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
  const cluster = withCluster ? await readClusterOf(choice, { only, skip }, flags, context) : undefined;
  if (cluster?.isMissing === true) return EXIT.ok;
  // A file stands for what its object will be.
  const objects = withoutOverridden(cluster?.objects ?? [], loaded.objects, flags.namespace);
  const { mesh, networks } = await settingsOf(objects, flags, context);
  const checked = await checkedObjects(objects, mesh, flags);
  const analysis = analyzeObjects(checked, {
    ...choice,
    ...(cluster === undefined ? {} : { complete: cluster.complete }),
    mesh,
    networks,
    now: context.now(),
    defaultNamespace: flags.namespace,
    suppressions,
    namespaces: namespacesOf(loaded.objects, cluster, flags),
    excludedNamespaces: [
      ...flags['exclude-namespace'],
      ...project.excludedNamespaces,
      // Of these the administrators of the cluster take care, not those of the mesh.
      ...(cluster === undefined ? [] : SYSTEM_NAMESPACES.filter((name) => name !== flags.namespace)),
    ],
    only,
    skip,
  });
  const problems = flags['ignore-unknown'] ? [] : loaded.problems.map(problemFinding);
  const least = SEVERITY[flags['output-threshold']];
  const found = analysis.messages.filter(({ type }) => SEVERITY[type.level] >= least).map(messageFinding);
  const shown = cluster === undefined ? found : found.map((one) => withoutAddress(one, cluster.server));
  const suppressed = analysis.suppressed.map((message) => suppressedFinding(message, suppressions, flags));
  const report = {
    command: 'analyze',
    version: packageVersion(),
    files: loaded.files,
    base: context.cwd,
    findings: [...problems, ...shown, ...suppressed],
  } as const;
  context.stdout.write(await formatReport(report, flags.output, context));
  writeNotes(analysis, { loaded, objects: objects.length, cluster }, [...problems, ...shown], flags, context);
  return exitCode(analysis, problems.length > 0, flags);
}

interface ClusterState extends ClusterInput {
  /** Address of the API server, with which the places of its objects begin. */
  readonly server: string;
  /** The namespace to report on. */
  readonly namespace: string;
  readonly requests: number;
  /** The namespace is not there, which has been told. */
  readonly isMissing: boolean;
}

/** Codes of what is found in objects by themselves, for which all kinds of the mesh are read. */
const VALIDATION_CODES = ['IST0106', 'IST0130', 'IST0131', 'IST0133', CHECK_CODES.Duplicate];

async function readClusterOf(
  { analyzers, withOnRequest, withValidation }: AnalyzerChoice,
  { only, skip }: { readonly only: ReadonlySet<string> | undefined; readonly skip: ReadonlySet<string> },
  flags: Flags,
  context: Context,
): Promise<ClusterState> {
  const [{ openCluster, timeoutSignal }, { readCluster }] = await Promise.all([
    import('./cluster.ts'),
    import('./analyze-cluster.ts'),
  ]);
  const { client, namespace } = await openCluster(flags, context);
  const isReported = (code: string): boolean => only?.has(code) !== false && !skip.has(code);
  const input = await readCluster(client, {
    analyzers: analyzers.filter(
      ({ messages, onRequest }) =>
        messages.some(({ code }) => isReported(code)) &&
        (onRequest !== true || withOnRequest || messages.some(({ code }) => only?.has(code) === true)),
    ),
    withValidation: withValidation && VALIDATION_CODES.some(isReported),
    istioNamespace: flags.istioNamespace,
    signal: timeoutSignal(flags.timeout),
  });
  const isMissing =
    !flags['all-namespaces'] &&
    input.complete.has('core/Namespace') &&
    !input.objects.some(({ key, meta }) => key === 'core/Namespace' && meta.name === namespace);
  if (isMissing) context.stderr.write(`namespace "${namespace}" not found\n`);
  return { ...input, server: client.url(''), namespace, requests: client.requests, isMissing };
}

/** The objects of the cluster but for those that a file has, and then those of the files. */
function withoutOverridden(
  cluster: readonly MeshObject[],
  files: readonly MeshObject[],
  namespace = 'default',
): readonly MeshObject[] {
  if (cluster.length === 0) return files;
  const id = ({ key, meta }: MeshObject): string => `${key} ${meta.namespace ?? namespace}/${meta.name}`;
  const overridden = new Set(files.map(id));
  return [...cluster.filter((object) => !overridden.has(id(object))), ...files];
}

/** Namespaces to report on: of a cluster one, unless all are asked for, and those of the files. */
function namespacesOf(
  files: readonly MeshObject[],
  cluster: ClusterState | undefined,
  flags: Flags,
): readonly string[] | undefined {
  if (flags['all-namespaces']) return undefined;
  if (cluster === undefined) return flags.namespace === undefined ? undefined : [flags.namespace];
  if (flags.namespace !== undefined) return [flags.namespace];
  return [...new Set([cluster.namespace, ...files.map(({ meta }) => meta.namespace ?? cluster.namespace)])];
}

/** An object of the cluster is known by its name; it is in no file. */
function withoutAddress(finding: ReportFinding, server: string): ReportFinding {
  if (finding.file?.startsWith(server) !== true) return finding;
  const { file: _file, line: _line, column: _column, ...rest } = finding;
  return rest;
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
  {
    loaded,
    objects,
    cluster,
  }: { readonly loaded: Loaded; readonly objects: number; readonly cluster: ClusterState | undefined },
  findings: readonly ReportFinding[],
  flags: Flags,
  { stderr, verbose }: Context,
): void {
  for (const note of cluster?.notes ?? []) stderr.write(`Note: ${note}\n`);
  if (verbose && cluster !== undefined)
    stderr.write(`Note: ${count(cluster.requests, 'request')} to the API server\n`);
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
      ...(loaded.files.length === 0 ? [] : [[loaded.files.length, 'file'] as const]),
      [objects, 'object'],
      [analysis.namespaces.length, 'namespace'],
    ]),
  );
}
