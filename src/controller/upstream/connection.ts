/** A delta discovery stream to another control plane, over gRPC. */

import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import { Deframer, framed } from '../grpc/framing.ts';

const PATH = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';

/** The largest response, in bytes: all Pods or EndpointSlices of a large cluster. */
const LIMITS = { message: 256 << 20, total: 512 << 20 } as const;

/** Bytes that the other side may send ahead. */
const WINDOW = 1 << 22;

export interface ConnectionTimes {
  /** Milliseconds until the connection must be there. */
  readonly connect: number;
  /** Milliseconds between two questions whether the other side is still there, and for each answer. */
  readonly ping: number;
}

export interface ConnectionEvents {
  message(bytes: Buffer): void;
  /** Called once; why, as half a sentence. */
  ended(reason: string): void;
}

export interface UpstreamConnection {
  send(bytes: Uint8Array): void;
  close(): void;
}

/** Opens the stream; what is sent before it is there follows when it is. */
export function openStream(
  target: { readonly host: string; readonly port: number },
  times: ConnectionTimes,
  events: ConnectionEvents,
): UpstreamConnection {
  const host = target.host.includes(':') ? `[${target.host}]` : target.host;
  const session = connect(`http://${host}:${target.port}`, { settings: { initialWindowSize: WINDOW } });
  let isOver = false;
  let reason = 'the connection was closed';
  const end = (why?: string): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(patience);
    clearInterval(pings);
    session.destroy();
    events.ended(why ?? reason);
  };
  const patience = setTimeout(() => end('no connection came about in time'), times.connect);
  const pings = setInterval(
    () => ask(session, times.ping, () => end('it gives no sign of life')),
    times.ping,
  );
  session.on('error', (error) => end(errorText(error)));
  session.on('close', () => end());
  session.on('connect', () => {
    clearTimeout(patience);
    session.setLocalWindowSize(WINDOW);
  });
  const stream = session.request({
    ':method': 'POST',
    ':path': PATH,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  const deframer = new Deframer(LIMITS, { bytes: 0 });
  const status = (headers: IncomingHttpHeaders): void => {
    const said = headers['grpc-message'];
    if (typeof said === 'string' && said !== '') reason = `it says: ${decodeMessage(said)}`;
    const code = headers[':status'];
    if (code !== undefined && Number(code) !== 200)
      reason = `it answers with HTTP status ${String(code)}, and not as a gRPC server`;
  };
  stream.on('response', status);
  stream.on('trailers', status);
  stream.on('error', (error) => (reason = errorText(error)));
  stream.on('data', (part: Buffer) => {
    const fault = isOver ? undefined : deframer.take(part, (message) => events.message(message));
    if (fault !== undefined) end(fault.message);
  });
  // The other side has said its last word; this side need not end first.
  stream.on('end', () => end());
  stream.on('close', () => end());
  return {
    send: (bytes) => {
      if (isOver) return;
      for (const piece of framed([Buffer.from(bytes)])) stream.write(piece);
    },
    close: () => {
      isOver = true;
      clearTimeout(patience);
      clearInterval(pings);
      session.destroy();
    },
  };
}

function ask(session: ClientHttp2Session, patience: number, onSilence: () => void): void {
  if (session.destroyed || session.connecting) return;
  const timer = setTimeout(onSilence, patience);
  const isSent = session.ping(() => clearTimeout(timer));
  if (!isSent) clearTimeout(timer);
}

function errorText(error: Error): string {
  // A stream's own error has that of the connection as its cause.
  const { code } = (error.cause instanceof Error ? error.cause : error) as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return 'nothing listens there';
  if (code === 'ENOTFOUND') return 'there is no machine of that name';
  return error.message;
}

function decodeMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
