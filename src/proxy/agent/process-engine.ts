/** An engine that is a child process with Envoy's administration. */

import type { ChildProcess } from 'node:child_process';
import { fstatSync } from 'node:fs';
import { dirname } from 'node:path';
import { MeshError } from '../../base/mesh-error.ts';
import { askAnswers, askConnections, askReadiness, askToDrain, type AdminAddress } from './admin.ts';
import type { Engine, EngineExit, RunningEngine } from './engine.ts';
import { makePipe } from './pipe.ts';

export interface ProcessOptions {
  readonly title: string;
  readonly program: string;
  readonly args: (bootstrapFile: string) => readonly string[];
  readonly admin: AdminAddress;
  /** Ports of the proxy's own listeners, on which connections do not hold up its end. */
  readonly ownPorts: readonly number[];
  /** What to do when there is no such program. */
  readonly hint: string;
  readonly writeError: (text: string) => void;
}

/** Milliseconds that the process has to end by itself. */
const END_WITHIN = 5_000;
/** Characters of what it said that are kept for messages. */
const KEPT = 8_192;

export function processEngine(options: ProcessOptions): Engine {
  return { title: options.title, start: (bootstrapFile) => startProcess(options, bootstrapFile) };
}

async function startProcess(options: ProcessOptions, bootstrapFile: string): Promise<RunningEngine> {
  const { program, title, admin, ownPorts } = options;
  // Loaded here: the bundle puts a stand-in for it in the place of imports at the top.
  const { spawn } = await import('node:child_process');
  const folder = dirname(bootstrapFile);
  const errors = await makePipe(folder, 'stderr');
  // Access logs, as a rule: straight to ours, unless that is something that cannot be opened by its name.
  const output = fstatSync(1).isSocket() ? await makePipe(folder, 'stdout') : undefined;
  const child = spawn(program, options.args(bootstrapFile), {
    stdio: ['ignore', output?.childEnd ?? 'inherit', errors?.childEnd ?? 'inherit'],
  });
  errors?.handOver();
  output?.handOver();
  output?.output.setEncoding('utf8').on('data', (text: string) => void process.stdout.write(text));
  let said = '';
  errors?.output.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-KEPT);
    options.writeError(text);
  });
  const closed = [errors, output].map(
    (pipe) => pipe && new Promise<void>((resolve) => pipe.output.once('close', () => resolve())),
  );
  // It must not outlive the agent, whatever ends that.
  const abandon = (): void => void child.kill('SIGKILL');
  process.once('exit', abandon);
  const exited = new Promise<EngineExit>((resolve) => {
    child.once('exit', (code, signal) => {
      process.off('exit', abandon);
      void Promise.all(closed).then(() =>
        resolve({ code: code ?? undefined, signal: signal ?? undefined, lastWords: lastWords(said) }),
      );
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => {
      process.off('exit', abandon);
      reject(
        new MeshError('NoEngine', `${title} cannot be started: ${error.message}`, { hint: options.hint }),
      );
    });
  });
  // Of a process that runs, the only other error is a signal that cannot be sent, because it has just ended.
  child.on('error', () => undefined);
  return {
    exited,
    answers: () => askAnswers(admin),
    ready: () => askReadiness(admin),
    drain: (drain) => askToDrain(admin, drain),
    activeConnections: () => askConnections(admin, ownPorts),
    signal: (signal) => void child.kill(signal),
    stop: () => stopProcess(child, exited),
  };
}

async function stopProcess(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => void child.kill('SIGKILL'), END_WITHIN);
  await exited;
  clearTimeout(timer);
}

/** The last lines that tell of an error, else the last line. */
function lastWords(said: string): string {
  const lines = said
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const errors = lines.filter((line) => /\b(?:critical|error)\b/i.test(line));
  return (errors.length > 0 ? errors : lines).slice(-2).join(' | ');
}
