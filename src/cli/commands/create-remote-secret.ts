/** `mesh create-remote-secret`: lets a control plane of another cluster read this one. */

import type { CommandMetadata, Invocation } from '../command.ts';
import type { Context } from '../context.ts';
import type { GlobalFlags } from '../global-flags.ts';

export const metadata = {
  path: ['create-remote-secret'],
  formerly: [['experimental', 'create-remote-secret']],
  summary: 'Print the Secret by which another cluster reads this one',
  description:
    'Prints a Secret with a kubeconfig for this cluster, as the service account that may read it. Applied in the ' +
    'cluster of an istiod, it makes that one read the services here; mesh-controller reads one cluster, and no such ' +
    'Secret yet. The output holds a token: whoever has it may read this cluster.\n\n' +
    'The account comes with "mesh install --set values.global.multiCluster.enabled=true"; its token is made here, as ' +
    'a Secret beside it, which takes it back when it is deleted.',
  examples: [
    {
      text: 'The istiod of the context main reads the cluster of the context west',
      command: 'mesh create-remote-secret --context west --name west | kubectl --context main apply -f -',
    },
  ],
  args: [],
  flags: {
    name: {
      type: 'string',
      value: 'NAME',
      settable: false,
      description: 'Name of this cluster in the mesh; else one that is made from its id',
    },
    server: {
      type: 'string',
      value: 'URL',
      settable: false,
      description: 'Address under which this API server is reached from the other cluster',
    },
    'tls-server-name': {
      type: 'string',
      value: 'NAME',
      settable: false,
      description: 'Name that the certificate of the server is checked for, if not that of the address',
    },
    'service-account': {
      type: 'string',
      value: 'NAME',
      default: 'istio-reader-service-account',
      description: 'Account whose rights the other cluster gets',
    },
    'secret-name': {
      type: 'string',
      value: 'NAME',
      settable: false,
      description: 'Secret of the account with its token; made when it is not there',
    },
    type: {
      type: 'string',
      value: 'TYPE',
      default: 'remote',
      values: ['remote', 'config'],
      settable: false,
      description: 'What for: remote for a cluster of workloads, config for one that has the configuration',
    },
    'create-service-account': {
      type: 'boolean',
      hidden: true,
      settable: false,
      description: 'Accepted: the account comes with the installation',
    },
    timeout: {
      type: 'duration',
      value: 'DURATION',
      default: '30s',
      description: 'Longest wait for the token',
    },
  },
  exitCodes: {
    0: 'The Secret was printed',
    1: 'There is no such account, or no token for it',
    2: 'Wrong usage',
  },
} as const satisfies CommandMetadata;

export async function run(
  { flags }: Invocation<typeof metadata.flags & GlobalFlags>,
  context: Context,
): Promise<number> {
  const { createRemoteSecret } = await import('../remote-secret.ts');
  return createRemoteSecret(flags, context);
}
