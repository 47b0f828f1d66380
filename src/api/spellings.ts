/** Where the fields of a kind may be spelt with their protobuf names. */

/** Where names may be spelt in snake_case: the fields by their snake_case name, and what lies below. */
export interface Spellings {
  /** JSON name by snake_case name, where the two differ. */
  readonly names?: Readonly<Record<string, string>>;
  /** By JSON name. */
  readonly fields?: Readonly<Record<string, Spellings>>;
  /** Of each item of a list, or each value of a map. */
  readonly each?: Spellings;
}
