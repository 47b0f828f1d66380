/** The objects of one kind that are in force, and those that are set aside. */

import { type AdmissionOptions, admit, type Rejection } from '../config/admission.ts';
import { objectIdentity } from '../config/identity.ts';
import type { MeshObject } from '../config/object.ts';
import type { ChangeSet } from '../config/sources/source.ts';
import { meansTheSame } from './objects.ts';

/** An object as it is now, or `isGone`. */
export interface ObjectState {
  readonly object: MeshObject;
  readonly isGone: boolean;
}

interface Entry {
  readonly inForce: MeshObject | undefined;
  readonly rejection: Rejection | undefined;
}

/** A change set, and whether what is set aside is different, too. */
export interface Outcome extends ChangeSet {
  readonly isRejectionChanged: boolean;
}

export class KindObjects {
  readonly #options: AdmissionOptions;
  readonly #entries = new Map<string, Entry>();
  #sorted: readonly MeshObject[] | undefined;
  #rejected: readonly Rejection[] | undefined;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Objects in force, sorted by namespace and name. */
  get objects(): readonly MeshObject[] {
    return (this.#sorted ??= [...this.#entries]
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .flatMap(([, { inForce }]) => inForce ?? []));
  }

  get rejections(): readonly Rejection[] {
    return (this.#rejected ??= [...this.#entries.values()].flatMap(({ rejection }) => rejection ?? []));
  }

  /** Puts the objects in the place of all that were there. */
  replace(objects: readonly MeshObject[]): Promise<Outcome> {
    const now = new Set(objects.map((object) => this.#identity(object)));
    const gone = [...this.#entries.keys()].filter((id) => !now.has(id));
    return this.#take(objects, gone);
  }

  /** Takes changes over, in order. The cost grows with their number, not with that of all objects. */
  apply(states: readonly ObjectState[]): Promise<Outcome> {
    const latest = new Map<string, MeshObject>();
    const gone = new Set<string>();
    for (const { object, isGone } of states) {
      const id = this.#identity(object);
      if (isGone) {
        latest.delete(id);
        gone.add(id);
      } else {
        latest.set(id, object);
      }
    }
    return this.#take([...latest.values()], [...gone]);
  }

  async #take(objects: readonly MeshObject[], gone: readonly string[]): Promise<Outcome> {
    const before = new Map<string, Entry | undefined>();
    for (const id of gone) {
      before.set(id, this.#entries.get(id));
      this.#entries.delete(id);
    }
    const inForce = objects.flatMap((object) => this.#entries.get(this.#identity(object))?.inForce ?? []);
    const admitted = await admit({ objects, problems: [] }, inForce, this.#options);
    const admittedById = new Map(admitted.objects.map((object) => [this.#identity(object), object]));
    const rejectionByFile = new Map(admitted.rejections.map((one) => [one.file, one]));
    for (const object of objects) {
      const id = this.#identity(object);
      if (!before.has(id)) before.set(id, this.#entries.get(id));
      this.#entries.set(id, {
        inForce: admittedById.get(id),
        rejection: rejectionByFile.get(object.source.file),
      });
    }
    if (before.size > 0) this.#sorted = this.#rejected = undefined;
    return this.#difference(before);
  }

  #difference(before: ReadonlyMap<string, Entry | undefined>): Outcome {
    const changed: MeshObject[] = [];
    const removed: MeshObject[] = [];
    let isRejectionChanged = false;
    for (const [id, earlier] of before) {
      const now = this.#entries.get(id);
      const was = earlier?.inForce;
      const is = now?.inForce;
      if (is === undefined) {
        if (was !== undefined) removed.push(was);
      } else if (was === undefined || (was !== is && !meansTheSame(was, is))) {
        changed.push(is);
      }
      if (JSON.stringify(earlier?.rejection) !== JSON.stringify(now?.rejection)) isRejectionChanged = true;
    }
    return { changed, removed, isRejectionChanged };
  }

  #identity(object: MeshObject): string {
    return objectIdentity(object, this.#options.defaultNamespace);
  }
}
