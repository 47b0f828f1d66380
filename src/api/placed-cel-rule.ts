/** A rule in the Common Expression Language together with its place in the object. */

/** A CEL rule and the place that it is about. */
export interface PlacedCelRule {
  /** From the object's root. `[]` stands for each item of a list, `{}` for each value of a map. */
  readonly path: readonly string[];
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
  /** JSON path below `path` that the error should point at (`.field`). */
  readonly fieldPath?: string;
  /** The versions it holds for; all, when absent. */
  readonly versions?: readonly string[];
}
