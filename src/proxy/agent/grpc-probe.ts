/** The health check of gRPC, as a probe asks it. https://github.com/grpc/grpc/blob/master/doc/health-checking.md */

import { Client, credentials, status as codes } from '@grpc/grpc-js';

export interface GrpcProbe {
  readonly host: string;
  readonly port: number;
  /** Empty for the server as a whole. */
  readonly service: string;
  /** Milliseconds. */
  readonly timeout: number;
}

const SERVING = 1;
const STATES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

/** Throws an `Error` when the service does not serve, or does not say in time. */
export async function probeGrpc({ host, port, service, timeout }: GrpcProbe): Promise<void> {
  const client = new Client(
    `${host.includes(':') ? `[${host}]` : host}:${port}`,
    credentials.createInsecure(),
  );
  try {
    const state = await new Promise<number>((resolve, reject) => {
      client.makeUnaryRequest(
        '/grpc.health.v1.Health/Check',
        encodeRequest,
        decodeStatus,
        service,
        { deadline: Date.now() + timeout },
        (error, value) => {
          if (error === null) resolve(value ?? 0);
          else reject(new Error(`gRPC status ${codes[error.code] ?? error.code}: ${error.details}`));
        },
      );
    });
    if (state !== SERVING) throw new Error(`the service is ${STATES[state] ?? state}`);
  } finally {
    client.close();
  }
}

/** `message HealthCheckRequest { string service = 1; }`, with a name of under 128 bytes or longer. */
function encodeRequest(service: string): Buffer {
  const name = Buffer.from(service);
  if (name.length === 0) return Buffer.alloc(0);
  const length: number[] = [];
  let rest = name.length;
  for (; rest > 127; rest >>>= 7) length.push((rest & 127) | 128);
  return Buffer.from([0x0a, ...length, rest, ...name]);
}

/** `message HealthCheckResponse { ServingStatus status = 1; }`, whose values are all below 128. */
function decodeStatus(bytes: Buffer): number {
  return bytes[0] === 0x08 ? (bytes[1] ?? 0) : 0;
}
