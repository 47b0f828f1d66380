/** Ports for programs that a test starts. */

import { createServer } from 'node:net';

/**
 * Below those that the system gives to connections and to servers that ask for any port, so that nobody takes one
 * between its choice and the start of the program.
 */
const FIRST = 20_000;
const PER_WORKER = 750;
const WORKERS = 16;

/** Test files that run at the same time are on different workers, and choose from different parts. */
const start = FIRST + (Number(process.env.VITEST_POOL_ID ?? 0) % WORKERS) * PER_WORKER;
// What an earlier file has used may still be closing.
let next = process.pid % PER_WORKER;

/** So many ports on which nobody listens; none is given twice as long as there are others. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tried = 0; ports.length < count; tried++) {
    if (tried === PER_WORKER) throw new Error(`there are no ${count} free ports from ${start} on`);
    const port = start + next;
    next = (next + 1) % PER_WORKER;
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

/** One port on which nobody listens. */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    // On every address: a program may listen on any of them.
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
