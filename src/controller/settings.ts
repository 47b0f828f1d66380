/** Settings of the controller: each is declared once; flags, environment and help follow from that. */

import { parseArgs } from 'node:util';
import { parseDuration } from '../base/duration.ts';
import { MeshError } from '../base/mesh-error.ts';
import { nearestName } from '../base/nearest.ts';
import { IN_CLUSTER } from '../kube/access.ts';
import type { FileSettings } from './settings-file.ts';
import { LOG_LEVELS, type LogLevel } from '../base/log.ts';
import type { ListenAddress } from './grpc/listeners.ts';

interface SettingSpec {
  readonly value: string;
  readonly description: string;
  readonly default?: string;
  /** May be given several times; in the environment the values stand between commas. */
  readonly isList?: boolean;
}

const SPECS = {
  'settings-file': {
    value: 'FILE',
    description: 'File with settings, YAML by the names of these flags. Flags win, then the environment.',
  },
  config: {
    value: 'PATH',
    isList: true,
    description:
      'Folder or file of manifests, read again when it changes, or xds://HOST:PORT for another controller. May be repeated.',
  },
  'mesh-config': { value: 'FILE', description: 'File with the MeshConfig; read again when it changes.' },
  'grpc-addr': {
    value: 'ADDRESS',
    isList: true,
    default: '127.0.0.1:15010',
    description:
      'Where proxies connect: HOST:PORT, in plain text and without Secrets, or unix:///PATH for a socket that only ' +
      "the controller's own user can open, where Secrets are served too. May be repeated.",
  },
  'http-addr': {
    value: 'ADDRESS',
    default: '127.0.0.1:8080',
    description: 'Where /ready, /metrics and /debug are; /debug answers only to this machine.',
  },
  'https-addr': {
    value: 'ADDRESS',
    description:
      'Where the API server finds the webhooks /inject and /validate. They are off unless this is given, and at ' +
      `0.0.0.0:15017 with --kubeconfig ${IN_CLUSTER}.`,
  },
  'tls-cert-file': {
    value: 'FILE',
    description:
      "Certificate of the webhooks, PEM with its chain, read again when it changes. Without one the cluster's " +
      'authority (Secret cacerts or istio-ca-secret) signs for the Service istiod.',
  },
  'tls-key-file': { value: 'FILE', description: 'Private key of --tls-cert-file, PEM.' },
  'istio-namespace': {
    value: 'NAME',
    default: 'istio-system',
    description: 'Namespace of the control plane and of mesh-wide policies.',
  },
  domain: { value: 'NAME', default: 'cluster.local', description: "Domain of the cluster's services." },
  'cluster-id': {
    value: 'NAME',
    description:
      'What the cluster of the workloads is called in metrics. Without it the variable CLUSTER_ID counts, then Kubernetes.',
  },
  'log-level': { value: 'LEVEL', default: 'info', description: `One of ${LOG_LEVELS.join(', ')}.` },
  'debounce-after': {
    value: 'DURATION',
    default: '100ms',
    description: 'A change is sent when no other follows for so long; a lone one of endpoints at once.',
  },
  'debounce-max': {
    value: 'DURATION',
    default: '10s',
    description: 'A change is sent at the latest after so long.',
  },
  'send-timeout': {
    value: 'DURATION',
    default: '30s',
    description: 'A proxy that takes longer to read a response is disconnected.',
  },
  'max-bytes-in-flight': {
    value: 'BYTES',
    default: '16777216',
    description: 'Bytes that may be on their way to proxies at once.',
  },
  'config-clients': {
    value: 'WHO',
    default: 'local',
    description:
      'Who may read the objects of the configuration over discovery, as another controller does: local (this machine) or any.',
  },
  'drain-time': {
    value: 'DURATION',
    default: '5s',
    description: 'At the end, how long proxies have to close their connections.',
  },
  kubeconfig: {
    value: 'FILE',
    description: `Cluster whose objects are read and followed; "${IN_CLUSTER}" for the one this runs in.`,
  },
  'write-status': {
    value: 'WHEN',
    default: 'auto',
    description:
      'Whether the status of objects in the cluster says what became of them: true, false, or auto, which is true ' +
      'inside the cluster. Of several controllers one writes.',
  },
  context: { value: 'NAME', description: 'Context of the kubeconfig file; its current one if not given.' },
} as const satisfies Record<string, SettingSpec>;

type SettingName = keyof typeof SPECS;

/** Names of PEM files. */
export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
}

export interface Settings {
  readonly config: readonly string[];
  /** Other control planes to read configuration from. */
  readonly upstreams: readonly { readonly host: string; readonly port: number }[];
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly meshConfig: string | undefined;
  /** Where proxies connect; at least one. Secrets are served on Unix domain sockets only. */
  readonly grpcAddresses: readonly ListenAddress[];
  readonly httpAddress: { readonly host: string; readonly port: number };
  /** Where webhooks are served; undefined for nowhere. */
  readonly httpsAddress: { readonly host: string; readonly port: number } | undefined;
  /** Certificate and key of the webhooks; undefined where the cluster's authority signs. */
  readonly tlsFiles: TlsFiles | undefined;
  readonly istioNamespace: string;
  readonly domain: string;
  readonly clusterId: string;
  readonly logLevel: LogLevel;
  /** Milliseconds, as all times here. */
  readonly debounceAfter: number;
  readonly debounceMax: number;
  readonly sendTimeout: number;
  readonly maxBytesInFlight: number;
  readonly drainTime: number;
  /** Who may read the objects of the configuration over discovery. */
  readonly configClients: 'local' | 'any';
  /** Whether what became of objects is written into their status. */
  readonly writesStatus: boolean;
}

type Env = Readonly<Record<string, string | undefined>>;

/** The name of a setting's environment variable: `MESH_GRPC_ADDR`. */
function variable(name: string): string {
  return `MESH_${name.toUpperCase().replaceAll('-', '_')}`;
}

/** The file with settings that is asked for, and the names that may stand in it. Throws a `MeshError` for bad flags. */
export function settingsFileIn(
  argv: readonly string[],
  env: Env,
): { readonly file: string | undefined; readonly names: readonly string[] } {
  const flags = parseFlags(argv);
  const given =
    (flags['settings-file'] as readonly string[] | undefined)?.at(-1) ?? env[variable('settings-file')];
  return {
    file: flags.help === true || given === '' ? undefined : given,
    names: Object.keys(SPECS).filter((name) => name !== 'settings-file'),
  };
}

/**
 * Reads flags, environment and what a file says; flags win, the file comes last. `'help'` when help is asked for.
 * Throws a `MeshError` for bad ones.
 */
export function readSettings(argv: readonly string[], env: Env, file: FileSettings = {}): Settings | 'help' {
  const flags = parseFlags(argv);
  if (flags.help === true) return 'help';
  const list = (name: SettingName): readonly string[] => {
    const given = flags[name] as readonly string[] | undefined;
    if (given !== undefined) return given;
    const inherited = env[variable(name)];
    return inherited === undefined || inherited === '' ? (file[name] ?? []) : inherited.split(',');
  };
  const text = (name: SettingName): string | undefined => {
    const spec: SettingSpec = SPECS[name];
    return list(name).at(-1) ?? spec.default;
  };
  const required = (name: SettingName): string => text(name) ?? '';
  const kubeconfig = text('kubeconfig');
  if (list('config').length === 0 && kubeconfig === undefined) {
    throw new MeshError('MissingSetting', 'the controller has no configuration', {
      hint: `Name a folder of manifests with --config, or a cluster with --kubeconfig (${variable('config')}, ${variable('kubeconfig')}).`,
    });
  }
  refuseUnavailable(list('config'));
  const httpsAddress = text('https-addr') ?? (kubeconfig === IN_CLUSTER ? '0.0.0.0:15017' : undefined);
  const tlsFiles = tlsFilesOf(text('tls-cert-file'), text('tls-key-file'));
  if (httpsAddress !== undefined && tlsFiles === undefined && kubeconfig === undefined) {
    throw new MeshError('MissingSetting', 'the webhooks have no certificate', {
      hint: `Name files with --tls-cert-file and --tls-key-file, or a cluster whose authority signs with --kubeconfig (${variable('kubeconfig')}).`,
    });
  }
  const isUpstream = (path: string): boolean => path.startsWith(UPSTREAM_SCHEME);
  return {
    config: list('config').filter((path) => !isUpstream(path)),
    upstreams: list('config')
      .filter(isUpstream)
      .map((text) => upstream(text)),
    kubeconfig,
    context: text('context'),
    meshConfig: text('mesh-config'),
    grpcAddresses: grpcAddresses(list('grpc-addr'), required('grpc-addr')),
    httpAddress: hostPort('http-addr', required('http-addr')),
    httpsAddress: httpsAddress === undefined ? undefined : hostPort('https-addr', httpsAddress),
    tlsFiles,
    istioNamespace: required('istio-namespace'),
    domain: required('domain'),
    clusterId: text('cluster-id') ?? (env['CLUSTER_ID'] || 'Kubernetes'),
    logLevel: logLevel(required('log-level')),
    debounceAfter: milliseconds('debounce-after', required('debounce-after')),
    debounceMax: milliseconds('debounce-max', required('debounce-max')),
    sendTimeout: milliseconds('send-timeout', required('send-timeout')),
    maxBytesInFlight: bytes('max-bytes-in-flight', required('max-bytes-in-flight')),
    drainTime: milliseconds('drain-time', required('drain-time')),
    configClients: configClients(required('config-clients')),
    writesStatus: writesStatus(required('write-status'), kubeconfig),
  };
}

function parseFlags(argv: readonly string[]): Readonly<Record<string, unknown>> {
  const options = Object.fromEntries(
    Object.keys(SPECS).map((name) => [name, { type: 'string', multiple: true }] as const),
  );
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { ...options, help: { type: 'boolean', short: 'h' } },
      strict: true,
    });
    return values;
  } catch (error) {
    const typed = argv.find((word) => word.startsWith('--') && !knows(word));
    const near = typed === undefined ? undefined : nearestName(flagName(typed), Object.keys(SPECS));
    const help = 'Run "mesh-controller --help" for the flags.';
    throw new MeshError('BadUsage', (error as Error).message.split('. ')[0] ?? '', {
      hint: near === undefined ? help : `Did you mean --${near}? ${help}`,
      cause: error,
    });
  }
}

function flagName(word: string): string {
  return word.slice(2).split('=', 1)[0] ?? '';
}

function knows(word: string): boolean {
  return Object.hasOwn(SPECS, flagName(word));
}

function writesStatus(text: string, kubeconfig: string | undefined): boolean {
  if (text === 'auto') return kubeconfig === IN_CLUSTER;
  if (text !== 'true' && text !== 'false') throw badValue('write-status', text, 'true, false or auto');
  if (text === 'true' && kubeconfig === undefined) {
    throw new MeshError('BadSetting', '--write-status is true, but there is no cluster to write to', {
      hint: `Name one with --kubeconfig (${variable('kubeconfig')}).`,
    });
  }
  return text === 'true';
}

function tlsFilesOf(certificate: string | undefined, key: string | undefined): TlsFiles | undefined {
  if (certificate !== undefined && key !== undefined) return { certificate, key };
  if (certificate === undefined && key === undefined) return undefined;
  throw new MeshError('MissingSetting', '--tls-cert-file and --tls-key-file belong together', {
    hint: `Give both, or neither (${variable('tls-cert-file')}, ${variable('tls-key-file')}).`,
  });
}

const HOST_PORT = /^(?:\[([^\]]+)\]|([^:[\]]*)):(\d{1,5})$/;

function hostPort(name: SettingName, text: string): { host: string; port: number } {
  const match = HOST_PORT.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65535) {
    throw badValue(name, text, 'HOST:PORT, as 127.0.0.1:15010');
  }
  const host = match[1] ?? match[2] ?? '';
  return { host: host === '' ? '0.0.0.0' : host, port };
}

const SOCKET_SCHEME = 'unix:';

/** `fallback` where none is given. */
function grpcAddresses(given: readonly string[], fallback: string): readonly ListenAddress[] {
  const texts = given.length === 0 ? [fallback] : [...new Set(given)];
  return texts.map((text) => {
    if (!text.startsWith(SOCKET_SCHEME)) return hostPort('grpc-addr', text);
    const path = text.slice(`${SOCKET_SCHEME}//`.length);
    if (text.startsWith(`${SOCKET_SCHEME}///`) && path.length > 1) return { path };
    throw badValue('grpc-addr', text, 'HOST:PORT, or unix:///PATH with the whole path of a socket');
  });
}

/** Sources that other control planes have; silence would look as if they were used. */
function refuseUnavailable(config: readonly string[]): void {
  const remote = config.find((one) => /^[a-z0-9+.-]+:\/\//i.test(one) && !one.startsWith(UPSTREAM_SCHEME));
  if (remote !== undefined) {
    throw new MeshError('NotAvailable', `configuration cannot be read from ${remote}`, {
      hint: 'Give a folder or a file with --config, a cluster with --kubeconfig, or another controller as xds://HOST:PORT.',
    });
  }
}

const UPSTREAM_SCHEME = 'xds://';

function upstream(text: string): { host: string; port: number } {
  const match = HOST_PORT.exec(text.slice(UPSTREAM_SCHEME.length));
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2] ?? '';
  if (host === '' || !(port > 0 && port <= 65535)) {
    throw badValue('config', text, 'a path, or xds://HOST:PORT for another control plane');
  }
  return { host, port };
}

function configClients(text: string): 'local' | 'any' {
  if (text === 'local' || text === 'any') return text;
  throw badValue('config-clients', text, 'local or any');
}

function milliseconds(name: SettingName, text: string): number {
  const nanos = parseDuration(text);
  if (nanos === undefined || nanos < 0n) throw badValue(name, text, 'a duration, as 100ms or 30s');
  return Number(nanos / 1_000_000n);
}

function bytes(name: SettingName, text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number <= 0) throw badValue(name, text, 'a number of bytes above 0');
  return number;
}

function logLevel(text: string): LogLevel {
  const known = LOG_LEVELS.find((level) => level === text);
  if (known === undefined) throw badValue('log-level', text, `one of ${LOG_LEVELS.join(', ')}`);
  return known;
}

function badValue(name: SettingName, text: string, wanted: string): MeshError {
  return new MeshError('BadSetting', `--${name} is "${text}", but must be ${wanted}`, {
    hint: `It comes from --${name}, ${variable(name)} or the settings file.`,
  });
}

/** What `--help` shows. */
export function settingsHelp(): string {
  const rows = Object.entries(SPECS as Record<string, SettingSpec>).map(([name, spec]) => {
    const standard = spec.default === undefined ? '' : ` Default: ${spec.default}`;
    return `  --${name} ${spec.value}\n      ${spec.description}${standard} [${variable(name)}]`;
  });
  return `mesh-controller reads the configuration of a mesh and serves it to its proxies over xDS.

Usage: mesh-controller --config PATH | --kubeconfig FILE [flags]

Flags, each with its environment variable:
${rows.join('\n')}
`;
}
