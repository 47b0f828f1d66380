/** What `mesh install` and `mesh upgrade` do once it is clear what is to be installed. */

import { rankedVersion } from './version-order.ts';
import type { RenderedManifest } from '../../install/render.ts';
import { installationOf } from '../../install/installation.ts';
import { inApplyOrder, type Resource } from '../../install/resource.ts';
import { storedResource } from '../../install/stored.ts';
import { MeshError } from '../../base/mesh-error.ts';
import { Steps } from '../../ui/terminal/steps.ts';
import { type Cluster, timeoutSignal } from '../cluster.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { followSteps } from '../output/show-steps.ts';
import { applyAll, awaitReady, removeAll } from './apply-plan.ts';
import { confirmed } from './confirm.ts';
import { type Plan, planInstallation } from './plan.ts';
import { refuseTaken } from './stored.ts';
import { withTrust } from './trust.ts';
import { writePlan } from './write-plan.ts';

export interface InstallFlags {
  readonly 'skip-confirmation': boolean;
  readonly 'dry-run': boolean;
  readonly 'readiness-timeout': string;
  readonly output: 'text' | 'json' | 'yaml';
}

export interface InstallWords {
  /** `This will install …`. */
  readonly question: string;
  /** `Installation`. */
  readonly done: string;
}

/** Version and settings that go with the objects. */
export interface Wanted extends RenderedManifest {
  readonly version: string;
}

/**
 * Shows what changes, asks, applies, waits until all is ready, and takes away what is no longer wanted. Returns
 * the exit code. Interrupted at any moment it can be run again, and goes on from what is there.
 */
export async function install(
  { client, name }: Cluster,
  wanted: Wanted,
  words: InstallWords,
  flags: InstallFlags,
  context: Context,
): Promise<number> {
  const { revisionLabel, namespace } = installationOf(wanted.spec, wanted.version);
  const settled = withSettings(wanted);
  if (settled.length === 0) {
    throw new MeshError('NothingToInstall', 'these settings install nothing', {
      hint: 'Choose a profile with --set profile=default; "mesh profile list" names them.',
    });
  }
  const away = awayNotice(context);
  const { signal } = new AbortController();
  // A server that does not answer at all is told of at once; only one that goes away is waited for.
  await refuseTaken(client, { revision: revisionLabel, namespace }, { signal });
  const resources = await withTrust(client, wanted, settled, { signal, away });
  const plan = await planInstallation(client, resources, { signal, revisionLabel, away });
  await writePlan(plan, flags, context);
  if (flags['dry-run']) return EXIT.ok;
  const isChange = plan.apply.length > 0 || plan.remove.length > 0;
  if (isChange && !flags['skip-confirmation']) {
    if (!(await confirmed(`${words.question} the cluster ${name}. Proceed?`, context))) return EXIT.failed;
  }
  await carryOut(client, { resources, plan, revisionLabel }, flags, { context, away });
  context.stderr.write(`✔ ${words.done} complete\n`);
  return EXIT.ok;
}

async function carryOut(
  client: Cluster['client'],
  {
    resources,
    plan,
    revisionLabel,
  }: { readonly resources: readonly Resource[]; readonly plan: Plan; readonly revisionLabel: string },
  flags: InstallFlags,
  { context, away }: { readonly context: Context; away(): void },
): Promise<void> {
  const steps = new Steps();
  const end = await followSteps(steps, context);
  const { signal } = new AbortController();
  try {
    await applyAll(client, plan.apply, { signal, steps, away });
    const patience = timeoutSignal(flags['readiness-timeout']);
    await awaitReady(client, resources, revisionLabel, { signal: patience, steps, away });
    if (plan.remove.length > 0) {
      steps.set('remove', 'What is no longer wanted', 'working');
      const count = await removeAll(client, plan.remove, { signal, away });
      steps.set('remove', 'What is no longer wanted', 'done', `${count} removed`);
    }
  } finally {
    end();
  }
}

/** With the settings that they were made from, where there is a namespace to keep them in. */
function withSettings({ spec, layers, resources, version }: Wanted): readonly Resource[] {
  const settings = storedResource(spec, layers, version);
  const hasHome = resources.some(
    ({ kind, metadata }) => kind === 'Namespace' && metadata.name === settings.metadata.namespace,
  );
  return hasHome ? inApplyOrder([...resources, settings]) : resources;
}

/** Says once that the server is away, and not for each of the requests that are under way. */
export function awayNotice({ stderr }: Pick<Context, 'stderr'>): () => void {
  let last = -Infinity;
  return () => {
    const now = performance.now();
    if (now - last > 10_000)
      stderr.write('The API server does not answer; trying again for up to a minute …\n');
    last = now;
  };
}

/** Refuses to put an older version in the place of a newer one, unless that is asked for. */
export function refuseDowngrade(from: string, to: string, force: boolean): void {
  if (force || rankedVersion(from) <= rankedVersion(to)) return;
  throw new MeshError('Downgrade', `the control plane is of version ${from}, and this mesh is of ${to}`, {
    hint: 'Use a newer mesh, or pass --force to go back.',
  });
}
