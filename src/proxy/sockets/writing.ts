/**
 * Writes to sockets past their streams. Nearly all that a proxy writes is small, and the kernel takes it at once: a request, a
 * callback and a tick of Node.js' streams for each of them take longer than what they are for.
 */

import { Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';

/** What Node.js writes with; what it gives back is below 0 for an error. */
interface WriteHandle {
  writeBuffer(request: WriteRequest, bytes: Buffer): number;
  writeLatin1String(request: WriteRequest, text: string): number;
  /** Bytes that wait for the kernel. */
  readonly writeQueueSize: number;
}

/** For what the kernel does not take at once. Until then it is nobody's, and serves again. */
interface WriteRequest {
  oncomplete?: (status: number) => void;
}

/** More goes through the stream, which slows those down who have much to say. */
const MOST = 32 * 1024;

/** Undefined where Node.js writes in another way than it used to: nothing goes past the streams there. */
let RequestClass: (new () => WriteRequest) | undefined;
let isKnown = false;
let spare: WriteRequest | undefined;
/** Those of which something waits for the kernel that the stream does not know of. */
const queued = new Set<Socket>();

/** Undefined for a socket that is gone, and for what only looks like one. */
function handleOf(socket: Socket): WriteHandle | undefined {
  return (socket as unknown as { readonly _handle: WriteHandle | null | undefined })._handle ?? undefined;
}

/** Whether `writeNow` may write so many bytes: nothing waits in the stream, and bytes go out as they are. */
export function mayWriteNow(socket: Socket, length: number): boolean {
  if (!isKnown) {
    isKnown = true;
    RequestClass = requestClass();
  }
  return (
    length <= MOST &&
    RequestClass !== undefined &&
    socket.writableLength === 0 &&
    socket.writable &&
    !socket.connecting &&
    !('encrypted' in socket) &&
    handleOf(socket) !== undefined &&
    (queued.size === 0 || !queued.has(socket))
  );
}

/**
 * Writes bytes, or Latin-1 text, where `mayWriteNow` allows it. False when the kernel has not taken all of it: what is left
 * goes out ahead of whatever is written to the socket later, and the bytes may not be changed any more.
 */
export function writeNow(socket: Socket, data: Buffer | string): boolean {
  const handle = handleOf(socket);
  if (handle === undefined || RequestClass === undefined) return true;
  const request = (spare ??= new RequestClass());
  const status =
    typeof data === 'string' ? handle.writeLatin1String(request, data) : handle.writeBuffer(request, data);
  if (status < 0) {
    fail(socket, status);
    return true;
  }
  if (handle.writeQueueSize === 0) return true;
  queued.add(socket);
  request.oncomplete = (end) => {
    queued.delete(socket);
    if (end < 0) fail(socket, end);
  };
  spare = undefined;
  return false;
}

function fail(socket: Socket, status: number): void {
  const code = getSystemErrorName(status);
  socket.destroy(Object.assign(new Error(`write ${code}`), { code, syscall: 'write' }));
}

/** Node.js does not name the class of its requests: it is seen where a socket uses one. Undefined when none does. */
function requestClass(): (new () => WriteRequest) | undefined {
  let found: (new () => WriteRequest) | undefined;
  const handle = {
    writeLatin1String(request: WriteRequest) {
      found = request.constructor as new () => WriteRequest;
      return 0;
    },
    getAsyncId: () => 0,
    close: (done?: () => void) => done?.(),
  };
  const socket = new Socket({ handle, readable: false } as object);
  socket.write('x', 'latin1');
  socket.destroy();
  return found;
}
