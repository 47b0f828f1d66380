/** `mesh analyze`: mistakes that only show between objects. */

import { MeshError } from '../../base/mesh-error.ts';
import type { CommandMetadata, Invocation } from '../command.ts';
import type { Context } from '../context.ts';
import type { GlobalFlags } from '../global-flags.ts';
import { INPUT_ARGS, INPUT_FLAGS, RECURSIVE_FLAGS, REPORT_FLAGS } from '../input-flags.ts';

const LEVELS = ['Info', 'Warning', 'Error'] as const;

export const metadata = {
  path: ['analyze'],
  formerly: [['experimental', 'analyze']],
  summary: 'Find mistakes that only show between objects',
  description:
    'Analyzes the configuration of a mesh as a whole: hosts that lead nowhere, policies that select nothing, ' +
    'rules that hide one another. Reads YAML and JSON files, folders with all below them, and standard input ' +
    '(-). Objects of all kinds count, Services, Pods, Namespaces and Secrets too.\n\n' +
    'Without files, or with --use-kube beside them, the cluster is read, where a file stands for the object of its ' +
    'name. Only the kinds that the analyzers look at are listed; one that may not be read becomes a note that ' +
    'names the right. Reported is on the namespace of the context, or of --namespace, or on all with ' +
    '--all-namespaces, but for those of Kubernetes itself; and on those of files.\n\n' +
    'Findings go to standard output, notes to standard error. Accepted findings are named by --suppress, by the ' +
    'annotation galley.istio.io/analyze-suppress, or in the file .mesh.yaml of the project.',
  examples: [
    { text: 'The namespace of the context, in the cluster', command: 'mesh analyze' },
    { text: 'All namespaces of the cluster', command: 'mesh analyze -A' },
    { text: 'The cluster as it would be with these files', command: 'mesh analyze --use-kube -A new/' },
    {
      text: 'Files and folders, without a cluster',
      command: 'mesh analyze --use-kube=false gateway.yaml policies/',
    },
    {
      text: 'What kustomize builds',
      command: 'kustomize build overlays/prod | mesh analyze --use-kube=false -',
    },
    { text: 'For code scanning', command: 'mesh analyze --use-kube=false -o sarif manifests/ > mesh.sarif' },
    {
      text: 'Fail on warnings too',
      command: 'mesh analyze --use-kube=false --failure-threshold Warning manifests/',
    },
    {
      text: 'Accept pods without a sidecar in the namespace testing',
      command: 'mesh analyze --use-kube=false -S "IST0103=Pod testing/*" manifests/',
    },
    { text: 'Two codes only', command: 'mesh analyze --use-kube=false --only IST0101,IST0106 manifests/' },
    { text: 'Which analyzers are there?', command: 'mesh analyze --list-analyzers' },
  ],
  args: INPUT_ARGS,
  flags: {
    'use-kube': {
      type: 'boolean',
      short: 'k',
      description: 'Analyze a live cluster; true when no files are given',
    },
    ...INPUT_FLAGS,
    ...REPORT_FLAGS,
    'output-threshold': {
      type: 'string',
      value: 'LEVEL',
      default: 'Info',
      values: LEVELS,
      description: 'Show findings of this level and above',
    },
    'failure-threshold': {
      type: 'string',
      value: 'LEVEL',
      default: 'Error',
      values: LEVELS,
      description: 'Exit with 79 on findings of this level and above',
    },
    'exit-zero': { type: 'boolean', description: 'Exit with 0 whatever is found' },
    'all-namespaces': {
      type: 'boolean',
      short: 'A',
      description: 'Report on all namespaces; of files alone that is done unless --namespace is given',
    },
    'exclude-namespace': {
      type: 'strings',
      value: 'NAMESPACE',
      commas: true,
      description: 'Report nothing on objects of this namespace; may be repeated',
    },
    suppress: {
      type: 'strings',
      short: 'S',
      value: 'CODE[=RESOURCE]',
      complete: 'codes',
      description:
        'Accept a code, everywhere or on resources written "Kind namespace/name", with * for any text; may be repeated',
    },
    only: {
      type: 'strings',
      value: 'CODE',
      commas: true,
      complete: 'codes',
      description: 'Report these codes only',
    },
    skip: {
      type: 'strings',
      value: 'CODE',
      commas: true,
      complete: 'codes',
      description: 'Do not report these codes',
    },
    analyzer: {
      type: 'strings',
      value: 'NAME',
      commas: true,
      complete: 'analyzers',
      description: 'Run this analyzer only; may be repeated',
    },
    'list-analyzers': {
      type: 'boolean',
      short: 'L',
      settable: false,
      description: 'List the analyzers and their codes instead',
    },
    meshConfigFile: {
      type: 'string',
      value: 'FILE',
      complete: 'files',
      description: "The mesh's settings; else those of the ConfigMap istio of the input",
    },
    meshNetworksFile: {
      type: 'string',
      value: 'FILE',
      complete: 'files',
      description: "The mesh's networks; else those of the ConfigMap istio of the input",
    },
    'cluster-domain': {
      type: 'string',
      value: 'DOMAIN',
      default: 'cluster.local',
      description: 'Domain of the names of services',
    },
    'ignore-unknown': { type: 'boolean', description: 'Pass over documents that cannot be read' },
    'strict-files': {
      type: 'boolean',
      description: 'Count documents that are no Kubernetes objects as unreadable',
    },
    timeout: {
      type: 'duration',
      value: 'DURATION',
      default: '30s',
      description: 'Longest wait for a cluster',
    },
    ...RECURSIVE_FLAGS,
    revision: {
      type: 'string',
      short: 'r',
      value: 'NAME',
      complete: 'revisions',
      hidden: true,
      description: 'Revision of the control plane',
    },
    'remote-contexts': {
      type: 'strings',
      value: 'NAME',
      hidden: true,
      description: 'Contexts of remote clusters',
    },
    discovery: {
      type: 'boolean',
      short: 'd',
      hidden: true,
      settable: false,
      description: 'Accepted and ignored',
    },
  },
  exitCodes: {
    0: 'Nothing at or above the failure threshold',
    1: 'The analysis could not be done',
    2: 'Wrong usage',
    65: 'Some input could not be read, and nothing else was found',
    79: 'Findings at or above the failure threshold',
  },
} as const satisfies CommandMetadata;

export type AnalyzeInvocation = Invocation<typeof metadata.flags & GlobalFlags>;

export async function run(invocation: AnalyzeInvocation, context: Context): Promise<number> {
  const { args, flags, given } = invocation;
  if (flags['list-analyzers']) {
    const { listAnalyzers } = await import('../list-analyzers.ts');
    return listAnalyzers(flags.output, context);
  }
  const paths = [...flags.filename, ...args];
  const withCluster = given.has('use-kube') ? flags['use-kube'] : paths.length === 0;
  if (!withCluster && paths.length === 0) throw nothingGiven();
  if (withCluster && flags['remote-contexts'].length > 0) throw severalClusters(flags['remote-contexts']);
  const { analyzeFiles } = await import('../analyze-files.ts');
  try {
    return await analyzeFiles(paths, invocation, context, withCluster);
  } catch (error) {
    if (!(error instanceof MeshError) || error.code !== 'NoKubeconfig') throw error;
    throw new MeshError(error.code, error.message, {
      hint: `${error.hint ?? ''}\n  Or analyze files, for which no cluster is needed: mesh analyze --use-kube=false manifests/`,
      cause: error,
    });
  }
}

function severalClusters(contexts: readonly string[]): MeshError {
  return new MeshError('NotSupported', 'several clusters are not analyzed in one run', {
    hint: `Run it once for each: ${contexts.map((name) => `mesh analyze --context ${name}`).join('; ')}.`,
  });
}

function nothingGiven(): MeshError {
  return new MeshError('MissingArgument', 'without a cluster there must be files to analyze', {
    hint: 'For example: mesh analyze --use-kube=false manifests/. Run "mesh analyze --help" for more.',
  });
}
