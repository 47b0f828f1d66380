/** The ProxyConfig of one proxy: defaults, then the MeshConfig's, then PROXY_CONFIG, then the pod's annotation. */

import { isAbsolute, resolve } from 'node:path';
import { isIp } from '../../base/cidr.ts';
import { parseDurationMs } from '../../base/duration.ts';
import { splitHostPort } from '../../base/host-port.ts';
import { MeshError } from '../../base/mesh-error.ts';

export type ConfigMap = Readonly<Record<string, unknown>>;

export interface ProxyConfig {
  /** Absolute; where the bootstrap is written. */
  readonly configPath: string;
  readonly binaryPath: string;
  readonly discovery: DiscoveryAddress;
  readonly proxyAdminPort: number;
  /** 0 for none: no status server, and nothing on 15021. */
  readonly statusPort: number;
  readonly concurrency: number | undefined;
  /** Milliseconds, as all times here. */
  readonly drainDuration: number;
  readonly terminationDrainDuration: number;
  readonly proxyMetadata: Readonly<Record<string, string>>;
  readonly runtimeValues: Readonly<Record<string, string>>;
  readonly extraStatTags: readonly string[];
  readonly statsMatcher: StatsMatcher;
  readonly statsdUdpAddress: { readonly host: string; readonly port: number } | undefined;
  /** As it was put together, for the node's metadata. */
  readonly source: ConfigMap;
  /** Fields that are set and do nothing in this agent. */
  readonly unused: readonly string[];
}

export interface StatsMatcher {
  readonly inclusionPrefixes: readonly string[];
  readonly inclusionSuffixes: readonly string[];
  readonly inclusionRegexps: readonly string[];
}

export type DiscoveryAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly isPlain: boolean }
  | { readonly kind: 'unix'; readonly path: string };

/** https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#ProxyConfig */
const DEFAULTS: ConfigMap = {
  configPath: './etc/istio/proxy',
  binaryPath: '/usr/local/bin/envoy',
  // Istio's is port 15012, with TLS: our control plane has none there, and this agent speaks none to it.
  discoveryAddress: 'istiod.istio-system.svc:15010',
  controlPlaneAuthPolicy: 'MUTUAL_TLS',
  proxyAdminPort: 15_000,
  statusPort: 15_020,
  drainDuration: '45s',
  terminationDrainDuration: '5s',
};

/** Those that are read here, or by the injector and the controller from the metadata. */
const USED: ReadonlySet<string> = new Set([
  ...Object.keys(DEFAULTS),
  'concurrency',
  'extraStatTags',
  'gatewayTopology',
  'holdApplicationUntilProxyStarts',
  'image',
  'interceptionMode',
  'meshId',
  'parentShutdownDuration',
  'proxyHeaders',
  'proxyMetadata',
  'proxyStatsMatcher',
  'readinessProbe',
  'runtimeValues',
  'serviceCluster',
  'statNameLength',
  'statsdUdpAddress',
  'tracing',
]);

/** The port on which control planes speak plain text. */
const PLAIN_PORT = 15_010;
const MAX_BYTES = 1 << 20;

/** YAML or JSON of a map; `where` is what the text is called in errors. Empty text is an empty map. */
export async function parseConfig(text: string, where: string): Promise<ConfigMap> {
  if (text.length > MAX_BYTES) throw bad(where, `is longer than ${MAX_BYTES} bytes`);
  const { CORE_SCHEMA, loadAll } = await import('js-yaml');
  let value: unknown;
  try {
    const documents = loadAll(text, { schema: CORE_SCHEMA });
    if (documents.length > 1) throw new Error('there is more than one document');
    value = documents[0];
  } catch (error) {
    throw bad(where, `is no YAML: ${(error as Error).message.split('\n', 1)[0] ?? ''}`);
  }
  if (value === null || value === undefined) return {};
  if (!isMap(value)) throw bad(where, 'must be a map of settings');
  return value;
}

/** Puts the layers together, the later over the earlier. Throws a `MeshError` that names the field that is wrong. */
export function readProxyConfig(layers: readonly ConfigMap[]): ProxyConfig {
  const source = layers.reduce((under, over) => merged(under, over), DEFAULTS);
  const plain = field(source, 'controlPlaneAuthPolicy') === 'NONE';
  return {
    // Istio's image starts the agent in the root folder, which its relative default counts on.
    configPath: absolute(field(source, 'configPath')),
    binaryPath: field(source, 'binaryPath'),
    discovery: discoveryAddress(field(source, 'discoveryAddress'), plain),
    proxyAdminPort: port(source, 'proxyAdminPort'),
    statusPort: port(source, 'statusPort', 0),
    concurrency: count(source, 'concurrency'),
    drainDuration: duration(source, 'drainDuration'),
    terminationDrainDuration: duration(source, 'terminationDrainDuration'),
    proxyMetadata: texts(source, 'proxyMetadata'),
    runtimeValues: texts(source, 'runtimeValues'),
    extraStatTags: list(source, 'extraStatTags'),
    statsMatcher: statsMatcher(source.proxyStatsMatcher),
    statsdUdpAddress: statsdAddress(field(source, 'statsdUdpAddress')),
    source,
    unused: Object.keys(source).filter((key) => !USED.has(key)),
  };
}

function merged(under: ConfigMap, over: ConfigMap): ConfigMap {
  const result: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    if (value === null || value === undefined) continue;
    const below = result[key];
    result[key] = isMap(value) && isMap(below) ? merged(below, value) : value;
  }
  return result;
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function bad(name: string, fault: string): MeshError {
  return new MeshError('InvalidProxyConfig', `${name} ${fault}`, {
    hint: 'It comes from PROXY_CONFIG, the annotation proxy.istio.io/config or the MeshConfig.',
  });
}

function field(source: ConfigMap, name: string): string {
  const value = source[name] ?? '';
  if (typeof value !== 'string') throw bad(name, `is ${JSON.stringify(value)}, but must be a text`);
  return value;
}

function absolute(path: string): string {
  return isAbsolute(path) ? path : resolve('/', path);
}

function port(source: ConfigMap, name: string, lowest = 1): number {
  const value = Number(source[name]);
  if (!Number.isInteger(value) || value < lowest || value > 65_535) {
    throw bad(name, `is ${JSON.stringify(source[name])}, but must be a port, ${lowest} to 65535`);
  }
  return value;
}

function count(source: ConfigMap, name: string): number | undefined {
  const value = source[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) {
    throw bad(name, `is ${JSON.stringify(value)}, but must be a whole number, 0 or more`);
  }
  return value;
}

function duration(source: ConfigMap, name: string): number {
  const text = field(source, name);
  const value = parseDurationMs(text);
  if (value === undefined || value < 0) throw bad(name, `is "${text}", but must be a duration, as 45s`);
  return value;
}

function texts(source: ConfigMap, name: string): Readonly<Record<string, string>> {
  const value = source[name] ?? {};
  if (!isMap(value)) throw bad(name, 'must be a map');
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => {
      if (isMap(one) || Array.isArray(one)) throw bad(`${name}.${key}`, 'must be a text');
      return [key, String(one)];
    }),
  );
}

function list(source: ConfigMap, name: string): readonly string[] {
  const value = source[name] ?? [];
  if (!Array.isArray(value) || value.some((one) => typeof one !== 'string')) {
    throw bad(name, 'must be a list of texts');
  }
  return value as readonly string[];
}

function statsMatcher(value: unknown): StatsMatcher {
  const source = value ?? {};
  if (!isMap(source)) throw bad('proxyStatsMatcher', 'must be a map');
  return {
    inclusionPrefixes: list(source, 'inclusionPrefixes'),
    inclusionSuffixes: list(source, 'inclusionSuffixes'),
    inclusionRegexps: list(source, 'inclusionRegexps'),
  };
}

function statsdAddress(text: string): ProxyConfig['statsdUdpAddress'] {
  if (text === '') return undefined;
  const parts = splitHostPort(text);
  if (parts === undefined || !isIp(parts.host) || !isPort(parts.port)) {
    throw bad('statsdUdpAddress', `is "${text}", but must be an IP address and a port, as 10.0.0.1:8125`);
  }
  return { host: parts.host, port: Number(parts.port) };
}

function discoveryAddress(text: string, plain: boolean): DiscoveryAddress {
  if (text.startsWith('unix:///')) return { kind: 'unix', path: text.slice('unix://'.length) };
  const parts = splitHostPort(text);
  if (parts === undefined || parts.host === '' || !isPort(parts.port)) {
    throw bad(
      'discoveryAddress',
      `is "${text}", but must be HOST:PORT, as istiod.istio-system.svc:15010, or unix:///PATH`,
    );
  }
  const number = Number(parts.port);
  return { kind: 'tcp', host: parts.host, port: number, isPlain: plain || number === PLAIN_PORT };
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}
