/** Status codes of gRPC that our servers answer with. https://grpc.io/docs/guides/status-codes/ */

export const GRPC_STATUS = {
  ok: 0,
  invalidArgument: 3,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
} as const;

export type GrpcStatus = keyof typeof GRPC_STATUS;

/** A message as the `grpc-message` header carries it: percent-encoded outside of printable ASCII. */
export function statusMessage(text: string): string {
  return text.replaceAll(/[^ -$&-~]+/gu, (part) =>
    [...Buffer.from(part)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}
