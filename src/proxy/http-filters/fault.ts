/** Delays and errors on purpose, which the configuration or a request's own headers ask for. */

import type { Any } from '@bufbuild/protobuf/wkt';
import {
  type HTTPFault,
  HTTPFaultSchema,
} from '../../xds/proto/generated/envoy/extensions/filters/http/fault/v3/fault_pb.js';
import type { FractionalPercent } from '../../xds/proto/generated/envoy/type/v3/percent_pb.js';
import { compileHeader } from '../route/conditions.ts';
import { milliseconds } from '../route/milliseconds.ts';
import { fractionFits } from '../route/share.ts';
import { UnsupportedError } from '../route/unsupported.ts';
import type { Counter } from '../stats/stats.ts';
import { requestOf } from '../telemetry/request-of.ts';
import type { FilterKind, FilterStream, LocalReply } from './filter.ts';
import { RouteSettings, unpack } from './settings.ts';

/** https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/fault_filter */
const DELAY_HEADER = 'x-envoy-fault-delay-request';
const ABORT_HEADER = 'x-envoy-fault-abort-request';
const GRPC_ABORT_HEADER = 'x-envoy-fault-abort-grpc-request';

/** Every setting that is not here is refused. */
function compileFault(settings: Any) {
  const fault = unpack(HTTPFaultSchema, settings);
  if (fault.responseRateLimit !== undefined) throw new UnsupportedError('response_rate_limit of a fault');
  return { ...fault, conditions: fault.headers.map(compileHeader) };
}

type Fault = ReturnType<typeof compileFault>;

function applies(fault: Fault, stream: FilterStream): boolean {
  if (fault.upstreamCluster !== '' && fault.upstreamCluster !== stream.routeCluster) return false;
  if (fault.downstreamNodes.length > 0) {
    const node = stream.requestHeaders.get('x-envoy-downstream-service-node') ?? '';
    if (!fault.downstreamNodes.includes(node)) return false;
  }
  if (fault.conditions.length === 0) return true;
  const request = requestOf(stream.info);
  return fault.conditions.every((one) => one.holds(request));
}

function headerNumber(stream: FilterStream, name: string): number | undefined {
  const text = stream.requestHeaders.get(name);
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** A header may ask for a smaller share than what is configured. */
function isHit(
  percentage: FractionalPercent | undefined,
  stream: FilterStream,
  header: string | undefined,
  random: () => number,
): boolean {
  if (percentage === undefined) return false;
  const asked = header === undefined ? undefined : headerNumber(stream, header);
  const numerator = asked === undefined ? percentage.numerator : Math.min(asked, percentage.numerator);
  return fractionFits({ ...percentage, numerator }, random());
}

/** Milliseconds; 0 for none. */
function delayOf({ delay }: HTTPFault, stream: FilterStream, random: () => number): number {
  const kind = delay?.faultDelaySecifier;
  const header = kind?.case === 'headerDelay' ? `${DELAY_HEADER}-percentage` : undefined;
  if (!isHit(delay?.percentage, stream, header, random)) return 0;
  if (kind?.case === 'fixedDelay') return milliseconds(kind.value);
  return kind?.case === 'headerDelay' ? (headerNumber(stream, DELAY_HEADER) ?? 0) : 0;
}

type Abort = Pick<LocalReply, 'status' | 'grpcStatus'>;

function abortOf({ abort }: HTTPFault, stream: FilterStream, random: () => number): Abort | undefined {
  const kind = abort?.errorType;
  const header = kind?.case === 'headerAbort' ? `${ABORT_HEADER}-percentage` : undefined;
  if (!isHit(abort?.percentage, stream, header, random)) return undefined;
  switch (kind?.case) {
    case 'httpStatus':
      return { status: kind.value };
    case 'grpcStatus':
      return { status: 200, grpcStatus: kind.value };
    case 'headerAbort': {
      const status = headerNumber(stream, ABORT_HEADER);
      if (status !== undefined && status >= 200 && status < 600) return { status };
      const grpcStatus = headerNumber(stream, GRPC_ABORT_HEADER);
      return grpcStatus === undefined ? undefined : { status: 200, grpcStatus };
    }
    default:
      return undefined;
  }
}

export const FAULT: FilterKind = {
  typeName: HTTPFaultSchema.typeName,

  compile(name, settings, { stats, random }) {
    const base = compileFault(settings);
    const routes = new RouteSettings(compileFault);
    const delays = stats.counter('fault.delays_injected');
    const aborts = stats.counter('fault.aborts_injected');
    const overflow = stats.counter('fault.faults_overflow');
    const active = stats.gauge('fault.active_faults');

    /** Counted for the cluster of the client too, when it names that. */
    function count(counter: Counter, kind: string, fault: Fault, client: string): void {
      counter.value++;
      if (client !== '' && !fault.disableDownstreamClusterStats) {
        stats.counter(`fault.${client}.${kind}`).value++;
      }
    }

    return {
      name,
      forStream(stream) {
        const fault = routes.first(stream, name) ?? base;
        if (fault.delay === undefined && fault.abort === undefined) return undefined;
        let isActive = false;

        function begin(): boolean {
          if (isActive) return true;
          if (fault.maxActiveFaults !== undefined && active.value >= fault.maxActiveFaults) {
            overflow.value++;
            return false;
          }
          isActive = true;
          active.value++;
          return true;
        }

        return {
          onRequestHeaders() {
            if (!applies(fault, stream)) return 'continue';
            const client = stream.requestHeaders.get('x-envoy-downstream-service-cluster') ?? '';
            const answerOr = (otherwise: () => void): boolean => {
              const abort = abortOf(fault, stream, random);
              if (abort === undefined || !begin()) {
                otherwise();
                return false;
              }
              count(aborts, 'aborts_injected', fault, client);
              stream.info.responseFlags.push('FI');
              stream.reply({ ...abort, body: 'fault filter abort', details: 'fault_filter_abort' });
              return true;
            };
            const delay = delayOf(fault, stream, random);
            if (delay === 0 || !begin()) return answerOr(() => undefined) ? 'stop' : 'continue';
            count(delays, 'delays_injected', fault, client);
            stream.info.responseFlags.push('DI');
            const timer = setTimeout(() => answerOr(() => stream.resumeRequest()), delay);
            stream.onEnd(() => clearTimeout(timer));
            return 'stop';
          },
          onComplete() {
            if (isActive) active.value--;
            isActive = false;
          },
        };
      },
    };
  },

  checkRouteSettings(settings) {
    compileFault(settings);
  },
};
