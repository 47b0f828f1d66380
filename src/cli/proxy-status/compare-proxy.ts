/** `mesh proxy-status POD`: what a proxy has, compared with what the control plane would send it. */

import { timeoutSignal } from '../cluster.ts';
import type { StatusInvocation } from '../commands/proxy-status.ts';
import type { Context } from '../context.ts';
import { askAll, findControlPlane } from '../control-plane.ts';
import { EXIT } from '../exit-codes.ts';
import { formatComparison } from '../output/comparison.ts';
import { compareDumps, type DumpComparison } from '../proxy-config/compare-dumps.ts';
import { ConfigDump } from '../proxy-config/dump.ts';
import { text } from '../proxy-config/fields.ts';
import { readDumpFile } from '../proxy-config/source.ts';
import { writeData } from '../proxy-config/write.ts';
import { notConnected } from './list-proxies.ts';

/** In words of more than one. */
const PLURALS: Readonly<Record<string, string>> = {
  Cluster: 'Clusters',
  Listener: 'Listeners',
  Route: 'Routes',
  Endpoints: 'Endpoints',
  Extension: 'Extensions',
};

/** Prints the comparison. Returns the exit code. */
export async function compareProxy({ args, flags }: StatusInvocation, context: Context): Promise<number> {
  const { name, dump } = await actual(args[0] ?? '', flags, context);
  const signal = timeoutSignal(flags.timeout);
  const istiods = await findControlPlane(flags, context, signal);
  const answers = await askAll(istiods, `/debug/config_dump?proxyID=${encodeURIComponent(name)}`, signal);
  const found = answers.find((answer) => 'body' in answer);
  if (found === undefined) {
    const refused = answers.find(
      (answer) => 'failure' in answer && answer.failure.code !== 'ControlPlaneRefused',
    );
    if (refused !== undefined && 'failure' in refused) throw refused.failure;
    throw notConnected(
      name,
      istiods.map((istiod) => istiod.name),
    );
  }
  const compared = compareDumps(ConfigDump.read(found.body, found.istiod.name), dump);
  const isSame = compared.every(({ differences }) => differences.length === 0);
  if (flags.output === 'table') context.stdout.write(report(compared, dump));
  else
    await writeData(
      compared.flatMap(({ differences }) => differences),
      flags.output,
      context,
    );
  return flags['exit-code'] && !isSame ? EXIT.failed : EXIT.ok;
}

/** The proxy's own dump, from the file or the pod. */
async function actual(
  pod: string,
  flags: StatusInvocation['flags'],
  context: Context,
): Promise<{ readonly name: string; readonly dump: ConfigDump }> {
  if (flags.file !== undefined) {
    const { bytes, origin } = await readDumpFile(flags.file, context);
    const { parseReference } = await import('../../kube/pods.ts');
    const { name, namespace } = parseReference(pod, flags.namespace ?? 'default');
    return { name: `${name}.${namespace}`, dump: ConfigDump.read(bytes, origin) };
  }
  const { proxyOf } = await import('../proxy-admin.ts');
  const proxy = await proxyOf(pod, flags, context);
  return {
    name: proxy.name,
    dump: ConfigDump.read(await proxy.ask('/config_dump?include_eds=true'), proxy.name),
  };
}

/** `Clusters Match`, or `Clusters Don't Match` and what differs: `-` the proxy lacks, `+` it has besides. */
function report(compared: readonly DumpComparison[], dump: ConfigDump): string {
  return compared
    .filter(({ isAbsent }) => !isAbsent)
    .map(({ kind, differences }) => {
      const verdict = `${PLURALS[kind] ?? kind} ${differences.length === 0 ? 'Match' : "Don't Match"}`;
      const loaded = kind === 'Route' ? lastLoaded(dump) : '';
      return `${verdict}${loaded}\n${formatComparison(differences)}`;
    })
    .join('');
}

function lastLoaded(dump: ConfigDump): string {
  let last = '';
  for (const entry of dump.entries('RoutesConfigDump', 'dynamic_route_configs')) {
    const at = text(entry, 'last_updated');
    if (at > last) last = at;
  }
  return last === '' ? '' : ` (RDS last loaded at ${last})`;
}
