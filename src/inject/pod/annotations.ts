/** The annotations that steer an injection: what each may hold. */

import { parseCidr } from '../../base/cidr.ts';
import { MeshError } from '../../base/mesh-error.ts';
import { nearestName } from '../../base/nearest.ts';
import { quantityOf } from '../../base/quantity.ts';
import { isMap } from '../yaml/value.ts';
import type { Json, JsonMap } from '../yaml/value.ts';
import { readYamlValue } from '../yaml/read.ts';

/** Says what is wrong with a value, or nothing. */
type Check = (value: string) => string | undefined;

const CHECKS: Readonly<Record<string, Check>> = {
  'sidecar.istio.io/interceptionMode': oneOf('REDIRECT', 'TPROXY', 'NONE'),
  'status.sidecar.istio.io/port': port,
  'readiness.status.sidecar.istio.io/initialDelaySeconds': count,
  'readiness.status.sidecar.istio.io/periodSeconds': count,
  'readiness.status.sidecar.istio.io/failureThreshold': count,
  'readiness.status.sidecar.istio.io/applicationPorts': ports,
  'traffic.sidecar.istio.io/includeOutboundIPRanges': orStar(ranges),
  'traffic.sidecar.istio.io/excludeOutboundIPRanges': ranges,
  'traffic.sidecar.istio.io/includeInboundPorts': orStar(ports),
  'traffic.sidecar.istio.io/excludeInboundPorts': ports,
  'traffic.sidecar.istio.io/includeOutboundPorts': ports,
  'traffic.sidecar.istio.io/excludeOutboundPorts': ports,
  'traffic.sidecar.istio.io/excludeInterfaces': interfaces,
  'traffic.sidecar.istio.io/kubevirtInterfaces': interfaces,
  'istio.io/reroute-virtual-interfaces': interfaces,
  'prometheus.istio.io/merge-metrics': truth,
  'sidecar.istio.io/rewriteAppHTTPProbers': truth,
  'sidecar.istio.io/nativeSidecar': oneOf('true', 'false'),
  'sidecar.istio.io/enableCoreDump': oneOf('true', 'false'),
  'sidecar.istio.io/capNetBindService': oneOf('true', 'false'),
  'sidecar.istio.io/proxyCPU': quantity,
  'sidecar.istio.io/proxyMemory': quantity,
  'sidecar.istio.io/proxyCPULimit': quantity,
  'sidecar.istio.io/proxyMemoryLimit': quantity,
  'sidecar.istio.io/proxyImage': image,
  'sidecar.istio.io/userVolume': volumes,
  'sidecar.istio.io/userVolumeMount': volumes,
  'proxy.istio.io/config': proxyConfigText,
};

/** Fields of ProxyConfig. https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#ProxyConfig */
const PROXY_CONFIG_FIELDS: readonly string[] = [
  ...'configPath binaryPath serviceCluster drainDuration parentShutdownDuration discoveryAddress'.split(' '),
  ...'discoveryRefreshDelay zipkinAddress statsdUdpAddress proxyAdminPort controlPlaneAuthPolicy'.split(' '),
  ...'customConfigFile statNameLength concurrency proxyBootstrapTemplatePath interceptionMode tracing'.split(
    ' ',
  ),
  ...'envoyAccessLogService envoyMetricsService proxyMetadata runtimeValues statusPort extraStatTags'.split(
    ' ',
  ),
  ...'gatewayTopology terminationDrainDuration meshId readinessProbe proxyStatsMatcher'.split(' '),
  ...'holdApplicationUntilProxyStarts caCertificatesPem image privateKeyProvider proxyHeaders'.split(' '),
  ...'fileFlushInterval fileFlushMinSizeKb statsCompression sds connectTimeout availabilityZone'.split(' '),
  ...'zipkin sdsUdsPath sdsTokenPath envoyMetricsServiceAddress'.split(' '),
];

/** Throws a MeshError that names the annotation, its value and what it should be. */
export function checkAnnotations(annotations: Readonly<Record<string, string>>): void {
  const faults: string[] = [];
  for (const [name, check] of Object.entries(CHECKS)) {
    const value = annotations[name];
    const fault = value === undefined ? undefined : check(value);
    if (fault !== undefined)
      faults.push(`annotation ${name} is ${JSON.stringify(shorten(value ?? ''))}, but ${fault}`);
  }
  if (faults.length === 0) return;
  throw new MeshError('InvalidAnnotation', faults.join('; '), {
    hint: 'Correct the annotation of the pod template, or take it out; docs/inject.md lists what each may hold.',
    where: { field: 'metadata.annotations' },
  });
}

/** The truth values that Go's ParseBool takes; undefined for others. */
export function parseTruth(value: string | undefined): boolean | undefined {
  if (value === undefined) return undefined;
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true;
  return ['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value) ? false : undefined;
}

/** The map in an annotation that holds YAML or JSON; empty for none. The annotation has been checked. */
export function mapIn(text: string | undefined): JsonMap {
  const value = text === undefined ? undefined : readYamlValue(text);
  return isMap(value) ? value : {};
}

/** What is wrong with a proxy configuration, or nothing. */
export function proxyConfigFault(config: Json): string | undefined {
  if (!isMap(config)) return 'must be a map of proxy settings';
  for (const [key, value] of Object.entries(config)) {
    if (!PROXY_CONFIG_FIELDS.includes(key)) {
      const near = nearestName(key, PROXY_CONFIG_FIELDS);
      return `has no setting "${key}"${near === undefined ? '' : `; did you mean ${near}?`}`;
    }
    const fault = settingFault(key, value);
    if (fault !== undefined) return `its ${key} ${fault}`;
  }
  return undefined;
}

function settingFault(key: string, value: Json): string | undefined {
  if (value === null) return undefined;
  switch (key) {
    case 'holdApplicationUntilProxyStarts':
      return typeof value === 'boolean' ? undefined : 'must be true or false';
    case 'concurrency':
      return typeof value === 'number' && value >= 0 && Number.isInteger(value)
        ? undefined
        : 'must be a count of threads, 0 or more';
    case 'statusPort':
    case 'proxyAdminPort':
      return typeof value === 'number' && port(String(value)) === undefined
        ? undefined
        : 'must be a port, 0 to 65535';
    case 'interceptionMode':
      return value === 'REDIRECT' || value === 'TPROXY' || value === 'NONE'
        ? undefined
        : 'must be REDIRECT, TPROXY or NONE';
    case 'proxyMetadata':
    case 'runtimeValues':
      return isMap(value) && Object.values(value).every((one) => typeof one === 'string')
        ? undefined
        : 'must be a map of texts';
    case 'image':
      return isMap(value) ? undefined : 'must be a map';
    default:
      return undefined;
  }
}

function oneOf(...words: readonly string[]): Check {
  return (value) =>
    words.includes(value) ? undefined : `must be ${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function orStar(check: Check): Check {
  return (value) => (value === '*' ? undefined : check(value)?.replace('must be', 'must be "*", or'));
}

function port(value: string): string | undefined {
  const text = value.trim();
  return /^[0-9]{1,5}$/.test(text) && Number(text) <= 65_535 ? undefined : 'must be a port, 0 to 65535';
}

function ports(value: string): string | undefined {
  if (value.trim() === '') return undefined;
  return value.split(',').every((one) => port(one) === undefined)
    ? undefined
    : 'must be ports (0 to 65535) with commas between them';
}

function ranges(value: string): string | undefined {
  if (value === '') return undefined;
  return value.split(',').every((one) => parseCidr(one) !== undefined)
    ? undefined
    : 'must be IP ranges like 10.0.0.0/8 with commas between them';
}

function interfaces(value: string): string | undefined {
  if (value === '') return undefined;
  return value
    .split(',')
    .every((one) => /^[^\s/:]{1,15}$/.test(one.trim()) && !['.', '..'].includes(one.trim()))
    ? undefined
    : 'must be names of network interfaces (up to 15 characters) with commas between them';
}

function count(value: string): string | undefined {
  return /^[0-9]{1,10}$/.test(value) && Number(value) < 2 ** 31
    ? undefined
    : 'must be a whole number, 0 or more';
}

function truth(value: string): string | undefined {
  return parseTruth(value) === undefined ? 'must be true or false' : undefined;
}

function quantity(value: string): string | undefined {
  const amount = quantityOf(value);
  return amount === undefined || amount < 0 ? 'must be a quantity like 100m or 128Mi' : undefined;
}

function image(value: string): string | undefined {
  return value !== '' && !/[\s"']/.test(value) ? undefined : 'must be the name of an image';
}

function volumes(value: string): string | undefined {
  let read: Json | undefined;
  try {
    read = JSON.parse(value) as Json;
  } catch {
    return 'must be JSON';
  }
  return isMap(read) && Object.values(read).every(isMap)
    ? undefined
    : 'must be a JSON object with an object for each volume name';
}

function proxyConfigText(value: string): string | undefined {
  let read: Json | undefined;
  try {
    read = readYamlValue(value);
  } catch {
    return 'must be YAML';
  }
  return read === undefined || read === null ? undefined : proxyConfigFault(read);
}

function shorten(value: string): string {
  return value.length > 100 ? `${value.slice(0, 97)}...` : value;
}
