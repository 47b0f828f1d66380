/** What `mesh diff` and `mesh manifest diff` do: read both sides, compare, report. */

import { findKind, kindKey, splitApiVersion } from '../api/kinds.ts';
import type { KindSchema } from '../api/schema.ts';
import { MeshError } from '../base/mesh-error.ts';
import type { Comparison, CompareOptions } from '../install/diff.ts';
import { compareObjects } from '../install/diff.ts';
import type { ClusterFlags } from './cluster.ts';
import type { Context } from './context.ts';
import { readSide } from './diff-side.ts';
import { pathKind } from './path-kind.ts';
import { EXIT } from './exit-codes.ts';
import { formatComparison } from './output/comparison.ts';
import { paintLine } from './output/paint-line.ts';
import { readSchema } from './schema-store.ts';

export interface SideChoices {
  readonly flags: ClusterFlags;
  readonly output: 'text' | 'json' | 'yaml';
  /** Which resources, and under which names. */
  readonly resources?: Pick<CompareOptions, 'select' | 'ignore' | 'rename'>;
  /** Says so in words, too, when nothing differs, and has a line before the differences. */
  readonly inWords?: { readonly same: string; readonly different: string };
}

/** Compares the two sides. Returns the exit code: as with diff(1), 1 is for differences alone. */
export async function compareSides(
  sides: readonly [string, string],
  { flags, output, resources, inWords }: SideChoices,
  context: Context,
): Promise<number> {
  if (sides[0] === '-' && sides[1] === '-') {
    throw new MeshError('BadArgument', 'only one side can be standard input', {
      hint: 'Put the other one into a file.',
    });
  }
  if (sides.every(isCluster)) {
    throw new MeshError('BadArgument', 'the cluster is compared with itself', {
      hint: 'Name a file, a folder or a profile as the other side.',
    });
  }
  const given = await Promise.all(sides.map((side) => (isCluster(side) ? [] : readSide(side, context))));
  if (given.includes(undefined)) return EXIT.usage;
  const live = sides.some(isCluster)
    ? await readLive(
        given.flatMap((side) => side ?? []),
        flags,
        context,
      )
    : [];
  const [left = [], right = []] = sides.map((side, index) => (isCluster(side) ? live : given[index]));
  const schemas = await schemasOf([...left, ...right]);
  const comparison = compareObjects(left, right, {
    ...resources,
    namespace: flags.namespace,
    schemaOf: ({ key }) => schemas.get(key),
  });
  await report(comparison, output, inWords, context);
  return comparison.differences.length === 0 ? EXIT.ok : EXIT.failed;
}

/** Whether a side is the cluster: its own objects of the names that the other side has. */
function isCluster(side: string): boolean {
  return side === 'cluster:' || (side === 'cluster' && pathKind(side) === 'nothing');
}

async function readLive(
  objects: readonly Readonly<Record<string, unknown>>[],
  flags: ClusterFlags,
  context: Context,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const [{ openCluster }, { liveObjects }] = await Promise.all([
    import('./cluster.ts'),
    import('../kube/live-objects.ts'),
  ]);
  const { client, namespace } = await openCluster(flags, context);
  return liveObjects(client, objects, namespace, new AbortController().signal);
}

async function report(
  comparison: Comparison,
  output: SideChoices['output'],
  inWords: SideChoices['inWords'],
  context: Context,
): Promise<void> {
  const { stdout, stderr } = context;
  for (const note of comparison.notes) stderr.write(`Note: ${note}\n`);
  if (output === 'json') {
    stdout.write(`${JSON.stringify(comparison.differences, undefined, 2)}\n`);
    return;
  }
  if (output === 'yaml') {
    const { toYaml } = await import('./output/yaml.ts');
    stdout.write(toYaml(comparison.differences));
    return;
  }
  const same = comparison.differences.length === 0;
  if (inWords !== undefined) stdout.write(`${same ? inWords.same : `${inWords.different}\n`}\n`);
  stdout.write(formatComparison(comparison.differences, await paintLine(context)));
}

/** The schemas of the mesh's own kinds among the objects. */
async function schemasOf(
  objects: readonly Readonly<Record<string, unknown>>[],
): Promise<ReadonlyMap<string, KindSchema>> {
  const schemas = new Map<string, KindSchema>();
  for (const { apiVersion, kind } of objects) {
    if (typeof apiVersion !== 'string' || typeof kind !== 'string') continue;
    const info = findKind(kindKey(splitApiVersion(apiVersion).group, kind));
    if (info === undefined || info.external || schemas.has(info.key)) continue;
    schemas.set(info.key, await readSchema(info));
  }
  return schemas;
}
