/** Programs that a test starts, with their logs in a folder of the test's own. */

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Longest wait for a program to end when asked to, in milliseconds. */
const END_WITHIN = 20_000;

/** A running program and the file that has what it says. */
export interface Child {
  readonly name: string;
  readonly process: ChildProcess;
  readonly log: string;
}

/** Starts a program whose output goes into the folder's `logs`; `programs` is a folder that it finds others in first. */
export function start(program: string, args: readonly string[], folder: string, programs?: string): Child {
  const name = program.slice(program.lastIndexOf('/') + 1);
  const logs = join(folder, 'logs');
  mkdirSync(logs, { recursive: true });
  const log = join(logs, `${name}.log`);
  const output = openSync(log, 'a');
  const { HOME, PATH } = process.env;
  // Nothing of the surroundings (ETCD_*, proxies) may change what the programs do.
  const env = { HOME, PATH: programs === undefined ? PATH : `${programs}${delimiter}${PATH ?? ''}` };
  const child = spawn(program, args, { cwd: folder, env, stdio: ['ignore', output, output] });
  closeSync(output);
  // One that cannot even be started has no process id, which is what is looked at.
  child.once('error', (error) => writeFileSync(log, String(error)));
  return { name, log, process: child };
}

/** Whether it runs no more, or never did. */
export function ended(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}

/** Ends it, by force if it does not end in time, and waits for that. */
export async function end({ process: child }: Child, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (ended(child)) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), END_WITHIN);
  await gone;
  clearTimeout(timer);
}
