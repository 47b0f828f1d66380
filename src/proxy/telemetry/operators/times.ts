/** Operators over moments and durations. */

import type { StreamInfo, StreamTimes } from '../../stream-info.ts';
import { FormatError } from '../format-error.ts';
import { compileTimeFormat, isoTime } from '../strftime.ts';
import { type Operator, type OperatorKind, type OperatorTable, plain } from './operator.ts';

const LOCAL_TIME = '%Y-%m-%dT%H:%M:%E3S%z';

type TimeOf = (info: StreamInfo) => number | undefined;

/** A time in `strftime` form: `%START_TIME(%Y/%m/%d)%`. */
export function timeOperator(timeOf: TimeOf, local = false): OperatorKind {
  return {
    parameters: 'optional',
    length: false,
    compile(parameters) {
      if (/%[-_0^#]*[1-9]*(?:E|O)?n/.test(parameters)) {
        throw new FormatError(parameters, 'Invalid header configuration. Format string contains newline.');
      }
      const write =
        parameters === '' && !local
          ? isoTime
          : compileTimeFormat(parameters === '' ? LOCAL_TIME : parameters, local);
      return (info) => {
        const time = timeOf(info);
        return time === undefined ? undefined : write(time);
      };
    },
  };
}

/** Points of time that `COMMON_DURATION` knows. Those of connecting are not kept, and so never known. */
const POINTS: Readonly<Record<string, (times: StreamTimes) => number>> = {
  DS_RX_BEG: (times) => times.start,
  DS_RX_END: (times) => times.requestEnd,
  US_CX_BEG: () => 0,
  US_CX_END: () => 0,
  US_HS_END: () => 0,
  US_TX_BEG: (times) => times.upstreamFirstSent,
  US_TX_END: (times) => times.upstreamLastSent,
  US_RX_BEG: (times) => times.upstreamFirstReceived,
  US_RX_BODY_BEG: () => 0,
  US_RX_END: (times) => times.upstreamLastReceived,
  DS_TX_BEG: (times) => times.responseFirstSent,
  DS_TX_END: (times) => times.responseLastSent,
};

const PRECISIONS: Readonly<Record<string, number>> = { ms: 1, us: 1e3, ns: 1e6 };

function between(begin: number, end: number, factor = 1): number | undefined {
  return begin === 0 || end === 0 || end < begin ? undefined : Math.floor((end - begin) * factor);
}

function commonDuration(parameters: string): Operator {
  const [begin = '', end, precision = 'ms', ...more] = parameters.split(':');
  if (end === undefined || more.length > 0) {
    throw new FormatError(parameters, `Invalid common duration configuration: ${parameters}.`);
  }
  const factor = PRECISIONS[precision];
  if (factor === undefined) {
    throw new FormatError(parameters, `Invalid common duration precision: ${precision}.`);
  }
  const from = POINTS[begin];
  const to = POINTS[end];
  // Other names are of points that extensions would set, and none does.
  if (from === undefined || to === undefined) return () => undefined;
  return ({ times }) => between(from(times), to(times), factor);
}

export const TIME_OPERATORS: OperatorTable = {
  START_TIME: timeOperator((info) => info.startTime),
  START_TIME_LOCAL: timeOperator((info) => info.startTime, true),
  EMIT_TIME: timeOperator(() => Date.now()),
  EMIT_TIME_LOCAL: timeOperator(() => Date.now(), true),
  DURATION: plain(({ times }) => between(times.start, times.end === 0 ? performance.now() : times.end)),
  REQUEST_DURATION: plain(({ times }) => between(times.start, times.requestEnd)),
  REQUEST_TX_DURATION: plain(({ times }) => between(times.start, times.upstreamLastSent)),
  RESPONSE_DURATION: plain(({ times }) => between(times.start, times.upstreamFirstReceived)),
  RESPONSE_TX_DURATION: plain(({ times }) => between(times.upstreamFirstReceived, times.responseLastSent)),
  COMMON_DURATION: { parameters: 'required', length: false, compile: commonDuration },
};
