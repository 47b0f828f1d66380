/** The engines by name, and how each is called. */

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Engine } from './engine.ts';
import type { EngineName } from './flags.ts';
import { processEngine, type ProcessOptions } from './process-engine.ts';

export interface EngineSettings extends Pick<ProcessOptions, 'admin' | 'ownPorts' | 'writeError'> {
  /** Where Envoy is, from ProxyConfig; where nothing is there, it is looked for in PATH. */
  readonly binaryPath: string;
  /** Of Envoy's drain sequence, milliseconds. */
  readonly drainDuration: number;
  /** Threads that handle connections; 0 for one a core. */
  readonly concurrency: number;
  readonly isGateway: boolean;
  readonly logLevel: string;
  readonly componentLogLevel: string;
  readonly isIpv6: boolean;
}

export function makeEngine(name: EngineName, settings: EngineSettings): Engine {
  switch (name) {
    case 'envoy':
      return envoyEngine(settings);
    case 'builtin':
      return builtinEngine(settings);
  }
}

function envoyEngine(settings: EngineSettings): Engine {
  const { binaryPath, concurrency, componentLogLevel } = settings;
  return processEngine({
    ...settings,
    title: 'Envoy',
    program: existsSync(binaryPath) ? binaryPath : 'envoy',
    hint: `There is none at ${binaryPath} (binaryPath of PROXY_CONFIG), nor in PATH.`,
    args: (bootstrapFile) => [
      '-c',
      bootstrapFile,
      '--drain-time-s',
      String(Math.ceil(settings.drainDuration / 1_000)),
      '--drain-strategy',
      'immediate',
      '--local-address-ip-version',
      settings.isIpv6 ? 'v6' : 'v4',
      '--file-flush-interval-msec',
      '1000',
      '--disable-hot-restart',
      '-l',
      settings.logLevel,
      ...(componentLogLevel === '' ? [] : ['--component-log-level', componentLogLevel]),
      ...(concurrency === 0 ? [] : ['--concurrency', String(concurrency)]),
    ],
  });
}

/** This same program, without the agent. */
function builtinEngine(settings: EngineSettings): Engine {
  const launcher = process.argv[1] ?? fileURLToPath(new URL('../../../bin/mesh-proxy.js', import.meta.url));
  return processEngine({
    ...settings,
    title: 'the builtin proxy',
    program: process.execPath,
    hint: 'It is part of this package; install it again.',
    args: (bootstrapFile) => [
      launcher,
      '--engine',
      'builtin',
      '-c',
      bootstrapFile,
      '--drain-time-s',
      String(Math.ceil(settings.drainDuration / 1_000)),
      '-l',
      settings.logLevel,
      ...(settings.componentLogLevel === '' ? [] : ['--component-log-level', settings.componentLogLevel]),
      // One process serves a sidecar well; those of a gateway are as many as Envoy's threads would be.
      ...(settings.isGateway && settings.concurrency > 1
        ? ['--concurrency', String(settings.concurrency)]
        : []),
      // Beside the bootstrap, which is the proxy's own too.
      '--state-dir',
      join(dirname(bootstrapFile), 'state'),
    ],
  });
}
