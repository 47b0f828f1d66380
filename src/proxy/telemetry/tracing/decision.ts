/** Whether a request is traced, and why: the reason stands in its `x-request-id`, so that all proxies decide alike. */

import { fractionFits } from '../../route/share.ts';
import type { FractionalPercent } from '../../../xds/proto/generated/envoy/type/v3/percent_pb.js';
import type { HeaderList } from '../../http/header-list.ts';

/** The reason is the digit that says the version in a plain UUID. */
const REASON_AT = 14;
const REASONS = { none: '4', sampled: '9', server: 'a', client: 'b' } as const;

export type TraceReason = keyof typeof REASONS;

/** Shares of requests; undefined for all. */
export interface Sampling {
  /** Of those whose client asks for it with `x-client-trace-id`. */
  readonly client: FractionalPercent | undefined;
  readonly random: FractionalPercent | undefined;
  /** Of all that would be traced. */
  readonly overall: FractionalPercent | undefined;
}

export function traceReason(requestId: string): TraceReason {
  switch (requestId[REASON_AT]) {
    case REASONS.sampled:
      return 'sampled';
    case REASONS.server:
      return 'server';
    case REASONS.client:
      return 'client';
    default:
      return 'none';
  }
}

/** The id with another reason. */
export function withReason(requestId: string, reason: TraceReason): string {
  return requestId.slice(0, REASON_AT) + REASONS[reason] + requestId.slice(REASON_AT + 1);
}

function isIn(share: FractionalPercent | undefined, random: number): boolean {
  return share === undefined || fractionFits(share, random);
}

/** The first eight hexadecimal digits as a number; -1 when they are not all there. */
function firstDigits(id: string): number {
  let number = 0;
  for (let index = 0; index < 8; index++) {
    const code = id.charCodeAt(index);
    const isDecimal = code >= 0x30 && code <= 0x39;
    const letter = code | 0x20;
    if (!isDecimal && (letter < 0x61 || letter > 0x66)) return -1;
    number = number * 16 + (isDecimal ? code - 0x30 : letter - 0x57);
  }
  return number;
}

/** Decides, and writes the reason into the headers. `random` decides for clients that ask. */
export function decideTrace(
  headers: HeaderList,
  sampling: Sampling,
  packsReason: boolean,
  random: () => number,
): TraceReason {
  const id = headers.get('x-request-id') ?? '';
  const number = firstDigits(id);
  // An id that is none says nothing.
  if (number < 0) return 'none';
  const share = number % 10_000;
  const before = id.length === 36 ? traceReason(id) : 'none';
  let reason = before;
  if (reason === 'none') {
    if (headers.has('x-client-trace-id') && isIn(sampling.client, random())) reason = 'client';
    else if (headers.has('x-envoy-force-trace')) reason = 'server';
    else if (isIn(sampling.random, share)) reason = 'sampled';
  }
  if (reason !== 'none' && !isIn(sampling.overall, share)) reason = 'none';
  if (reason !== before && packsReason && id.length === 36)
    headers.set('x-request-id', withReason(id, reason));
  return reason;
}
