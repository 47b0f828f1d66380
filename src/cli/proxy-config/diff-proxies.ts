/** `mesh proxy-config diff`: two proxies, or a proxy and an earlier dump. */

import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ClusterFlags } from '../cluster.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { formatComparison } from '../output/comparison.ts';
import { compareDumps } from './compare-dumps.ts';
import { ConfigDump } from './dump.ts';
import { readDumpFile } from './source.ts';
import { writeData } from './write.ts';

export interface DiffFlags extends ClusterFlags {
  readonly 'proxy-admin-port': number;
  readonly output: 'text' | 'json' | 'yaml';
}

/** Prints what differs. Returns the exit code. */
export async function diffProxies(
  [one = '', other = '']: readonly string[],
  flags: DiffFlags,
  context: Context,
): Promise<number> {
  const [before, after] = await Promise.all([dumpOf(one, flags, context), dumpOf(other, flags, context)]);
  const compared = compareDumps(before, after);
  const differences = compared.flatMap((kind) => kind.differences);
  for (const { kind } of compared.filter(({ isAbsent }) => isAbsent)) {
    if (before.has(SECTIONS[kind] ?? 'EcdsConfigDump') || after.has(SECTIONS[kind] ?? 'EcdsConfigDump'))
      context.stderr.write(
        `Note: only one side tells of resources of the kind ${kind}; they are not compared\n`,
      );
  }
  if (flags.output === 'text') context.stdout.write(formatComparison(differences));
  else await writeData(differences, flags.output, context);
  if (differences.length > 0) return EXIT.failed;
  context.stderr.write(`${one} and ${other} are configured alike\n`);
  return EXIT.ok;
}

const SECTIONS = {
  Cluster: 'ClustersConfigDump',
  Listener: 'ListenersConfigDump',
  Route: 'RoutesConfigDump',
  Endpoints: 'EndpointsConfigDump',
} as Readonly<
  Record<string, 'ClustersConfigDump' | 'ListenersConfigDump' | 'RoutesConfigDump' | 'EndpointsConfigDump'>
>;

/** A file of that name wins over a pod. */
async function dumpOf(place: string, flags: DiffFlags, context: Context): Promise<ConfigDump> {
  const path = place === '-' ? place : resolve(context.cwd, place);
  if (place === '-' || (await isFile(path))) {
    const { bytes } = await readDumpFile(path, context);
    return ConfigDump.read(bytes, place);
  }
  const { proxyOf } = await import('../proxy-admin.ts');
  const proxy = await proxyOf(place, flags, context);
  return ConfigDump.read(await proxy.ask('/config_dump?include_eds=true'), proxy.name);
}

async function isFile(path: string): Promise<boolean> {
  try {
    return !(await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
