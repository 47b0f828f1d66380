/** What the agent is told by flags: those that Istio's agent has, and which engine to run. */

import { LOG_LEVELS, type LogLevel } from '../../base/log.ts';
import { MeshError } from '../../base/mesh-error.ts';
import { badFlag, flagHelp, parseFlags, type FlagSpecs } from '../flags.ts';

export type ProxyRole = 'sidecar' | 'router';

export const ENGINES = ['builtin', 'envoy'] as const;
export type EngineName = (typeof ENGINES)[number];

export interface AgentFlags {
  readonly engine: EngineName;
  /** Empty when not given: then it follows from the namespace. */
  readonly domain: string;
  readonly meshConfigFile: string;
  readonly podInfoFolder: string;
  readonly serviceCluster: string;
  /** Threads that handle connections; undefined when not given. */
  readonly concurrency: number | undefined;
  readonly proxyLogLevel: string;
  readonly proxyComponentLogLevel: string;
  readonly logLevel: LogLevel;
  readonly logAsJson: boolean;
  readonly outlierLogPath: string;
}

const SPECS = {
  engine: {
    value: 'NAME',
    default: 'builtin',
    description: `What handles connections: ${ENGINES.join(' or ')}.`,
  },
  domain: {
    value: 'DOMAIN',
    description: 'DNS domain of the workload. Default: NAMESPACE.svc.cluster.local',
  },
  meshConfig: {
    value: 'FILE',
    default: '/etc/istio/config/mesh',
    description: 'File with the MeshConfig, whose defaultConfig PROXY_CONFIG is laid over; it may be absent.',
  },
  podInfo: {
    value: 'FOLDER',
    default: '/etc/istio/pod',
    description: 'Folder with the files "labels" and "annotations" of the downward API.',
  },
  serviceCluster: {
    value: 'NAME',
    description: 'Name of the service, for traces. Default: from the labels.',
  },
  concurrency: {
    value: 'NUMBER',
    description:
      'Threads that handle connections, 0 for one a core. Default: from PROXY_CONFIG or the CPU limit.',
  },
  proxyLogLevel: {
    value: 'LEVEL',
    default: 'warning',
    description: "The engine's log level, with those of components after a comma: warning,misc:error.",
  },
  proxyComponentLogLevel: {
    value: 'LEVELS',
    default: 'misc:error',
    description: "Log levels of the engine's components.",
  },
  log_output_level: {
    value: 'LEVEL',
    default: 'default:info',
    description: `The agent's own log: ${LOG_LEVELS.join(', ')}, or SCOPE:LEVEL of which the most talkative holds.`,
  },
  log_as_json: { description: "The engine's log in JSON; the agent's always is." },
  outlierLogPath: { value: 'FILE', description: 'Where to log hosts that are taken out for their errors.' },
  stsPort: { value: 'PORT', default: '0', description: 'Not served by this agent: only 0 is accepted.' },
} as const satisfies FlagSpecs;

/** `'help'` when help is asked for. Throws a `MeshError` for flags that are not there or have a wrong value. */
export function readAgentFlags(argv: readonly string[]): AgentFlags | 'help' {
  const flags = parseFlags(SPECS, argv);
  if (flags === undefined) return 'help';
  const text = (name: keyof typeof SPECS): string => flags.text(name) ?? '';
  const [extra] = flags.words;
  if (extra !== undefined) throw new MeshError('BadUsage', `${JSON.stringify(extra)} is no flag`);
  const engine = ENGINES.find((one) => one === text('engine'));
  if (engine === undefined) throw badFlag('engine', text('engine'), `one of ${ENGINES.join(', ')}`);
  if (text('stsPort') !== '0') {
    throw new MeshError('NotAvailable', 'this agent has no security token service, so --stsPort must be 0');
  }
  const [level = '', ...components] = text('proxyLogLevel').split(',');
  return {
    engine,
    domain: text('domain'),
    meshConfigFile: text('meshConfig'),
    podInfoFolder: text('podInfo'),
    serviceCluster: text('serviceCluster'),
    concurrency: concurrency(flags.text('concurrency')),
    proxyLogLevel: level,
    proxyComponentLogLevel: components.length > 0 ? components.join(',') : text('proxyComponentLogLevel'),
    logLevel: logLevel(text('log_output_level')),
    logAsJson: flags.has('log_as_json'),
    outlierLogPath: text('outlierLogPath'),
  };
}

function concurrency(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,4}$/.test(text)) throw badFlag('concurrency', text, 'a number of threads');
  return Number(text);
}

/** Istio's scopes have levels of their own (`default:info,xdsproxy:debug`); this agent has one log. */
function logLevel(text: string): LogLevel {
  const names: Readonly<Record<string, LogLevel>> = { warning: 'warn', none: 'off', fatal: 'error' };
  const levels = text.split(',').map((part) => {
    const word = part.slice(part.lastIndexOf(':') + 1).trim();
    const level = LOG_LEVELS.find((one) => one === word) ?? names[word];
    if (level === undefined) throw badFlag('log_output_level', text, `of levels ${LOG_LEVELS.join(', ')}`);
    return level;
  });
  return LOG_LEVELS.find((one) => levels.includes(one)) ?? 'info';
}

export function agentHelp(role: ProxyRole): string {
  return `mesh-proxy ${role} runs the agent of ${role === 'sidecar' ? 'a workload' : 'a gateway'}: it makes the bootstrap of a proxy, starts the proxy and watches over it.

Usage: mesh-proxy ${role} [flags]

Flags:
${flagHelp(SPECS)}
The rest comes from the environment, as injected containers have it: PROXY_CONFIG, POD_NAME, POD_NAMESPACE,
INSTANCE_IP, SERVICE_ACCOUNT, ISTIO_META_*, ISTIO_METAJSON_*, ISTIO_PROMETHEUS_ANNOTATIONS, and others that
docs/proxy-agent.md lists.

Example, an Envoy on this machine for a controller on this machine:
  PROXY_CONFIG='{"discoveryAddress":"127.0.0.1:15010","configPath":"/tmp/proxy"}' \\
  POD_NAME=gateway-0 POD_NAMESPACE=shop mesh-proxy ${role} --engine envoy
With "unix:///run/mesh/xds.sock", a socket of the controller, certificates of Secrets come too.
`;
}
