/** What of the configuration could not be put into force, and why: never passed over in silence. */

/** An object of the configuration, as problems name it. */
export interface ConfigReference {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface TranslationProblem {
  readonly object: ConfigReference;
  /** What does not hold, and what to do about it. */
  readonly message: string;
}

export type ReportProblem = (object: ConfigReference, message: string) => void;

/** Gathers problems, each once. */
export class ProblemList {
  readonly #problems = new Map<string, TranslationProblem>();

  readonly report: ReportProblem = (object, message) => {
    const { kind, namespace, name } = object;
    this.#problems.set(`${kind}|${namespace}|${name}|${message}`, {
      object: { kind, namespace, name },
      message,
    });
  };

  get all(): readonly TranslationProblem[] {
    return [...this.#problems.values()];
  }
}
