/** The outcome of gRPC calls: numbers, names, and where it stands. https://grpc.io/docs/guides/status-codes/ */

import type { HeaderList } from '../http/header-list.ts';
import type { StreamInfo } from '../stream-info.ts';

const CAMEL: readonly string[] = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
];

const SNAKE: readonly string[] = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

/** As `DeadlineExceeded`; the number itself where it has no name. */
export function camelGrpcStatus(status: number): string {
  return CAMEL[status] ?? String(status);
}

/** As `DEADLINE_EXCEEDED`; the number itself where it has no name. */
export function snakeGrpcStatus(status: number): string {
  return SNAKE[status] ?? String(status);
}

/** https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md */
export function grpcStatusOfHttp(status: number): number {
  switch (status) {
    case 200:
      return 0;
    case 400:
      return 13;
    case 401:
      return 16;
    case 403:
      return 7;
    case 404:
      return 12;
    case 429:
    case 502:
    case 503:
    case 504:
      return 14;
    default:
      return 2;
  }
}

/** Whether these are headers of a gRPC call. */
export function isGrpc(headers: HeaderList | undefined): boolean {
  const type = headers?.get('content-type');
  return type !== undefined && /^application\/grpc(?:$|\+)/.test(type);
}

function statusIn(headers: HeaderList | undefined): number | undefined {
  const text = headers?.get('grpc-status');
  if (text === undefined) return undefined;
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** The status that a call has ended with: of the trailers, else of the headers, else what the HTTP status means. */
export function grpcStatusIn(
  status: number,
  headers: HeaderList | undefined,
  trailers: HeaderList | undefined,
): number | undefined {
  const found = statusIn(trailers) ?? statusIn(headers);
  if (found !== undefined) return found;
  return status === 0 ? undefined : grpcStatusOfHttp(status);
}

export function grpcStatusOf(info: StreamInfo): number | undefined {
  return grpcStatusIn(info.responseCode, info.responseHeaders, info.responseTrailers);
}
