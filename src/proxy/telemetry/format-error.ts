/** A format that Envoy would refuse too. */

import { UnsupportedError } from '../route/unsupported.ts';

export class FormatError extends UnsupportedError {
  constructor(format: string, problem: string) {
    super(format);
    this.name = 'FormatError';
    this.message = problem;
  }
}
