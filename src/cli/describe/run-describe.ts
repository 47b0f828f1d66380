/** `mesh experimental describe`: reads the mesh, finds what is meant, and prints what concerns it. */

import { MeshError } from '../../base/mesh-error.ts';
import { nearestName } from '../../base/nearest.ts';
import { fullHostname } from '../../model/hosts.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { parseReference } from '../../kube/pods.ts';
import { clusterSnapshot } from '../cluster-snapshot.ts';
import { type ClusterFlags, openCluster, timeoutSignal } from '../cluster.ts';
import type { Context } from '../context.ts';
import { loadSnapshot } from '../route/load-mesh.ts';
import { findWorkload } from '../workload-client.ts';
import { describeService, describeWorkload, type Description } from './description.ts';
import { describeText } from './text.ts';

export interface DescribeFlags extends ClusterFlags {
  readonly istioNamespace: string;
  readonly filename: readonly string[];
  readonly meshConfigFile: string | undefined;
  readonly ignoreUnmeshed: boolean;
  readonly output: 'text' | 'json' | 'yaml';
  readonly timeout: string;
}

/** What a description is made of. */
const KINDS = [
  'core/Namespace',
  'core/Service',
  'core/Pod',
  'networking.istio.io/ServiceEntry',
  'networking.istio.io/DestinationRule',
  'networking.istio.io/VirtualService',
  'security.istio.io/PeerAuthentication',
  'security.istio.io/RequestAuthentication',
  'security.istio.io/AuthorizationPolicy',
  'authentication.istio.io/Policy',
  'authentication.istio.io/MeshPolicy',
] as const;

/** Prints the description. Returns the exit code. */
export async function runDescribe(
  what: 'pod' | 'service',
  name: string,
  flags: DescribeFlags,
  context: Context,
): Promise<number> {
  const { snapshot, namespace } = await load(flags, context);
  const description =
    what === 'pod' ? ofPod(name, namespace, snapshot) : ofService(name, namespace, snapshot);
  switch (flags.output) {
    case 'text':
      context.stdout.write(describeText(description, flags.ignoreUnmeshed));
      break;
    case 'json':
      context.stdout.write(`${JSON.stringify(description, undefined, 2)}\n`);
      break;
    case 'yaml': {
      const { toYaml } = await import('../output/yaml.ts');
      context.stdout.write(toYaml(description));
    }
  }
  return 0;
}

async function load(
  flags: DescribeFlags,
  context: Context,
): Promise<{ readonly snapshot: Snapshot; readonly namespace: string }> {
  if (flags.filename.length > 0) {
    const { snapshot } = await loadSnapshot(flags.filename, flags, context);
    return { snapshot, namespace: flags.namespace ?? 'default' };
  }
  const cluster = await openCluster(flags, context);
  const snapshot = await clusterSnapshot(cluster.client, KINDS, flags, timeoutSignal(flags.timeout), context);
  return { snapshot, namespace: cluster.namespace };
}

function ofPod(name: string, namespace: string, snapshot: Snapshot): Description {
  return describeWorkload(snapshot, findWorkload(name, namespace, snapshot));
}

function ofService(typed: string, namespace: string, snapshot: Snapshot): Description {
  const reference = parseReference(typed, namespace);
  const { services } = snapshot;
  const host = fullHostname(typed.toLowerCase(), namespace, snapshot.mesh.domain);
  const found =
    services.all.find(
      ({ object, namespace: own }) => object.meta.name === reference.name && own === reference.namespace,
    ) ?? services.all.find(({ hostname }) => hostname === host);
  if (found !== undefined) return describeService(snapshot, found);
  const near = nearestName(
    `${reference.name}.${reference.namespace}`,
    services.all.map(({ object, namespace: own }) => `${object.meta.name}.${own}`),
  );
  throw new MeshError('NothingFound', `there is no service ${reference.namespace}/${reference.name}`, {
    hint: near === undefined ? undefined : `Did you mean ${near}?`,
  });
}
