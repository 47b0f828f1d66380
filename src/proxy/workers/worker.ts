/** A process that serves beside the main one: does what that one says, and ends with it. */

import type { LoadedBootstrap } from '../bootstrap/bootstrap.ts';
import { tuneForServing } from '../v8-tuning.ts';
import type { ProcessLog } from '../process-log.ts';
import { ProxyServer } from '../server.ts';
import type { ServerFlags } from '../server-flags.ts';
import { type FromWorker, type ToWorker, received } from './messages.ts';
import { RelaySources } from './relay-sources.ts';

export interface WorkerOptions {
  readonly loaded: LoadedBootstrap;
  readonly flags: ServerFlags;
  readonly log: ProcessLog;
  readonly version: string;
}

/** Resolves when the main process ends it, or is gone. */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const { log } = options;
  const ended = Promise.withResolvers<void>();
  const relay = new RelaySources();
  const server = new ProxyServer({ ...options, relay, onQuit: () => ended.resolve() });
  process.on('disconnect', () => ended.resolve());
  process.on('message', (message: ToWorker) => {
    if (message.kind === 'end') ended.resolve();
    else if (message.kind === 'resources') {
      const { typeUrl, added, removed } = message;
      const resources = added.map((one) => received(typeUrl, one));
      for (const { name, reason } of relay.take(typeUrl, resources, removed))
        log.logger('config').error(`a worker cannot use ${typeUrl} ${name}: ${reason}`);
    } else obey(server, log, message);
  });
  // The main process passes on what signals mean.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGUSR1', 'SIGHUP'] as const)
    process.on(signal, () => undefined);
  try {
    server
      .start()
      .then(() => {
        tell({ kind: 'live' });
        tuneForServing();
      })
      .catch((error: unknown) => ended.reject(error));
    await ended.promise;
  } finally {
    server.close();
    await server.flush();
  }
  process.exit(0);
}

function obey(
  server: ProxyServer,
  log: ProcessLog,
  message: Exclude<ToWorker, { readonly kind: 'resources' | 'end' }>,
): void {
  switch (message.kind) {
    case 'rows':
      tell({ kind: 'rows', id: message.id, rows: server.rows() });
      return;
    case 'reset-counters':
      server.resetCounters();
      return;
    case 'drain':
      server.drain(message.request);
      return;
    case 'health':
      server.failHealthChecks(message.isFailing);
      return;
    case 'log-level':
      log.setLevel(message.level, message.logger);
      return;
    case 'reopen-logs':
      server.reopenLogs();
      return;
  }
}

function tell(message: FromWorker): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}
