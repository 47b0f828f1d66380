/** Delays and errors that a route brings about on purpose. */

import type { HttpRoute } from '../../model/virtual-services.ts';
import {
  type FaultAbortSchema,
  HTTPFaultSchema,
} from '../proto/generated/envoy/extensions/filters/http/fault/v3/fault_pb.js';
import type { FaultDelaySchema } from '../proto/generated/envoy/extensions/filters/common/fault/v3/fault_pb.js';
import { pack } from '../proto/registry.ts';
import { type Fraction, fractionOf, wholePercent } from '../routes/percent.ts';
import { type Init, durationOf } from '../values.ts';

type Fault = NonNullable<HttpRoute['fault']>;

export const FAULT_FILTER = 'envoy.filters.http.fault';

/** https://grpc.io/docs/guides/status-codes/ */
const GRPC_STATUS: Readonly<Record<string, number>> = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
};

/** The route's own settings of the fault filter; undefined when no fault can be made of it. */
export function faultConfig(fault: Fault) {
  const delay = delayOf(fault.delay);
  const abort = abortOf(fault.abort);
  if (delay === undefined && abort === undefined) return undefined;
  return pack(HTTPFaultSchema, {
    ...(delay !== undefined && { delay }),
    ...(abort !== undefined && { abort }),
  });
}

function share(fault: {
  readonly percentage?: { readonly value?: number };
  readonly percent?: number;
}): Fraction {
  return fault.percentage === undefined ? wholePercent(fault.percent ?? 0) : fractionOf(fault.percentage);
}

function delayOf(delay: Fault['delay']): Init<typeof FaultDelaySchema> | undefined {
  const fixed = durationOf(delay?.fixedDelay);
  if (delay === undefined || fixed === undefined) return undefined;
  return { percentage: share(delay), faultDelaySecifier: { case: 'fixedDelay', value: fixed } };
}

function abortOf(abort: Fault['abort']): Init<typeof FaultAbortSchema> | undefined {
  if (abort?.httpStatus !== undefined) {
    return { percentage: share(abort), errorType: { case: 'httpStatus', value: abort.httpStatus } };
  }
  const status = GRPC_STATUS[abort?.grpcStatus ?? ''];
  if (abort === undefined || status === undefined) return undefined;
  return { percentage: share(abort), errorType: { case: 'grpcStatus', value: status } };
}
