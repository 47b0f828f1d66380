/** A proxy of the builtin engine inside the test's own process. */

import { loadBootstrap } from '../../src/proxy/bootstrap/bootstrap.ts';
import { ProcessLog } from '../../src/proxy/process-log.ts';
import { ProxyServer } from '../../src/proxy/server.ts';
import { readServerFlags } from '../../src/proxy/server-flags.ts';

export interface RunningServer {
  readonly server: ProxyServer;
  /** Resolves when it is live. */
  readonly started: Promise<void>;
  readonly log: readonly string[];
  /** Asks the administration interface. */
  admin(path: string, method?: string): Promise<{ readonly status: number; readonly body: string }>;
  /** The value of one statistic; undefined when there is none. */
  stat(name: string): Promise<number | undefined>;
  stop(): Promise<void>;
}

/** `bootstrap` is put over one that has an administration interface on any port. */
export function runServer(bootstrap: object, argv: readonly string[] = []): RunningServer {
  const log: string[] = [];
  const yaml = JSON.stringify({
    node: { id: 'sidecar~10.0.0.1~a.b~b.svc.cluster.local', cluster: 'a.b' },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
    ...bootstrap,
  });
  const flags = readServerFlags([...argv, '--config-yaml', yaml], {}, 1);
  if (flags === undefined) throw new Error('help was asked for');
  const server = new ProxyServer({
    loaded: loadBootstrap(flags, '0.0.0'),
    flags,
    log: new ProcessLog('debug', (line) => log.push(line)),
    version: '0.0.0',
    onQuit: () => log.push('quit'),
  });
  const started = server.start();
  started.catch(() => undefined);
  const admin: RunningServer['admin'] = async (path, method = 'GET') => {
    const response = await fetch(`http://${server.adminAddress}${path}`, { method });
    return { status: response.status, body: await response.text() };
  };
  return {
    server,
    started,
    log,
    admin,
    stat: async (name) => {
      const { body } = await admin('/stats');
      const line = body.split('\n').find((one) => one.startsWith(`${name}: `));
      return line === undefined ? undefined : Number(line.slice(name.length + 2));
    },
    stop: async () => {
      server.close();
      await server.flush();
    },
  };
}
