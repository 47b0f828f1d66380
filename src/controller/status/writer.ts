/** Writes what the control plane makes of objects into their status, for those that came from a cluster. */

import { setTimeout as wait } from 'node:timers/promises';
import type { Log } from '../../base/log.ts';
import { hasStatus } from '../../install/roles.ts';
import type { KubeClient } from '../../kube/client.ts';
import { ApiFailure } from '../../kube/failure.ts';
import { problemKey } from '../debug/object-problems.ts';
import type { MeshState } from '../mesh-state.ts';
import { conditionsWith, says, verdictOf, verdictOfRejection, type Verdict } from './condition.ts';
import type { ProblemMap } from './reports.ts';

export interface StatusOptions {
  readonly client: KubeClient;
  readonly state: MeshState;
  /** What is wrong with objects, as all controllers together know it. */
  readonly problems: (signal: AbortSignal) => Promise<ProblemMap>;
  readonly log: Log;
  /** Milliseconds between two looks. */
  readonly every?: number;
}

interface Wanted {
  /** Where the object is, from the server's root. */
  readonly path: string;
  readonly verdict: Verdict;
  readonly generation: number | undefined;
  /** What stands there is not in force. */
  readonly isAside: boolean;
}

const EVERY = 2_000;
const TIMEOUT = 10_000;
/** Writes in one look, so that many objects at once do not press the API server. */
const MAX_WRITES = 100;

export class StatusWriter {
  readonly #options: StatusOptions;
  /**
   * What is done with, by path: an object that is set aside, whose status nobody tells back, and one that may not be
   * written. Each is left until something else is to be said of it.
   */
  readonly #settled = new Map<string, string>();
  /** Reasons that were told, so that each is told once. */
  readonly #told = new Set<string>();

  constructor(options: StatusOptions) {
    this.#options = options;
  }

  /** Looks again and again until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    this.#settled.clear();
    const { every = EVERY } = this.#options;
    while (!signal.aborted) {
      await this.#look(signal);
      await wait(every, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    let writes = 0;
    const problems = await this.#options.problems(signal);
    for (const wanted of this.#wanted(problems)) {
      if (signal.aborted || writes >= MAX_WRITES) return;
      if (this.#settled.get(wanted.path) === textOf(wanted)) continue;
      writes++;
      try {
        await this.#write(wanted, AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]));
        if (wanted.isAside) this.#settled.set(wanted.path, textOf(wanted));
      } catch (error) {
        if (signal.aborted) return;
        if (!this.#isOver(error, wanted)) return;
      }
    }
  }

  /** False when the server cannot be asked at all, so that the rest can wait. */
  #isOver(error: unknown, wanted: Wanted): boolean {
    if (!(error instanceof ApiFailure)) throw error;
    // It was changed meanwhile: the next look sees it as it is then.
    if (error.status === 409) return true;
    const told = `${error.status} ${error.message}`;
    if (!this.#told.has(told)) {
      if (this.#told.size > 1_000) this.#told.clear();
      this.#told.add(told);
      this.#options.log.warn('a status cannot be written', { path: wanted.path, reason: error.message });
    }
    if (error.status !== 403 && error.status !== 404) return false;
    // The object is gone, or this program may not write: it is left until it changes.
    this.#settled.set(wanted.path, textOf(wanted));
    return true;
  }

  *#wanted(problems: ProblemMap): Iterable<Wanted> {
    const { client, state } = this.#options;
    const server = client.url('');
    const aside = new Set<string>();
    for (const rejection of state.rejections) {
      if (!rejection.file.startsWith(server)) continue;
      aside.add(rejection.file);
      const path = rejection.file.slice(server.length);
      const [, , group = '', , ...rest] = path.split('/');
      const plural = rest.at(-2) ?? '';
      if (hasStatus(group, plural)) {
        yield { path, verdict: verdictOfRejection(rejection), generation: undefined, isAside: true };
      }
    }
    for (const object of state.objects) {
      const { info, kind, meta, value } = object;
      const { file } = object.source;
      if (info === undefined || !hasStatus(info.group, info.plural)) continue;
      if (!file.startsWith(server) || aside.has(file)) continue;
      const namespace = state.snapshot?.namespaceOf(object) ?? meta.namespace ?? '';
      const verdict = verdictOf(problems.get(problemKey({ kind, namespace, name: meta.name })) ?? []);
      const generation = generationOf(value);
      const path = file.slice(server.length);
      if (!says(value['status'], verdict, generation)) yield { path, verdict, generation, isAside: false };
    }
  }

  /** Asks for the object first: others write conditions too, and theirs are kept. */
  async #write({ path, verdict }: Wanted, signal: AbortSignal): Promise<void> {
    const { client } = this.#options;
    const object = await client.get(path, { signal });
    const generation = generationOf(object);
    if (says(object['status'], verdict, generation)) return;
    const conditions = conditionsWith(object['status'], verdict, generation, new Date().toISOString());
    const { resourceVersion } = (object['metadata'] ?? {}) as { readonly resourceVersion?: string };
    await client.write('PATCH', `${path}/status`, {
      signal,
      contentType: 'application/merge-patch+json',
      body: {
        // Refused with 409 when it was changed since it was asked for.
        metadata: { resourceVersion },
        status: { conditions, ...(generation === undefined ? {} : { observedGeneration: generation }) },
      },
    });
  }
}

function textOf({ verdict, generation }: Wanted): string {
  return JSON.stringify([verdict, generation]);
}

function generationOf(object: Readonly<Record<string, unknown>>): number | undefined {
  const { metadata } = object;
  if (typeof metadata !== 'object' || metadata === null) return undefined;
  const { generation } = metadata as { readonly generation?: unknown };
  return typeof generation === 'number' ? generation : undefined;
}
