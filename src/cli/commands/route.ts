/** `mesh route`: where a request goes, and why. */

import { MeshError } from '../../base/mesh-error.ts';
import type { CommandMetadata, Invocation } from '../command.ts';
import type { Context } from '../context.ts';
import type { GlobalFlags } from '../global-flags.ts';

export const metadata = {
  path: ['route'],
  summary: 'Tell where a request goes, and which rule sends it there',
  description:
    'Makes of the files what a gateway or a sidecar would be told, asks it for one request, and shows the rule ' +
    'that takes it with its file and line: destinations with weights and endpoints, rewrites, timeout, retries, ' +
    'mirrors, faults; or why nothing takes it. Rules that were asked before are listed with the condition that ' +
    'does not hold.\n\n' +
    'Without files, or with --use-kube beside them, the cluster is read, where a file stands for the object of its ' +
    'name.\n\n' +
    '"mesh route test" runs a table of expectations; see docs/route.md.',
  examples: [
    { text: 'Through the gateway', command: 'mesh route --host shop.example --path /fruits manifests/' },
    {
      text: 'With a header',
      command: 'mesh route --host shop.example --header version=2 manifests/',
    },
    {
      text: 'From a workload of the mesh',
      command: 'mesh route --from shop/web --host fruits --path /v1 manifests/',
    },
    {
      text: 'In a cluster, as it would be with these files',
      command: 'mesh route --use-kube --host shop.example new/',
    },
    { text: 'For scripts', command: 'mesh route --host shop.example -o json manifests/' },
  ],
  args: [
    {
      name: 'FILE',
      description: 'File, folder, or - for standard input',
      optional: true,
      repeated: true,
      complete: 'files',
    },
  ],
  flags: {
    filename: {
      type: 'strings',
      short: 'f',
      value: 'FILE',
      commas: true,
      settable: false,
      complete: 'files',
      description: 'File, folder, or - for standard input; may be repeated',
    },
    'use-kube': {
      type: 'boolean',
      short: 'k',
      description: 'Take what a cluster holds, with the files in it; true when no files are given',
    },
    host: {
      type: 'string',
      value: 'HOST',
      settable: false,
      description: 'Host that the request names, with its port if it names one',
    },
    path: {
      type: 'string',
      value: 'PATH',
      default: '/',
      settable: false,
      description: 'Path of the request, with its query',
    },
    method: { type: 'string', value: 'METHOD', default: 'GET', settable: false, description: 'Method' },
    header: {
      type: 'strings',
      short: 'H',
      value: 'NAME=VALUE',
      settable: false,
      description: 'Header of the request; may be repeated',
    },
    port: {
      type: 'integer',
      value: 'PORT',
      settable: false,
      description:
        'Port that the client calls; left out: that of the host, or 80, or 443, or the lowest open one',
    },
    gateway: {
      type: 'string',
      value: 'NAMESPACE/NAME',
      settable: false,
      description: 'Gateway that is asked; needed only when several of them take the request',
    },
    from: {
      type: 'string',
      value: 'NAMESPACE/WORKLOAD',
      settable: false,
      description: 'Workload whose sidecar is asked, or only its namespace, in place of a gateway',
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
      values: ['text', 'json', 'yaml'],
      description: 'Format of the answer',
    },
  },
  exitCodes: {
    0: 'The request goes somewhere',
    1: 'It does not, or a file cannot be read',
    2: 'Wrong usage',
  },
} as const satisfies CommandMetadata;

export type RouteInvocation = Invocation<GlobalFlags & typeof metadata.flags>;

export async function run(invocation: RouteInvocation, context: Context): Promise<number> {
  const { args, flags, given } = invocation;
  const paths = [...flags.filename, ...args];
  const example = 'Example: mesh route --host shop.example --path /fruits manifests/';
  if ((flags.host ?? '') === '') {
    throw new MeshError('MissingArgument', 'a request needs a host: --host', { hint: example });
  }
  const withCluster = given.has('use-kube') ? flags['use-kube'] : paths.length === 0;
  if (!withCluster && paths.length === 0) {
    throw new MeshError('MissingArgument', 'there are no files to take routes from', { hint: example });
  }
  const { routeFiles } = await import('../route/route-files.ts');
  return routeFiles(paths, invocation, context, withCluster);
}
