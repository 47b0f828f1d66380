/** The builtin proxy as a program: flags, log, signals, exit code. */

import { openSync, writeSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { MeshError } from '../base/mesh-error.ts';
import { loadBootstrap } from './bootstrap/bootstrap.ts';
import { tuneForServing, tuneForStart } from './v8-tuning.ts';
import { ProcessLog } from './process-log.ts';
import { ProxyServer } from './server.ts';
import { WORKER_VARIABLE, WorkerPool } from './workers/worker-pool.ts';
import { runWorker } from './workers/worker.ts';
import { type ServerFlags, readServerFlags, serverHelp } from './server-flags.ts';

/** Runs until a signal or the administration interface ends it. Throws a `MeshError` when it cannot serve. */
export async function runBuiltin(argv: readonly string[], version: string): Promise<void> {
  const flags = readServerFlags(argv, process.env, availableParallelism());
  if (flags === undefined) {
    process.stdout.write(serverHelp());
    return;
  }
  tuneForStart();
  const loaded = loadBootstrap(flags, version);
  const log = openLog(flags, loaded.logFormat);
  if (process.env[WORKER_VARIABLE] !== undefined && process.send !== undefined) {
    await runWorker({ loaded, flags, log, version });
    return;
  }
  const ended = Promise.withResolvers<string>();
  const onQuit = (): void => void setImmediate(() => ended.resolve('/quitquitquit'));
  if (flags.mode === 'validate') {
    new ProxyServer({ loaded, flags, log, version, onQuit }).validate();
    process.stdout.write(`configuration '${loaded.source}' OK\n`);
    return;
  }
  const main = log.logger('main');
  main.info(`initializing mesh-proxy ${version} (Node.js ${process.version})`);
  const workers = await startWorkers(flags, argv, log);
  let server: ProxyServer | undefined;
  try {
    server = new ProxyServer({ loaded, flags, log, version, onQuit, workers });
    watchSignals(server, ended.resolve);
    server.start().then(tuneForServing, (error: unknown) => ended.reject(error));
    main.info(`caught ${await ended.promise}`);
  } finally {
    server?.close();
    await Promise.all([server?.flush(), workers?.close()]);
  }
  main.info('exiting');
  process.exit(0);
}

function watchSignals(server: ProxyServer, end: (signal: string) => void): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => end(signal));
  process.on('SIGUSR1', () => server.reopenLogs());
  // Nobody sees the terminal that a proxy was once started from.
  process.on('SIGHUP', () => undefined);
}

/** The others of `--concurrency`; undefined when this process serves alone. */
async function startWorkers(
  flags: ServerFlags,
  argv: readonly string[],
  log: ProcessLog,
): Promise<WorkerPool | undefined> {
  const program = process.argv[1];
  if (flags.concurrency < 2 || program === undefined) return undefined;
  return WorkerPool.start({ count: flags.concurrency - 1, program, argv, log: log.logger('main') });
}

function openLog(flags: ServerFlags, format: Parameters<typeof makeLog>[2]): ProcessLog {
  let fd = 2;
  if (flags.logPath !== undefined) {
    try {
      fd = openSync(flags.logPath, 'a', 0o640);
    } catch (error) {
      throw new MeshError('CannotWrite', `cannot write the log: ${(error as Error).message}`, {
        hint: 'Choose another file with --log-path.',
        cause: error,
      });
    }
  }
  return makeLog(flags, fd, format);
}

function makeLog(
  flags: ServerFlags,
  fd: number,
  format: ConstructorParameters<typeof ProcessLog>[2],
): ProcessLog {
  const write = (line: string): void => {
    try {
      writeSync(fd, line);
    } catch {
      // A log that cannot be written must not end the proxy.
    }
  };
  const chosen =
    flags.logFormat === undefined ? format : ({ kind: 'text', format: flags.logFormat } as const);
  const log = new ProcessLog(flags.logLevel, write, chosen);
  for (const [name, level] of flags.componentLevels) log.setLevel(level, name);
  return log;
}
