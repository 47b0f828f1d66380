/** How long a request may take: by its route, and by what the client asks for. */

import type { Forwarding } from '../route/forwarding.ts';
import { isGrpc } from '../telemetry/grpc-status.ts';
import type { HeaderList } from './header-list.ts';

export interface Timeouts {
  /** Milliseconds from the end of the request to the end of the response; 0 for none. */
  readonly response: number;
  /** Milliseconds of one try; 0 for none. */
  readonly perTry: number;
  /** A try that takes longer goes on beside the next one. */
  readonly hedges: boolean;
}

const RESPONSE = 'x-envoy-upstream-rq-timeout-ms';
const PER_TRY = 'x-envoy-upstream-rq-per-try-timeout-ms';
const EXPECTED = 'x-envoy-expected-rq-timeout-ms';
const HEDGE = 'x-envoy-hedge-on-per-try-timeout';

/** Takes the headers away that ask for other times. */
export function timeoutsOf(
  forwarding: Forwarding,
  headers: HeaderList,
  asked: boolean,
  respectExpected: boolean,
): Timeouts {
  let response = forwarding.limitsDuration ? 0 : forwarding.timeout;
  if (!forwarding.limitsDuration && forwarding.grpcTimeoutMax !== undefined && isGrpc(headers)) {
    response = grpcTimeout(forwarding, headers);
  }
  let perTry = forwarding.retries?.perTryTimeout ?? 0;
  let { hedges } = forwarding;
  if (asked) {
    const expected = respectExpected ? milliseconds(headers.get(EXPECTED)) : undefined;
    const own = milliseconds(headers.get(RESPONSE));
    response = expected ?? own ?? response;
    perTry = milliseconds(headers.get(PER_TRY)) ?? perTry;
    headers.remove(RESPONSE);
    headers.remove(PER_TRY);
    const hedge = headers.get(HEDGE);
    if (hedge === 'true' || hedge === 'false') hedges = hedge === 'true';
    headers.remove(HEDGE);
  }
  // A try cannot take longer than all of them.
  if (perTry >= response && response !== 0) perTry = 0;
  return { response, perTry, hedges };
}

/** What `grpc-timeout` asks for, as far as the route lets it; without it there is no end. */
export function grpcTimeout(
  { grpcTimeoutMax: most = 0, grpcTimeoutOffset: offset }: Forwarding,
  headers: HeaderList,
): number {
  let timeout = parseGrpcTimeout(headers.get('grpc-timeout')) ?? 0;
  if (offset < timeout) timeout -= offset;
  return most !== 0 && (timeout === 0 || timeout > most) ? most : timeout;
}

const UNITS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 0.001,
  n: 0.000_001,
};

/** Milliseconds, rounded up; undefined without a readable value. */
export function parseGrpcTimeout(text: string | undefined): number | undefined {
  const found = text === undefined ? null : /^(\d{1,8})([HMSmun])$/.exec(text);
  if (found === null) return undefined;
  return Math.ceil(Number(found[1]) * (UNITS[found[2] ?? ''] ?? 0));
}

function milliseconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** Tells those behind how long they have. */
export function announceTimeout(
  headers: HeaderList,
  { response, perTry, hedges }: Timeouts,
  elapsed: number,
): void {
  let expected = response === 0 ? 0 : Math.max(1, response - elapsed);
  // A try that goes on may take as long as all of them.
  if (perTry > 0 && !hedges && (expected === 0 || perTry < expected)) expected = perTry;
  if (expected > 0) headers.set(EXPECTED, String(Math.round(expected)));
}
