/** `mesh authn tls-check`: whether clients and servers agree on mutual TLS. */

import type { CommandMetadata, Invocation } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { GlobalFlags } from '../../global-flags.ts';

export const metadata = {
  path: ['authn', 'tls-check'],
  summary: 'Tell whether clients and servers agree on mutual TLS',
  description:
    'For each host and port that a workload can call: what the server accepts and by which policy, what the client ' +
    'opens and by which DestinationRule, and whether that fits: OK, AUTO (the client finds out by itself) or ' +
    'CONFLICT. Policies of security.istio.io and of authentication.istio.io count.\n\n' +
    'With --filename the answer is made of files alone, else of what the cluster holds.',
  examples: [
    { text: 'All hosts, as a pod sees them', command: 'mesh authn tls-check web-5d8f.shop' },
    {
      text: 'One host',
      command: 'mesh authn tls-check deploy/web.shop fruits.shop.svc.cluster.local',
    },
    { text: 'From files, before they are applied', command: 'mesh authn tls-check -f manifests/' },
    { text: 'For scripts', command: 'mesh authn tls-check -f manifests/ -o json --exit-code' },
  ],
  args: [
    {
      name: 'POD',
      description:
        'Calling pod, or TYPE/NAME; .NAMESPACE may follow. Any workload of --namespace when left out',
      optional: true,
      complete: 'pods',
    },
    { name: 'HOST', description: 'Only this host', optional: true },
  ],
  flags: {
    filename: {
      type: 'strings',
      short: 'f',
      value: 'FILE',
      commas: true,
      settable: false,
      complete: 'files',
      description: 'File, folder, or - for standard input, in place of a cluster; may be repeated',
    },
    meshConfigFile: {
      type: 'string',
      value: 'FILE',
      complete: 'files',
      description: "The mesh's settings; else those of the ConfigMap istio",
    },
    output: {
      type: 'string',
      short: 'o',
      value: 'FORMAT',
      default: 'table',
      values: ['table', 'json', 'yaml'],
      description: 'Format of the answer',
    },
    'exit-code': { type: 'boolean', description: 'Exit with 1 when there is a CONFLICT' },
    timeout: {
      type: 'duration',
      value: 'DURATION',
      default: '30s',
      description: 'Longest time that reading the cluster may take',
    },
  },
  exitCodes: {
    0: 'The answer was shown',
    1: 'Nothing can be read, nothing is found, or --exit-code found a conflict',
    2: 'Wrong usage',
  },
} as const satisfies CommandMetadata;

export type TlsCheckInvocation = Invocation<GlobalFlags & typeof metadata.flags>;

export async function run(invocation: TlsCheckInvocation, context: Context): Promise<number> {
  const { tlsCheck } = await import('../../authn/tls-check.ts');
  return tlsCheck(invocation, context);
}
