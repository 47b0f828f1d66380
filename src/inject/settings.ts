/** What an injection is made from, besides the pod: values, mesh configuration, revision; with their defaults. */

import type { InjectConfig } from './config.ts';
import { getKey, isMap, setKey } from './yaml/value.ts';
import type { Json, JsonMap } from './yaml/value.ts';

/** Everything that decides what a pod gets. Made by `injectSettings`. */
export interface InjectSettings {
  readonly config: InjectConfig;
  /** The values of the installation, defaults filled in. */
  readonly values: JsonMap;
  readonly mesh: JsonMap;
  /** Empty for the default revision. */
  readonly revision: string;
  /** Of objects that name none; empty where nothing is known. */
  readonly defaultNamespace: string;
}

/** Values that count when the installation's values do not say otherwise. Keys as Istio's charts have them. */
export function defaultValues(version: string): JsonMap {
  return {
    revision: '',
    global: {
      hub: 'lateen',
      tag: version,
      variant: '',
      imagePullPolicy: '',
      imagePullSecrets: [],
      istioNamespace: 'istio-system',
      caAddress: '',
      caName: '',
      pilotCertProvider: 'istiod',
      trustBundleName: 'istio-ca-root-cert',
      logAsJson: false,
      logging: { level: 'default:info' },
      meshID: '',
      network: '',
      multiCluster: { clusterName: 'Kubernetes' },
      sts: { servicePort: 0 },
      sds: { token: { aud: 'istio-ca' } },
      mountMtlsCerts: false,
      proxy: {
        image: 'proxy',
        clusterDomain: 'cluster.local',
        resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '2', memory: '1Gi' } },
        logLevel: 'warning',
        componentLogLevel: 'misc:error',
        privileged: false,
        enableCoreDump: false,
        nativeSidecar: false,
        holdApplicationUntilProxyStarts: false,
        capNetBindService: 'false',
        statusPort: 15020,
        readinessInitialDelaySeconds: 0,
        readinessPeriodSeconds: 15,
        readinessFailureThreshold: 4,
        startupProbe: { enabled: true, failureThreshold: 600 },
        seccompProfile: { type: 'RuntimeDefault' },
        includeIPRanges: '*',
        excludeIPRanges: '',
        includeInboundPorts: '*',
        excludeInboundPorts: '',
        includeOutboundPorts: '',
        excludeOutboundPorts: '',
      },
      proxy_init: { image: 'proxy', forceApplyIptables: false },
    },
    sidecarInjectorWebhook: { rewriteAppHTTPProbe: true },
    pilot: { cni: { enabled: false, provider: 'default' } },
    gateways: {},
  };
}

/** `over` on top of `base`: maps are merged, anything else replaces, null takes away. */
export function mergeValues(base: JsonMap, over: JsonMap): JsonMap {
  const result: JsonMap = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = getKey(base, key);
    if (value === null) delete result[key];
    else setKey(result, key, isMap(before) && isMap(value) ? mergeValues(before, value) : value);
  }
  return result;
}

const PATHS = new Map<string, readonly string[]>();

/** The value at a dotted path. Paths are those of the code, so there are few, and each is cut up once. */
export function valueAt(values: JsonMap, path: string): Json | undefined {
  let keys = PATHS.get(path);
  if (keys === undefined) {
    keys = path.split('.');
    if (PATHS.size < 1000) PATHS.set(path, keys);
  }
  let current: Json | undefined = values;
  for (const key of keys) current = getKey(current, key);
  return current;
}

/** The value at a path as text; empty where there is none. */
export function textAt(values: JsonMap, path: string): string {
  const value = valueAt(values, path);
  return value === undefined || value === null || typeof value === 'object' ? '' : String(value);
}

/** True for true and "true". */
export function flagAt(values: JsonMap, path: string): boolean {
  return textAt(values, path) === 'true';
}

/** The map at a path; empty where there is none. */
export function mapAt(values: JsonMap, path: string): JsonMap {
  const value = valueAt(values, path);
  return isMap(value) ? value : {};
}
