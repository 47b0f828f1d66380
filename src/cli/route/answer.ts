/** What becomes of a request, in words that go into JSON as they are. */

/** A rule of a VirtualService, where it was written. */
export interface RulePlace {
  /** `VirtualService shop/web`. */
  readonly object: string;
  readonly file: string;
  readonly line: number;
  /** The rule's own name, if it has one. */
  readonly name?: string;
}

export interface AnswerDestination {
  readonly host: string;
  readonly port?: number;
  readonly subset?: string;
  /** From 0 to 100. */
  readonly percent: number;
  readonly cluster: string;
  /** `address:port`. */
  readonly endpoints: readonly string[];
  /** The proxy knows no such cluster: requests to it are answered with 503. */
  readonly missing?: true;
}

export interface AnswerHeader {
  readonly action: string;
  readonly name: string;
  readonly value?: string;
}

export interface RefusedRule {
  readonly rule: RulePlace | string;
  /** The first condition that does not hold. */
  readonly condition: string;
}

export interface RouteAnswer {
  readonly routed: boolean;
  readonly proxy: string;
  readonly port: number;
  readonly request: { readonly method: string; readonly url: string };
  readonly result: 'forward' | 'redirect' | 'response' | 'tcp' | 'none';
  /** Why nothing, or nothing of use, becomes of the request. */
  readonly reason?: string;
  readonly listener?: string;
  readonly virtualHost?: string;
  readonly rule?: RulePlace;
  /** The route's name where no VirtualService made it. */
  readonly route?: string;
  readonly destinations?: readonly AnswerDestination[];
  /** As the destination sees them; only where they are not the request's own. */
  readonly rewrite?: { readonly path?: string; readonly authority?: string };
  readonly redirect?: { readonly status: number; readonly location: string };
  readonly response?: { readonly status: number; readonly body?: string };
  /** A duration such as `30s`; absent for none. */
  readonly timeout?: string;
  readonly retries?: { readonly attempts: number; readonly on: string; readonly perTryTimeout?: string };
  readonly mirrors?: readonly { readonly host: string; readonly percent: number }[];
  readonly faults?: {
    readonly delay?: { readonly duration: string; readonly percent: number };
    readonly abort?: { readonly status: number; readonly grpc?: true; readonly percent: number };
  };
  readonly headers?: {
    readonly request?: readonly AnswerHeader[];
    readonly response?: readonly AnswerHeader[];
  };
  /** Rules that were asked before, and why they did not take the request. */
  readonly refused: readonly RefusedRule[];
}

/** `1.5s`, `250ms`, of milliseconds. */
export function durationText(milliseconds: number): string {
  return milliseconds % 1000 === 0 || milliseconds > 1000 ? `${milliseconds / 1000}s` : `${milliseconds}ms`;
}

/** `file:line`. */
export function placeText({ file, line }: RulePlace): string {
  return `${file}:${line}`;
}
