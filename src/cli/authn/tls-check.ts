/** The answer of `mesh authn tls-check`. */

import { MeshError } from '../../base/mesh-error.ts';
import { nearestName } from '../../base/nearest.ts';
import type { DestinationRuleClient } from '../../model/destination-rules.ts';
import { fullHostname } from '../../model/hosts.ts';
import { type MutualTlsRow, mutualTlsRows } from '../../model/mutual-tls.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { TlsCheckInvocation } from '../commands/authn/tls-check.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { tabwriter } from '../output/tabwriter.ts';

const PADDING = 5;

/** What the answer is made of. */
const KINDS = [
  'core/Service',
  'core/Pod',
  'networking.istio.io/ServiceEntry',
  'networking.istio.io/DestinationRule',
  'security.istio.io/PeerAuthentication',
  'authentication.istio.io/Policy',
  'authentication.istio.io/MeshPolicy',
] as const;

/** Prints the answer. Returns the exit code. */
export async function tlsCheck(invocation: TlsCheckInvocation, context: Context): Promise<number> {
  const { args, flags } = invocation;
  const { snapshot, client } = await load(invocation, context);
  const all = mutualTlsRows(snapshot, client);
  const host = args[1];
  const wanted =
    host === undefined ? undefined : fullHostname(host.toLowerCase(), client.namespace, snapshot.mesh.domain);
  const rows = wanted === undefined ? all : all.filter((row) => row.host === wanted);
  if (rows.length === 0) throw nothingFound(all, wanted, client);
  if (flags.output === 'table') context.stdout.write(table(rows, snapshot));
  else {
    const records = rows.map((row) => record(row, snapshot));
    if (flags.output === 'json') {
      context.stdout.write(`${JSON.stringify(records, undefined, 2)}\n`);
    } else {
      const { toYaml } = await import('../output/yaml.ts');
      context.stdout.write(toYaml(records));
    }
  }
  const isConflict = rows.some(({ status }) => status === 'CONFLICT');
  return flags['exit-code'] && isConflict ? EXIT.failed : EXIT.ok;
}

interface Loaded {
  readonly snapshot: Snapshot;
  readonly client: DestinationRuleClient;
}

async function load(invocation: TlsCheckInvocation, context: Context): Promise<Loaded> {
  const { args, flags } = invocation;
  if (flags.filename.length > 0) {
    const { loadSnapshot } = await import('../route/load-mesh.ts');
    const { snapshot } = await loadSnapshot(flags.filename, flags, context);
    const { workloadClient } = await import('../workload-client.ts');
    return { snapshot, client: workloadClient(args[0], flags.namespace ?? 'default', snapshot) };
  }
  const [{ openCluster, timeoutSignal }, { clusterSnapshot }, { workloadClient }] = await Promise.all([
    import('../cluster.ts'),
    import('../cluster-snapshot.ts'),
    import('../workload-client.ts'),
  ]);
  const cluster = await openCluster(flags, context);
  const signal = timeoutSignal(flags.timeout);
  const { findPod } = await import('../../kube/pods.ts');
  const pod =
    args[0] === undefined ? undefined : await findPod(cluster.client, args[0], cluster.namespace, signal);
  const snapshot = await clusterSnapshot(cluster.client, KINDS, flags, signal, context);
  const name = pod === undefined ? undefined : `pod/${pod.name}.${pod.namespace}`;
  return { snapshot, client: workloadClient(name, cluster.namespace, snapshot) };
}

/** `namespace/name`; a policy of the whole mesh has no namespace. */
function nameOf(object: MutualTlsRow['policy'], snapshot: Snapshot): string {
  return object === undefined ? '-' : `${snapshot.namespaceOf(object)}/${object.meta.name}`;
}

function table(rows: readonly MutualTlsRow[], snapshot: Snapshot): string {
  const header = ['HOST:PORT', 'STATUS', 'SERVER', 'CLIENT', 'AUTHN POLICY', 'DESTINATION RULE'];
  const cells = rows.map((row) => [
    `${row.host}${row.subset === undefined ? '' : `|${row.subset}`}:${row.port}`,
    row.status,
    row.server,
    row.client ?? '-',
    nameOf(row.policy, snapshot),
    row.rule === undefined ? '-' : `${row.rule.namespace}/${row.rule.name}`,
  ]);
  return tabwriter([header, ...cells], PADDING);
}

function record(row: MutualTlsRow, snapshot: Snapshot): unknown {
  const { host, subset, port, status, server, client, policy, rule } = row;
  return {
    host,
    ...(subset !== undefined && { subset }),
    port,
    status,
    server,
    ...(client !== undefined && { client }),
    ...(policy !== undefined && {
      policy: { kind: policy.kind, namespace: snapshot.namespaceOf(policy), name: policy.meta.name },
    }),
    ...(rule !== undefined && { destinationRule: { namespace: rule.namespace, name: rule.name } }),
  };
}

function nothingFound(
  all: readonly MutualTlsRow[],
  wanted: string | undefined,
  client: DestinationRuleClient,
): MeshError {
  if (wanted === undefined) {
    return new MeshError(
      'NothingFound',
      `no service of the mesh can be called from namespace ${client.namespace}`,
    );
  }
  const near = nearestName(
    wanted,
    all.map(({ host }) => host),
  );
  return new MeshError(
    'NothingFound',
    `no service ${wanted} can be called from namespace ${client.namespace}`,
    {
      hint: near === undefined ? undefined : `Did you mean ${near}?`,
    },
  );
}
