/** The flags of the builtin proxy: Envoy's, under the names that Envoy has for them. */

import { parseArgs } from 'node:util';
import { MeshError } from '../base/mesh-error.ts';
import { nearestName } from '../base/nearest.ts';
import { LOG_LEVELS, LOGGERS, type LogLevel, type LoggerName } from './process-log.ts';

export interface ServerFlags {
  readonly file: string | undefined;
  readonly yaml: string | undefined;
  readonly mode: 'serve' | 'validate';
  readonly serviceNode: string | undefined;
  readonly serviceCluster: string | undefined;
  readonly serviceZone: string | undefined;
  /** Processes that serve; at least 1. */
  readonly concurrency: number;
  readonly logLevel: LogLevel;
  readonly componentLevels: ReadonlyMap<LoggerName, LogLevel>;
  readonly logPath: string | undefined;
  readonly logFormat: string | undefined;
  /** Milliseconds. */
  readonly drainTime: number;
  readonly drainStrategy: 'gradual' | 'immediate';
  /** Milliseconds. */
  readonly parentShutdownTime: number;
  readonly adminAddressPath: string | undefined;
  /** Where the last good configuration is kept for a restart. */
  readonly stateFolder: string | undefined;
  /** All flags with their values as they are shown by `/server_info`. */
  readonly shown: Readonly<Record<string, unknown>>;
}

interface Flag {
  readonly short?: string;
  /** What stands for the value in the help; absent for a flag that is only there or not. */
  readonly value?: string;
  readonly description: string;
  readonly default?: string;
}

/** Those without an effect are taken because deployments pass them: there is no hot restart here to be set up. */
const FLAGS = {
  engine: { value: 'ENGINE', description: 'builtin.', default: 'builtin' },
  'config-path': { short: 'c', value: 'FILE', description: 'The bootstrap, in YAML or JSON.' },
  'config-yaml': { value: 'YAML', description: 'A bootstrap as text, put over that of the file.' },
  mode: {
    value: 'MODE',
    description: 'serve, or validate: only look whether the configuration is good.',
    default: 'serve',
  },
  'service-node': { value: 'ID', description: 'In the place of node.id.' },
  'service-cluster': { value: 'NAME', description: 'In the place of node.cluster.' },
  'service-zone': { value: 'ZONE', description: 'In the place of node.locality.zone.' },
  concurrency: { value: 'N', description: 'Processes that serve; 0 for one a core.', default: '1' },
  'log-level': {
    short: 'l',
    value: 'LEVEL',
    description: `One of ${LOG_LEVELS.join(', ')}.`,
    default: 'info',
  },
  'component-log-level': { value: 'LIST', description: 'Levels of parts, as upstream:debug,config:trace.' },
  'log-path': { value: 'FILE', description: 'Where the log goes, in place of standard error.' },
  'log-format': { value: 'FORMAT', description: "Of a line, with Envoy's letters." },
  'drain-time-s': {
    value: 'SECONDS',
    description: 'How long connections of a listener that goes may take.',
    default: '600',
  },
  'drain-strategy': { value: 'STRATEGY', description: 'gradual or immediate.', default: 'gradual' },
  'parent-shutdown-time-s': { value: 'SECONDS', description: 'Taken, without effect.', default: '900' },
  'admin-address-path': {
    value: 'FILE',
    description: 'Where the address of the administration interface is written to.',
  },
  'state-dir': {
    value: 'FOLDER',
    description:
      'Keeps the last good configuration here, for a restart without the controller. Default: $MESH_PROXY_STATE_DIR.',
  },
  'local-address-ip-version': { value: 'VERSION', description: 'Taken, without effect.', default: 'v4' },
  'file-flush-interval-msec': { value: 'MS', description: 'Taken, without effect.', default: '10000' },
  'base-id': { value: 'ID', description: 'Taken, without effect.', default: '0' },
  'base-id-path': { value: 'FILE', description: 'Taken, without effect.' },
  'use-dynamic-base-id': { description: 'Taken, without effect.' },
  'restart-epoch': { value: 'N', description: 'Taken, without effect.', default: '0' },
  'disable-hot-restart': { description: 'Taken, without effect.' },
  'allow-unknown-static-fields': { description: 'Refused: nothing unknown is passed over.' },
  'reject-unknown-dynamic-fields': { description: 'Taken, without effect.' },
  'ignore-unknown-dynamic-fields': { description: 'Taken, without effect.' },
  'skip-deprecated-logs': { description: 'Taken, without effect.' },
  'cpuset-threads': { description: 'Taken, without effect.' },
  'enable-fine-grain-logging': { description: 'Taken, without effect.' },
  'socket-path': { value: 'PATH', description: 'Taken, without effect.' },
  'socket-mode': { value: 'MODE', description: 'Taken, without effect.' },
} as const satisfies Readonly<Record<string, Flag>>;

const SPECS: Readonly<Record<string, Flag>> = FLAGS;

/** Undefined when help is asked for. Throws a `MeshError` for flags that are not there and values that are none. */
export function readServerFlags(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  cores: number,
): ServerFlags | undefined {
  const values = parse(argv);
  if (values.help === true) return undefined;
  const text = (name: keyof typeof FLAGS): string | undefined => {
    const given = values[name];
    return typeof given === 'string' ? given : SPECS[name]?.default;
  };
  const engine = text('engine');
  if (engine !== 'builtin') {
    throw new MeshError(
      'BadSetting',
      `--engine is ${JSON.stringify(engine)}, but this command runs builtin only`,
      {
        hint: 'Run "mesh-proxy sidecar --engine envoy" for Envoy.',
      },
    );
  }
  if (values['allow-unknown-static-fields'] === true) {
    throw new MeshError(
      'BadSetting',
      '--allow-unknown-static-fields is not supported: nothing unknown is passed over',
    );
  }
  const concurrency = whole('concurrency', text('concurrency'), 1024);
  return {
    file: text('config-path'),
    yaml: text('config-yaml'),
    mode: oneOf('mode', text('mode'), ['serve', 'validate']),
    serviceNode: text('service-node'),
    serviceCluster: text('service-cluster'),
    serviceZone: text('service-zone'),
    concurrency: concurrency === 0 ? cores : concurrency,
    logLevel: level('log-level', text('log-level')),
    componentLevels: componentLevels(text('component-log-level')),
    logPath: text('log-path'),
    logFormat: text('log-format'),
    drainTime: whole('drain-time-s', text('drain-time-s'), 1_000_000) * 1000,
    drainStrategy: oneOf('drain-strategy', text('drain-strategy'), ['gradual', 'immediate']),
    parentShutdownTime: whole('parent-shutdown-time-s', text('parent-shutdown-time-s'), 1_000_000) * 1000,
    adminAddressPath: text('admin-address-path'),
    stateFolder: text('state-dir') ?? environment.MESH_PROXY_STATE_DIR,
    shown: {
      base_id: text('base-id'),
      use_dynamic_base_id: values['use-dynamic-base-id'] === true,
      concurrency: concurrency === 0 ? cores : concurrency,
      config_path: text('config-path') ?? '',
      config_yaml: text('config-yaml') ?? '',
      admin_address_path: text('admin-address-path') ?? '',
      local_address_ip_version: text('local-address-ip-version'),
      log_level: text('log-level'),
      component_log_level: text('component-log-level') ?? '',
      log_format: text('log-format') ?? '',
      log_path: text('log-path') ?? '',
      service_cluster: text('service-cluster') ?? '',
      service_node: text('service-node') ?? '',
      service_zone: text('service-zone') ?? '',
      drain_time: `${text('drain-time-s')}s`,
      drain_strategy: text('drain-strategy') === 'immediate' ? 'Immediate' : 'Gradual',
      parent_shutdown_time: `${text('parent-shutdown-time-s')}s`,
      mode: text('mode') === 'validate' ? 'Validate' : 'Serve',
      disable_hot_restart: true,
      restart_epoch: Number(text('restart-epoch')),
    },
  };
}

function parse(argv: readonly string[]): Readonly<Record<string, unknown>> {
  const options = Object.fromEntries(
    Object.entries(SPECS).map(([name, { short, value }]) => [
      name,
      {
        type: value === undefined ? ('boolean' as const) : ('string' as const),
        ...(short === undefined ? {} : { short }),
      },
    ]),
  );
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { ...options, help: { type: 'boolean', short: 'h' } },
      strict: true,
    });
    return values;
  } catch (error) {
    const typed = argv.find((word) => word.startsWith('--') && !Object.hasOwn(SPECS, nameOf(word)));
    const near = typed === undefined ? undefined : nearestName(nameOf(typed), Object.keys(SPECS));
    const help = 'Run "mesh-proxy --engine builtin --help" for the flags.';
    throw new MeshError('BadUsage', (error as Error).message.split('. ')[0] ?? '', {
      hint: near === undefined ? help : `Did you mean --${near}? ${help}`,
      cause: error,
    });
  }
}

function nameOf(word: string): string {
  return word.slice(2).split('=', 1)[0] ?? '';
}

function whole(name: string, text: string | undefined, max: number): number {
  const value = /^\d{1,7}$/.test(text ?? '') ? Number(text) : Number.NaN;
  if (value <= max) return value;
  throw bad(name, text, `a whole number up to ${max}`);
}

function oneOf<Value extends string>(
  name: string,
  text: string | undefined,
  values: readonly Value[],
): Value {
  const found = values.find((value) => value === text);
  if (found === undefined) throw bad(name, text, `one of ${values.join(', ')}`);
  return found;
}

function level(name: string, text: string | undefined): LogLevel {
  return oneOf(name, text === 'warn' ? 'warning' : text, LOG_LEVELS);
}

/** Parts that only Envoy has are passed over: their levels say nothing here. */
function componentLevels(list = ''): ReadonlyMap<LoggerName, LogLevel> {
  const levels = new Map<LoggerName, LogLevel>();
  for (const pair of list.split(',').filter((one) => one !== '')) {
    const [name, value] = pair.split(':', 2);
    const logger = LOGGERS.find((one) => one === name);
    const parsed = level('component-log-level', value);
    if (logger !== undefined) levels.set(logger, parsed);
  }
  return levels;
}

function bad(name: string, text: string | undefined, wanted: string): MeshError {
  return new MeshError('BadSetting', `--${name} is ${JSON.stringify(text ?? '')}, but must be ${wanted}`);
}

export function serverHelp(): string {
  const lines = Object.entries(SPECS).map(([name, { short, value, description, default: standard }]) => {
    const names = `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`;
    return `  ${names}\n      ${description}${standard === undefined ? '' : ` Default: ${standard}.`}\n`;
  });
  return `mesh-proxy --engine builtin runs the builtin proxy from an Envoy bootstrap.

Usage:
  mesh-proxy --engine builtin -c FILE [flags]

Examples:
  mesh-proxy --engine builtin -c bootstrap.yaml --log-level debug
  mesh-proxy --engine builtin -c gateway.yaml --concurrency 4 --state-dir /var/lib/mesh-proxy
  mesh-proxy --engine builtin -c bootstrap.yaml --mode validate

Flags:
${lines.join('')}`;
}
