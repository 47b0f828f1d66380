/** What of a configuration is not understood: it is refused by name, never passed over. */

export class UnsupportedError extends Error {
  /** The field, as the Envoy API spells it. */
  readonly field: string;

  constructor(field: string) {
    super(`${field} is not supported`);
    this.name = 'UnsupportedError';
    this.field = field;
  }
}
