/** Carries a plan out: applies rank by rank, waits until all runs, and deletes what is no longer asked for. */

import { MeshError } from '../../base/mesh-error.ts';
import { inParallel } from '../../base/parallel.ts';
import { DEFINITION_SELECTOR, ownedSelector } from '../../install/owned.ts';
import { applyRank, type Resource, resourceName } from '../../install/resource.ts';
import { applyObject, deleteObject } from '../../kube/apply.ts';
import type { KubeClient } from '../../kube/client.ts';
import { explained } from '../../kube/explain.ts';
import { type Followed, followUntil } from '../../kube/follow.ts';
import { persisting } from '../../kube/patience.ts';
import type { ApiObject } from '../../kube/reflector.ts';
import type { Steps } from '../../ui/terminal/steps.ts';
import { componentOf, TITLES } from './components.ts';
import { AT_ONCE } from './plan.ts';
import { DEFINITION, DEPLOYMENT, type Missing, missingOf, POD, troubleText } from './readiness.ts';

export interface CarryOptions {
  readonly signal: AbortSignal;
  readonly steps: Steps;
  away?(): void;
}

/** Applies in order: what others need is there before them. Throws a `MeshError` at the first refusal. */
export async function applyAll(
  client: KubeClient,
  resources: readonly Resource[],
  options: CarryOptions,
): Promise<void> {
  const { signal, steps } = options;
  const ranks = Map.groupBy(resources, ({ kind }) => applyRank(kind));
  let done = 0;
  if (resources.length > 0) steps.set('apply', 'Objects', 'working', `${resources.length} to apply`);
  for (const rank of [...ranks.keys()].toSorted((one, other) => one - other)) {
    await inParallel(ranks.get(rank) ?? [], AT_ONCE, async (resource) => {
      const component = componentOf(resource);
      try {
        await persisting(() => applyObject(client, resource, { signal }), options);
      } catch (error) {
        steps.set(component, TITLES[component], 'failed', `${resourceName(resource)} is refused`);
        throw explained(error, client, resourceName(resource));
      }
      done++;
      steps.set(component, TITLES[component], 'working', `applied ${resourceName(resource)}`, true);
    });
  }
  if (done > 0) steps.set('apply', 'Objects', 'done', `${done} applied`);
}

/** Deletes in the given order, and does not wait for pods to end. Throws a `MeshError`. */
export async function removeAll(
  client: KubeClient,
  resources: readonly Resource[],
  options: Pick<CarryOptions, 'signal' | 'away'>,
  removedOne?: (resource: Resource) => void,
): Promise<number> {
  let removed = 0;
  const groups = Map.groupBy(resources, ({ kind }) => kind);
  for (const group of groups.values()) {
    const gone = await inParallel(group, AT_ONCE, async (resource) => {
      try {
        const { signal } = options;
        const isGone = await persisting(() => deleteObject(client, resource, { signal }), options);
        if (isGone) removedOne?.(resource);
        return isGone;
      } catch (error) {
        throw explained(error, client, resourceName(resource));
      }
    });
    removed += gone.filter(Boolean).length;
  }
  return removed;
}

/**
 * Waits until the definitions are established and the Deployments have rolled out. Rejects with a `MeshError`
 * with code `NotReady` that says what is missing, and why as far as the cluster tells, when the time is up.
 */
export async function awaitReady(
  client: KubeClient,
  resources: readonly Resource[],
  revisionLabel: string,
  { signal, steps }: CarryOptions,
): Promise<void> {
  const followed = followedFor(resources, revisionLabel);
  let missing: readonly Missing[] = [];
  try {
    await followUntil(
      client,
      followed,
      (lists) => {
        const of = (type: unknown): readonly ApiObject[] =>
          lists.flatMap((list, index) => (followed[index]?.type === type ? list : []));
        missing = missingOf(resources, {
          definitions: of(DEFINITION),
          deployments: of(DEPLOYMENT),
          pods: of(POD),
        });
        tell(resources, missing, steps);
        return missing.length === 0 ? true : undefined;
      },
      { signal },
    );
  } catch (error) {
    if (!signal.aborted) throw explained(error, client);
    for (const { component, text, trouble } of missing)
      steps.set(component, TITLES[component], 'failed', troubleText(text, trouble));
    throw notReady(missing);
  }
}

/** What has to be looked at to see whether all of it runs. */
export function followedFor(resources: readonly Resource[], revisionLabel: string): readonly Followed[] {
  const labels = ownedSelector(revisionLabel);
  const namespaces = new Set(
    resources.flatMap(({ kind, metadata }) =>
      kind === 'Deployment' ? (metadata.namespace ?? 'default') : [],
    ),
  );
  return [
    ...(resources.some(({ kind }) => kind === DEFINITION.kind)
      ? [{ type: DEFINITION, labels: DEFINITION_SELECTOR }]
      : []),
    ...[...namespaces].flatMap((namespace) => [
      { type: DEPLOYMENT, namespace, labels },
      { type: POD, namespace, labels },
    ]),
  ];
}

function tell(resources: readonly Resource[], missing: readonly Missing[], steps: Steps): void {
  for (const component of new Set(resources.map(componentOf))) {
    const open = missing.filter((one) => one.component === component);
    const [first] = open;
    if (first === undefined) steps.set(component, TITLES[component], 'done', '');
    else {
      const text = troubleText(first.text, first.trouble);
      steps.set(component, TITLES[component], 'working', text, first.trouble === undefined);
    }
  }
}

function notReady(missing: readonly Missing[]): MeshError {
  const lines = missing.map(({ name, text, trouble }) => `${name}: ${troubleText(text, trouble)}`);
  const hints = [...new Set(missing.flatMap(({ trouble }) => trouble?.hint ?? []))];
  return new MeshError(
    'NotReady',
    missing.length === 0
      ? 'the cluster did not tell in time whether all is ready'
      : `not ready in time: ${lines.join('; ')}`,
    {
      hint: [
        ...hints,
        'Run the same command again to go on, with --readiness-timeout if it only needs more time.',
      ].join('\n  '),
    },
  );
}
