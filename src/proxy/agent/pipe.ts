/**
 * A pipe of the operating system between the agent and the proxy. What Node gives a child as its output is a socket,
 * which cannot be opened by its name: an access log to `/dev/stdout` or `/dev/stderr` would be refused.
 */

import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';

export interface PipeEnds {
  /** For the child; closed here with `handOver` once the child has it. */
  readonly childEnd: number;
  readonly handOver: () => void;
  readonly output: Socket;
}

/** Undefined where there is no program that makes one. The folder has to be writable; nothing stays in it. */
export async function makePipe(folder: string, name: string): Promise<PipeEnds | undefined> {
  const { spawnSync } = await import('node:child_process');
  const path = join(folder, `${name}.${process.pid}`);
  if (spawnSync('mkfifo', ['-m', '600', path]).status !== 0) return undefined;
  try {
    // In this order neither end waits for the other.
    const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const childEnd = openSync(path, constants.O_WRONLY);
    const output = new Socket({ fd: readEnd, readable: true, writable: false });
    return { childEnd, handOver: () => closeSync(childEnd), output };
  } finally {
    rmSync(path, { force: true });
  }
}
