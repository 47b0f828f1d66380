/** What a request to the Kubernetes API may end with other than an answer. */

import { MeshError } from '../base/mesh-error.ts';

export class ApiFailure extends MeshError {
  /** The HTTP status; undefined when no answer came. */
  readonly status: number | undefined;
  /** Seconds after which the server wants to be asked again. */
  readonly retryAfter: number | undefined;

  constructor(
    status: number | undefined,
    message: string,
    options: { retryAfter?: number; cause?: unknown } = {},
  ) {
    super('KubernetesApi', message, { cause: options.cause });
    this.status = status;
    this.retryAfter = options.retryAfter;
  }

  /**
   * The version that a watch or a page goes on from is no longer there (410), or not yet: the server's storage
   * was put back to an earlier state (504). Only a new list helps.
   */
  get isExpired(): boolean {
    return this.status === 410 || (this.status === 504 && /too large resource version/i.test(this.message));
  }
}

/** What a pod does not do, or the node for it: the API server itself has answered. */
export class PodFailure extends ApiFailure {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(undefined, message, options);
  }
}

/** The failure that a `Status` object tells of, from a refused request or in a watch. */
export function failureOf(status: number | undefined, body: unknown, retryAfter?: number): ApiFailure {
  const { message, code } =
    typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  const told = typeof code === 'number' ? code : status;
  const text =
    typeof message === 'string' && message !== '' ? message : `the API server answered ${told ?? 'nothing'}`;
  return new ApiFailure(told, text, { retryAfter });
}
