/** Delays and errors on purpose, as the settings of the fault filter have them. */

import { fromBinary } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import {
  type HTTPFault,
  HTTPFaultSchema,
} from '../../xds/proto/generated/envoy/extensions/filters/http/fault/v3/fault_pb.js';
import { checkDurations } from '../config-error.ts';
import { typeUrlOf } from '../../xds/proto/registry.ts';
import { compileHeader } from './conditions.ts';
import { milliseconds } from './milliseconds.ts';
import type { RouteRequest } from './request.ts';
import { percentOf } from './share.ts';
import { UnsupportedError } from './unsupported.ts';

export interface Faults {
  readonly delay: { readonly milliseconds: number; readonly percent: number } | undefined;
  readonly abort: { readonly status: number; readonly grpc: boolean; readonly percent: number } | undefined;
}

/** The faults that a request may meet; undefined for none. */
export type FaultRule = (request: RouteRequest) => Faults | undefined;

const FAULT_FILTER = 'envoy.filters.http.fault';

/** Of the levels' settings (the most specific first) the first that has any counts. */
export function compileFaults(levels: readonly Readonly<Record<string, Any>>[]): FaultRule | undefined {
  const settings = levels.map((level) => level[FAULT_FILTER]).find((one) => one !== undefined);
  if (settings === undefined) return undefined;
  if (settings.typeUrl !== typeUrlOf(HTTPFaultSchema)) throw new UnsupportedError(settings.typeUrl);
  const fault = fromBinary(HTTPFaultSchema, settings.value);
  checkDurations(HTTPFaultSchema.typeName, fault);
  const faults = faultsOf(fault);
  const conditions = fault.headers.map(compileHeader);
  return (request) => (conditions.every((one) => one.holds(request)) ? faults : undefined);
}

function faultsOf({ delay, abort }: HTTPFault): Faults {
  const held = delay?.faultDelaySecifier;
  if (held?.case === 'headerDelay' || abort?.errorType.case === 'headerAbort') {
    throw new UnsupportedError('a fault that a header asks for');
  }
  const error = abort?.errorType;
  return {
    delay:
      held?.case === 'fixedDelay'
        ? { milliseconds: milliseconds(held.value), percent: percentIn(delay) }
        : undefined,
    abort:
      error?.case === undefined
        ? undefined
        : { status: error.value, grpc: error.case === 'grpcStatus', percent: percentIn(abort) },
  };
}

function percentIn(
  fault: { readonly percentage?: Parameters<typeof percentOf>[0] | undefined } | undefined,
): number {
  return fault?.percentage === undefined ? 0 : percentOf(fault.percentage);
}
