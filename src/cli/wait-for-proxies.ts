/** Waits until an object is in force everywhere and the proxies have what it changed. */

import type { KindInfo } from '../api/kind-info.ts';
import { kindsByWord } from '../api/kinds.ts';
import { Backoff } from '../base/backoff.ts';
import { MeshError } from '../base/mesh-error.ts';
import { parseReference } from '../kube/pods.ts';
import { openCluster, timeoutSignal } from './cluster.ts';
import type { WaitInvocation } from './commands/experimental/wait.ts';
import type { Context } from './context.ts';
import { askAll, findControlPlane, type Istiod } from './control-plane.ts';
import { EXIT } from './exit-codes.ts';
import { field, list, number, text } from './proxy-config/fields.ts';

type Flags = WaitInvocation['flags'];

interface Wanted {
  readonly kind: KindInfo;
  readonly namespace: string;
  readonly name: string;
  readonly generation: number;
}

interface State {
  /** Processes of the control plane that have not the object yet. */
  readonly behind: readonly string[];
  readonly have: number;
  readonly all: number;
}

/** Prints how many have it. Returns the exit code. */
export async function waitForProxies({ args, flags }: WaitInvocation, context: Context): Promise<number> {
  const [word = '', typed = ''] = args;
  const threshold = thresholdOf(flags.threshold);
  const signal = timeoutSignal(flags.timeout);
  const wanted = await wantedObject(word, typed, flags, context, signal);
  const istiods = await findControlPlane(flags, context, signal);
  const backoff = new Backoff({ first: 200, max: 1000 });
  const title = `${wanted.kind.kind} ${wanted.namespace}/${wanted.name}`;
  let last: State | undefined;
  while (!signal.aborted) {
    last = (await stateOf(istiods, wanted, flags, signal)) ?? last;
    if (last !== undefined && last.behind.length === 0 && last.have >= threshold * last.all) {
      context.stdout.write(`Resource ${title} present on ${last.have} out of ${last.all} sidecars\n`);
      return EXIT.ok;
    }
    await backoff.pause(signal);
  }
  throw notInTime(title, last, flags);
}

function notInTime(title: string, last: State | undefined, flags: Flags): MeshError {
  const reached = last === undefined ? 'nobody answered' : `${last.have} out of ${last.all} proxies have it`;
  const behind = last === undefined || last.behind.length === 0 ? '' : `; ${last.behind.join(', ')} not even`;
  return new MeshError(
    'Timeout',
    `${title} has not reached the proxies within ${flags.timeout}: ${reached}${behind}`,
    {
      hint: '"mesh proxy-status --stale" tells which proxies have not the newest, and why.',
    },
  );
}

/** Undefined when somebody did not answer. */
async function stateOf(
  istiods: readonly Istiod[],
  { kind, namespace, name, generation }: Wanted,
  flags: Flags,
  signal: AbortSignal,
): Promise<State | undefined> {
  const query = new URLSearchParams({ kind: kind.kind, namespace, name });
  // First the object: what proxies say of an older state counts for nothing.
  const objects = await askAll(istiods, `/debug/configz?${query}`, signal);
  const proxies = await askAll(istiods, '/debug/syncz', signal);
  const failed = [...objects, ...proxies].find((answer) => 'failure' in answer);
  if (failed !== undefined) {
    if ('failure' in failed && failed.failure.code === 'ControlPlaneRefused') throw failed.failure;
    return undefined;
  }
  const behind = objects.flatMap((answer) => {
    const [config] = 'body' in answer ? list(parsed(answer.body), 'configs') : [];
    const own = number(config, 'metadata', 'generation');
    return config === undefined || (own !== 0 && own < generation) ? [answer.istiod.name] : [];
  });
  const states = proxies
    .flatMap((answer) => ('body' in answer ? [parsed(answer.body)] : []))
    .flatMap((page) => (Array.isArray(page) ? (page as readonly unknown[]) : []))
    .filter((one) => flags.proxy === undefined || text(one, 'proxy') === flags.proxy);
  return {
    behind,
    have: behind.length > 0 ? 0 : states.filter((one) => field(one, 'in_sync') === true).length,
    all: states.length,
  };
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

async function wantedObject(
  word: string,
  typed: string,
  flags: Flags,
  context: Context,
  signal: AbortSignal,
): Promise<Wanted> {
  const kind = kindsByWord(word).find(({ external, scope }) => !external && scope !== 'File');
  if (kind === undefined) {
    throw new MeshError('BadArgument', `"${word}" is no kind of the mesh`, {
      hint: 'Write a kind such as virtualservice; "mesh explain" lists them.',
    });
  }
  if (flags.generation !== undefined) {
    const { name, namespace } = parseReference(typed, flags.namespace ?? 'default');
    const generation = Number(flags.generation);
    if (!Number.isInteger(generation) || generation < 0) {
      throw new MeshError(
        'BadFlagValue',
        `--generation is "${flags.generation}", but must be a whole number`,
      );
    }
    return { kind, name, namespace, generation };
  }
  const cluster = await openCluster(flags, context);
  const { name, namespace } = parseReference(typed, cluster.namespace);
  const [{ discover }, { explained }] = await Promise.all([
    import('../kube/discovery.ts'),
    import('../kube/explain.ts'),
  ]);
  const title = `${kind.kind} ${namespace}/${name}`;
  try {
    const served = (await discover(cluster.client, [{ info: kind, namespace }], signal)).get(kind.key);
    if (served === undefined) throw new MeshError('NotFound', `the cluster does not know ${kind.plural}`);
    const object = await cluster.client.get(`${served.path}/${encodeURIComponent(name)}`, { signal });
    return { kind, name, namespace, generation: number(object, 'metadata', 'generation') };
  } catch (error) {
    throw explained(error, cluster.client, title);
  }
}

function thresholdOf(typed: string): number {
  const share = Number(typed);
  if (typed.trim() !== '' && share >= 0 && share <= 1) return share;
  throw new MeshError('BadFlagValue', `--threshold is "${typed}", but must be from 0 to 1`);
}
