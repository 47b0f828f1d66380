/** What the library is given. */

/** A text to check, of one or more YAML or JSON documents. */
export interface SourceFile {
  /** How findings name it; it is not opened. */
  readonly path: string;
  readonly text: string;
}

/** What is checked together: files see one another's objects. */
export interface Input {
  readonly files: readonly SourceFile[];
}
