/** Checks faults that HTTP routes put in. */

import type {
  Abort,
  Delay,
  HTTPFaultInjection,
  Percent,
} from '../../../api/generated/types/networking.istio.io/VirtualService.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { RuleReport } from '../rule.ts';
import { checkDuration } from './duration-field.ts';
import { warnStatus600 } from './http-response.ts';

/** Names of https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
const GRPC_STATUSES: ReadonlySet<string> = new Set(
  `OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED
  RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS
  UNAUTHENTICATED`.split(/\s+/),
);

// Envoy counts in millionths; the control plane stops at a ten thousandth of a percent.
const SMALLEST_PERCENT = 0.0001;

/** https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPFaultInjection */
export function checkFault(report: RuleReport, path: FieldPath, fault: HTTPFaultInjection | undefined): void {
  if (fault === undefined) return;
  if (fault.abort === undefined && fault.delay === undefined) {
    report.error(path, 'must have a delay, an abort or both', { check: 'MissingField' });
  }
  if (fault.abort !== undefined) checkAbort(report, [...path, 'abort'], fault.abort);
  if (fault.delay !== undefined) checkDelay(report, [...path, 'delay'], fault.delay);
}

function checkAbort(report: RuleReport, path: FieldPath, abort: Abort): void {
  checkPercentage(report, [...path, 'percentage'], abort.percentage);
  const { httpStatus, grpcStatus, http2Error } = abort;
  if (grpcStatus !== undefined && !GRPC_STATUSES.has(grpcStatus)) {
    report.error([...path, 'grpcStatus'], `"${grpcStatus}" is no status of gRPC`, {
      hint: `Known are ${[...GRPC_STATUSES].join(', ')}.`,
    });
  }
  if (http2Error !== undefined) {
    report.error([...path, 'http2Error'], 'is not supported; use httpStatus or grpcStatus');
  }
  warnStatus600(report, [...path, 'httpStatus'], httpStatus);
  if (httpStatus === undefined && grpcStatus === undefined && http2Error === undefined) {
    report.warn(path, 'has no effect without httpStatus or grpcStatus');
  }
}

function checkDelay(report: RuleReport, path: FieldPath, delay: Delay): void {
  checkPercentage(report, [...path, 'percentage'], delay.percentage);
  checkDuration(report, [...path, 'fixedDelay'], delay.fixedDelay);
  if (delay.exponentialDelay !== undefined) {
    report.error([...path, 'exponentialDelay'], 'is not supported; use fixedDelay');
  } else if (delay.fixedDelay === undefined) report.warn(path, 'has no effect without fixedDelay');
}

/** The schema keeps it between 0 and 100. */
function checkPercentage(report: RuleReport, path: FieldPath, percentage: Percent | undefined): void {
  const value = percentage?.value ?? 0;
  if (value > 0 && value < SMALLEST_PERCENT) {
    report.error([...path, 'value'], `must be 0, or at least ${SMALLEST_PERCENT}`);
  }
}
