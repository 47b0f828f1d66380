/** What became of the patches: which of them changed a resource, and what could not be done. */

import type { ConfigReference, ReportProblem } from '../problem.ts';
import type { Patch } from './patch.ts';

/** The outcome for one resource. */
export class Outcome {
  readonly report: ReportProblem;
  readonly #objects = new Map<string, ConfigReference>();

  constructor(report: ReportProblem) {
    this.report = report;
  }

  /** Notes that the patch has changed the resource. */
  applied({ object }: Patch): void {
    this.#objects.set(`${object.namespace}/${object.name}`, object);
  }

  /** Whose patches changed the resource. */
  get changedBy(): readonly ConfigReference[] {
    return [...this.#objects.values()];
  }
}
