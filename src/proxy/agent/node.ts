/** Who the proxy is: Envoy's node, from the environment that injection makes and the files of the downward API. */

import { isIp } from '../../base/cidr.ts';
import { MeshError } from '../../base/mesh-error.ts';
import { type AgentFlags, type ProxyRole } from './flags.ts';
import { isMap, type ConfigMap, type ProxyConfig } from './proxy-config.ts';

export type Environment = Readonly<Record<string, string | undefined>>;
export type Labels = Readonly<Record<string, string>>;

export interface ProxyNode {
  /** `sidecar~10.1.2.3~web-0.shop~shop.svc.cluster.local`. */
  readonly id: string;
  /** Name of the service: `web.shop`. */
  readonly cluster: string;
  readonly locality: { readonly region?: string; readonly zone?: string; readonly sub_zone?: string };
  readonly metadata: ConfigMap;
  /** At least one; the first is in the id. */
  readonly ips: readonly string[];
  readonly annotations: Labels;
}

export interface NodeSources {
  readonly role: ProxyRole;
  readonly flags: AgentFlags;
  readonly config: ProxyConfig;
  readonly env: Environment;
  readonly labels: Labels;
  readonly annotations: Labels;
  /** Addresses of this machine, for where INSTANCE_IP is not given. */
  readonly hostAddresses: readonly string[];
  readonly hostName: string;
  /** Of Lateen. */
  readonly version: string;
}

const META = 'ISTIO_META_';
const META_JSON = 'ISTIO_METAJSON_';

/** Annotations of the pod that the agent itself uses; the others are nobody's business. */
const TOLD_ANNOTATIONS = /^(?:sidecar|proxy|traffic\.sidecar)\.istio\.io\//;

/** Throws a `MeshError` for addresses and JSON that cannot be read. */
export function proxyNode(sources: NodeSources): ProxyNode {
  const { role, flags, config, env, labels, annotations, hostName } = sources;
  const namespace = env.POD_NAMESPACE ?? 'default';
  const name = env.POD_NAME ?? hostName;
  const domain = flags.domain === '' ? `${namespace}.svc.cluster.local` : flags.domain;
  const given = environmentMetadata(env);
  const ips = addresses(sources, given.INSTANCE_IPS);
  const workload = String(given.WORKLOAD_NAME ?? '');
  return {
    id: `${role}~${ips[0] ?? ''}~${name}.${namespace}~${domain}`,
    cluster: flags.serviceCluster === '' ? serviceCluster(labels, workload, namespace) : flags.serviceCluster,
    locality: locality(labels),
    ips,
    annotations,
    metadata: {
      NAME: name,
      NAMESPACE: namespace,
      INSTANCE_IPS: ips.join(','),
      LABELS: labels,
      ANNOTATIONS: Object.fromEntries(
        Object.entries(annotations).filter(([key]) => TOLD_ANNOTATIONS.test(key)),
      ),
      ...(env.SERVICE_ACCOUNT === undefined ? {} : { SERVICE_ACCOUNT: env.SERVICE_ACCOUNT }),
      PROXY_CONFIG: config.source,
      LATEEN_VERSION: sources.version,
      ...given,
    },
  };
}

/** `ISTIO_META_X=v` is the text X; `ISTIO_METAJSON_X={…}` is a map of values, as Istio's agent has it. */
function environmentMetadata(env: Environment): Record<string, unknown> {
  const metadata: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (value === undefined) continue;
    if (name.startsWith(META)) {
      metadata[name.slice(META.length)] = value;
    } else if (name.startsWith(META_JSON)) {
      Object.assign(metadata, jsonMap(name, value));
    }
  }
  return metadata;
}

function jsonMap(name: string, text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new MeshError('BadSetting', `the variable ${name} holds no JSON: ${(error as Error).message}`);
  }
  if (!isMap(value)) throw new MeshError('BadSetting', `the variable ${name} must hold a JSON object`);
  return value;
}

function addresses({ env, hostAddresses }: NodeSources, given: unknown): readonly string[] {
  const text = typeof given === 'string' && given !== '' ? given : (env.INSTANCE_IP ?? '');
  const told = text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
  const wrong = told.find((one) => !isIp(one));
  if (wrong !== undefined) {
    throw new MeshError('BadSetting', `INSTANCE_IP holds ${JSON.stringify(wrong)}, which is no IP address`);
  }
  if (told.length > 0) return told;
  return hostAddresses.length > 0 ? hostAddresses : ['127.0.0.1'];
}

function serviceCluster(labels: Labels, workload: string, namespace: string): string {
  const app = labels.app ?? labels['app.kubernetes.io/name'] ?? '';
  const name = app === '' ? workload : app;
  return `${name === '' ? 'istio-proxy' : name}.${namespace}`;
}

/** Of the pod's labels; where there are none, the controller knows it from the node that the pod runs on. */
function locality(labels: Labels): ProxyNode['locality'] {
  // Slashes cannot stand in a label, so Istio has dots for them.
  const [region, zone, subzone] = (labels['istio-locality'] ?? '').split('.');
  const parts = {
    region: region === '' ? labels['topology.kubernetes.io/region'] : region,
    zone: zone ?? labels['topology.kubernetes.io/zone'],
    sub_zone: subzone ?? labels['topology.istio.io/subzone'],
  };
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined && value !== ''));
}

/**
 * Labels or annotations as the downward API writes them: `key="value"` a line, the value quoted as Go does.
 * Lines that are none are left out.
 */
export function parsePodInfo(text: string): Labels {
  const entries: [string, string][] = [];
  for (const line of text.split('\n')) {
    const equals = line.indexOf('=');
    const value = equals < 0 ? undefined : unquoted(line.slice(equals + 1).trim());
    if (value !== undefined) entries.push([line.slice(0, equals).trim(), value]);
  }
  return Object.fromEntries(entries);
}

/** What stands between the quotes of a Go string; undefined where it is none. */
function unquoted(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text.replaceAll(GO_ESCAPE, asJson));
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Go's escapes are JSON's, but for those of bytes and long code points, and of three letters. */
const GO_ESCAPE = /\\(?:x([0-9a-fA-F]{2})|U([0-9a-fA-F]{8})|([av'])|.)/g;

function asJson(escape: string, byte?: string, long?: string, letter?: string): string {
  if (byte !== undefined) return `\\u00${byte}`;
  if (long !== undefined) return JSON.stringify(String.fromCodePoint(Number.parseInt(long, 16))).slice(1, -1);
  if (letter === undefined) return escape;
  return letter === "'" ? "'" : `\\u000${letter === 'a' ? '7' : 'b'}`;
}
