/** How the tables of `mesh proxy-config` can be asked for. */

export interface TableOptions {
  /** A first column that says of which type each row is, as in `proxy-config all`. */
  readonly withType?: boolean;
  /** A last column with the object that each row was made of. */
  readonly explain?: boolean;
}
