/** What a long command is at: a list of steps that whoever shows them is told of. */

export type StepState = 'waiting' | 'working' | 'done' | 'failed';

export interface Step {
  readonly id: string;
  readonly title: string;
  readonly state: StepState;
  /** What is being done, or why it does not go on. */
  readonly detail: string;
  /** Only worth showing where it can be overwritten again. */
  readonly isFleeting: boolean;
}

export class Steps {
  readonly #steps = new Map<string, Step>();
  readonly #listeners = new Set<(step: Step) => void>();
  #all: readonly Step[] = [];

  /** In the order in which they were added. A new list after each change. */
  get all(): readonly Step[] {
    return this.#all;
  }

  /** Adds a step, or says how far it is. */
  set(id: string, title: string, state: StepState, detail = '', isFleeting = false): void {
    const before = this.#steps.get(id);
    if (before?.state === state && before.detail === detail && before.title === title) return;
    const step = { id, title, state, detail, isFleeting };
    this.#steps.set(id, step);
    this.#all = [...this.#steps.values()];
    for (const listener of this.#listeners) listener(step);
  }

  /** Calls the listener after each change, until what this returns is called. */
  listen(listener: (step: Step) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
