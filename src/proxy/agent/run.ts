/** The agent: settings, bootstrap, engine, status server; from start to end. */

import { readFile } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { parseDurationMs } from '../../base/duration.ts';
import { Log } from '../../base/log.ts';
import { MeshError } from '../../base/mesh-error.ts';
import { readProbers } from './app-probes.ts';
import { addressFamily } from './bootstrap/addresses.ts';
import { makeBootstrap } from './bootstrap/bootstrap.ts';
import { makeEngine } from './engines.ts';
import { agentHelp, readAgentFlags, type AgentFlags, type ProxyRole } from './flags.ts';
import { MergedMetrics, readScrapeTargets } from './merged-metrics.ts';
import { parsePodInfo, proxyNode, type Environment, type Labels } from './node.ts';
import { isMap, parseConfig, readProxyConfig, type ProxyConfig } from './proxy-config.ts';
import { StatusServer } from './status-server.ts';
import { Supervisor } from './supervisor.ts';

declare const LATEEN_VERSION: string | undefined;

const MAX_POD_INFO_BYTES = 1 << 20;
const FORWARDED: readonly NodeJS.Signals[] = ['SIGUSR1', 'SIGHUP'];

/** Runs until a signal or an order ends it. Throws a `MeshError` for what it cannot start with. */
export async function runAgent(role: ProxyRole, argv: readonly string[]): Promise<void> {
  const flags = readAgentFlags(argv);
  if (flags === 'help') {
    process.stdout.write(agentHelp(role));
    return;
  }
  const annotations = await podInfo(flags, 'annotations');
  const config = await proxyConfig(flags, annotations, process.env);
  // As with Istio, what the ProxyConfig says of the environment holds.
  const env: Environment = { ...process.env, ...config.proxyMetadata };
  const log = new Log(flags.logLevel, (line) => void process.stderr.write(line));
  if (config.unused.length > 0) {
    log.warn('settings of the proxy that do nothing here', { fields: config.unused });
  }
  const node = proxyNode({
    role,
    flags,
    config,
    env,
    annotations,
    labels: await podInfo(flags, 'labels'),
    hostAddresses: hostAddresses(),
    hostName: hostname(),
    version: typeof LATEEN_VERSION === 'string' ? LATEEN_VERSION : '0.0.0',
  });
  const family = addressFamily(node.ips);
  const statusPort = portOf(env, 'ENVOY_STATUS_PORT', 15_021);
  const metricsPort = portOf(env, 'ENVOY_PROMETHEUS_PORT', 15_090);
  const waitsForConnections = env.EXIT_ON_ZERO_ACTIVE_CONNECTIONS === 'true';
  const probers = readProbers(env.ISTIO_KUBE_APP_PROBERS);
  const targets = readScrapeTargets(env.ISTIO_PROMETHEUS_ANNOTATIONS);
  const minimumDrainDuration = waitsForConnections
    ? durationOf(env, 'MINIMUM_DRAIN_DURATION', 5_000)
    : undefined;

  const bootstrap = makeBootstrap({
    ...flags,
    node,
    config,
    isDelta: env.ISTIO_DELTA_XDS !== 'false',
    statusPort,
    metricsPort,
    countsConnections: waitsForConnections,
  });
  const { writeBootstrap } = await import('./bootstrap/write.ts');
  const override = env.ISTIO_BOOTSTRAP_OVERRIDE;
  const bootstrapFile = await writeBootstrap(
    bootstrap,
    config.configPath,
    override === '' ? undefined : override,
  );

  const admin = { host: family.localhost, port: config.proxyAdminPort };
  const supervisor = new Supervisor({
    engine: makeEngine(flags.engine, {
      admin,
      ownPorts: [statusPort, metricsPort],
      writeError: (text) => void process.stderr.write(text),
      binaryPath: config.binaryPath,
      drainDuration: config.drainDuration,
      concurrency: threads(flags, config, env),
      isGateway: role === 'router',
      logLevel: flags.proxyLogLevel,
      componentLogLevel: flags.proxyComponentLogLevel,
      isIpv6: family.localhost === '::1',
    }),
    bootstrapFile,
    inboundOnly: role === 'sidecar',
    terminationDrainDuration: config.terminationDrainDuration,
    minimumDrainDuration,
    log,
  });
  const ending = (reason: string): void => {
    log.info('the agent ends', { reason });
    void supervisor.end();
  };
  const status =
    config.statusPort === 0
      ? undefined
      : await StatusServer.start({
          host: family.wildcard,
          port: config.statusPort,
          appHost:
            env.REWRITE_PROBE_LEGACY_LOCALHOST_DESTINATION === 'true'
              ? family.localhost
              : (node.ips[0] ?? family.localhost),
          readiness: () => supervisor.readiness(),
          metrics: new MergedMetrics({
            admin,
            targets,
            localhost: family.localhost,
            restarts: () => supervisor.restarts,
            log,
          }),
          probers,
          drain: () => supervisor.drainNow(),
          quit: () => {
            supervisor.skipDrain();
            ending('/quitquitquit');
          },
          log,
        });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, ending);
  for (const signal of FORWARDED) process.on(signal, () => supervisor.signal(signal));
  try {
    await supervisor.run();
  } finally {
    await status?.stop();
    for (const signal of ['SIGTERM', 'SIGINT', ...FORWARDED] as const) process.removeAllListeners(signal);
  }
}

async function podInfo({ podInfoFolder }: AgentFlags, name: 'labels' | 'annotations'): Promise<Labels> {
  return parsePodInfo((await optionalFile(join(podInfoFolder, name))) ?? '');
}

/** Undefined when there is no such file. */
async function optionalFile(file: string): Promise<string | undefined> {
  try {
    const text = await readFile(file, 'utf8');
    if (text.length > MAX_POD_INFO_BYTES) throw new Error(`it is longer than ${MAX_POD_INFO_BYTES} bytes`);
    return text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new MeshError('UnreadableFile', `${file} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

async function proxyConfig(flags: AgentFlags, annotations: Labels, env: Environment): Promise<ProxyConfig> {
  const mesh = await parseConfig((await optionalFile(flags.meshConfigFile)) ?? '', flags.meshConfigFile);
  const annotation = 'proxy.istio.io/config';
  return readProxyConfig([
    isMap(mesh.defaultConfig) ? mesh.defaultConfig : {},
    await parseConfig(env.PROXY_CONFIG ?? '', 'PROXY_CONFIG'),
    await parseConfig(annotations[annotation] ?? '', `the annotation ${annotation}`),
  ]);
}

function threads(flags: AgentFlags, config: ProxyConfig, env: Environment): number {
  const limit = Number(env.ISTIO_CPU_LIMIT);
  const ofLimit = Number.isInteger(limit) && limit > 0 ? limit : 0;
  return flags.concurrency ?? config.concurrency ?? ofLimit;
}

/** Of this machine, as others reach it. */
function hostAddresses(): readonly string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, scopeid }) => !internal && (scopeid ?? 0) === 0)
    .map(({ address }) => address);
}

function portOf(env: Environment, name: string, standard: number): number {
  const text = env[name];
  if (text === undefined || text === '') return standard;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new MeshError('BadSetting', `the variable ${name} is ${JSON.stringify(text)}, which is no port`);
}

function durationOf(env: Environment, name: string, standard: number): number {
  const text = env[name];
  if (text === undefined || text === '') return standard;
  const value = parseDurationMs(text);
  if (value !== undefined && value >= 0) return value;
  throw new MeshError('BadSetting', `the variable ${name} is ${JSON.stringify(text)}, which is no duration`);
}
