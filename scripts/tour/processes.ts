/** Programs that the tour starts, and that are gone when it ends, however it ends. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Milliseconds that anything is waited for. */
const PATIENCE = 20_000;
/** Milliseconds for a program to end by itself. */
const END_PATIENCE = 3000;

interface Program {
  readonly name: string;
  readonly process: ChildProcess;
  log: string;
}

export class Processes {
  readonly #root: string;
  readonly #programs: Program[] = [];
  #closing: Promise<unknown> | undefined;

  constructor(root: string) {
    this.#root = root;
    // Whatever ends this process, nothing of it stays behind.
    process.on('exit', () => {
      for (const { process: child } of this.#programs) child.kill('SIGKILL');
    });
  }

  /** Starts a program of the project. What it says is kept, and shown when it should not have ended. */
  start(
    name: string,
    script: string,
    argv: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): void {
    const child = spawn(process.execPath, [script, ...argv], {
      cwd: this.#root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const program: Program = { name, process: child, log: '' };
    const keep = (chunk: Buffer): void => {
      program.log = (program.log + chunk.toString()).slice(-4000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    this.#programs.push(program);
  }

  /** Asks again and again until the answer is there. Throws when it does not come, or a program has ended. */
  async until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const end = Date.now() + PATIENCE;
    for (;;) {
      if (this.#closing !== undefined) throw new Error('the tour was ended');
      const dead = this.#programs.find(({ process: child }) => child.exitCode !== null);
      if (dead !== undefined) throw new Error(`${dead.name} has ended:\n${dead.log}`);
      if (await isSo().catch(() => false)) return;
      if (Date.now() > end) {
        const logs = this.#programs.map(({ name, log }) => `${name}:\n${log}`).join('\n');
        throw new Error(`${what} did not come within ${PATIENCE / 1000} s\n${logs}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Ends all programs and waits until they are gone. */
  async close(): Promise<void> {
    this.#closing ??= Promise.all(this.#programs.map(({ process: child }) => ended(child)));
    await this.#closing;
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), END_PATIENCE);
  await gone;
  clearTimeout(timer);
}

/** Below the ports that systems give to connections and to servers that ask for any: nobody gets one before its program starts. */
const FIRST_PORT = 12_000;
const PORTS = 8_000;

/** Ports of this machine that are free now. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const ports: number[] = [];
  const start = Math.floor(Math.random() * PORTS);
  for (let tried = 0; ports.length < count; tried++) {
    if (tried === PORTS) throw new Error(`there are no ${count} free ports from ${FIRST_PORT} on`);
    const port = FIRST_PORT + ((start + tried) % PORTS);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
