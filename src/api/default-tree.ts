/** Defaults of fields by their place, for kinds whose defaults the API server fills in. */

/** The defaults at and below a place. */
export interface DefaultTree {
  /** What the field is when it is absent. */
  readonly value?: unknown;
  readonly fields?: Readonly<Record<string, DefaultTree>>;
  /** Of each item of a list, or each value of a map. */
  readonly each?: DefaultTree;
}
