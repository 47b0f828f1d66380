/** What every object carries in `metadata`, as far as the mesh reads it. */

/** The metadata of an object as a user writes it. Other fields that Kubernetes knows may stand there too. */
export interface ObjectMetadata {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}
