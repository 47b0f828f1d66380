/** `mesh route test`: a table of expectations on where requests go. */

import { MeshError } from '../../../base/mesh-error.ts';
import type { CommandMetadata, Invocation } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { GlobalFlags } from '../../global-flags.ts';

export const metadata = {
  path: ['route', 'test'],
  summary: 'Run a table of expectations on where requests go',
  description:
    'Runs cases, each a request and where it should go, against what the files make of it. Cases stand in YAML ' +
    'files among the manifests, or in those of --tests, as a list "tests", or as "testCases" of ' +
    'istio-config-validator; docs/route.md describes both. A case that fails says which rule won instead, with ' +
    'its file and line.\n\n' +
    'Without manifests, or with --use-kube beside them, the cluster is read, where a file stands for the object of ' +
    'its name; cases then come from --tests.',
  examples: [
    { text: 'Manifests and cases in one folder', command: 'mesh route test manifests/' },
    { text: 'Cases apart', command: 'mesh route test --tests cases/ manifests/' },
    { text: 'Against a cluster', command: 'mesh route test --tests cases/' },
    { text: 'For a CI server', command: 'mesh route test -o junit manifests/ > routes.xml' },
  ],
  args: [{ name: 'FILE', description: 'File or folder', optional: true, repeated: true, complete: 'files' }],
  flags: {
    filename: {
      type: 'strings',
      short: 'f',
      value: 'FILE',
      commas: true,
      settable: false,
      complete: 'files',
      description: 'File or folder; may be repeated',
    },
    'use-kube': {
      type: 'boolean',
      short: 'k',
      description: 'Take what a cluster holds, with the files in it; true when no files are given',
    },
    tests: {
      type: 'strings',
      short: 't',
      value: 'FILE',
      commas: true,
      complete: 'files',
      description: 'File or folder of cases; those among the manifests are then not read. May be repeated',
    },
    gateway: {
      type: 'string',
      value: 'NAMESPACE/NAME',
      settable: false,
      description: 'Gateway that is asked where a case names none',
    },
    from: {
      type: 'string',
      value: 'NAMESPACE/WORKLOAD',
      settable: false,
      description: 'Workload whose sidecar is asked where a case names none',
    },
    meshConfigFile: {
      type: 'string',
      value: 'FILE',
      complete: 'files',
      description: "The mesh's settings; else those of the ConfigMap istio of the input",
    },
    timeout: {
      type: 'duration',
      value: 'DURATION',
      default: '30s',
      description: 'Longest time that reading the cluster may take',
    },
    output: {
      type: 'string',
      short: 'o',
      value: 'FORMAT',
      default: 'text',
      values: ['text', 'json', 'junit'],
      description: 'Format of the results',
    },
  },
  exitCodes: { 0: 'All cases pass', 1: 'A case fails, or a file cannot be read', 2: 'Wrong usage' },
} as const satisfies CommandMetadata;

export type RouteTestInvocation = Invocation<GlobalFlags & typeof metadata.flags>;

export async function run(invocation: RouteTestInvocation, context: Context): Promise<number> {
  const { args, flags, given } = invocation;
  const paths = [...flags.filename, ...args];
  const withCluster = given.has('use-kube')
    ? flags['use-kube']
    : paths.length === 0 && flags.tests.length > 0;
  if (paths.length === 0 && flags.tests.length === 0) {
    throw new MeshError('MissingArgument', 'there are no files with cases', {
      hint: 'Example: mesh route test --tests cases/ manifests/',
    });
  }
  if (!withCluster && paths.length === 0) {
    throw new MeshError('MissingArgument', 'there are no files to take routes from', {
      hint: 'Example: mesh route test --tests cases/ manifests/',
    });
  }
  const { testFiles } = await import('../../route/test-files.ts');
  return testFiles(paths, invocation, context, withCluster);
}
