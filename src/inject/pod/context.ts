/** What templates look up: annotation before value, the pod's own proxy configuration, images, resources. */

import { MeshError } from '../../base/mesh-error.ts';
import { flagAt, mapAt, mergeValues, textAt } from '../settings.ts';
import type { InjectSettings } from '../settings.ts';
import { isMap } from '../yaml/value.ts';
import type { Json, JsonMap } from '../yaml/value.ts';
import { mapIn, proxyConfigFault } from './annotations.ts';
import { PROXY, appContainers, containerName } from './pod.ts';
import type { Pod } from './pod.ts';

/** User and group of the proxy, which iptables lets pass. */
export const PROXY_ID = 1337;

export class TemplateContext {
  readonly pod: Pod;
  readonly settings: InjectSettings;
  readonly values: JsonMap;
  readonly proxyConfig: JsonMap;
  /** Names of the application's containers. */
  readonly apps: readonly string[];
  /** The proxy container that the pod brings itself, to be completed. */
  readonly ownProxy: JsonMap | undefined;

  constructor(pod: Pod, settings: InjectSettings) {
    this.pod = pod;
    this.settings = settings;
    this.values = settings.values;
    const base = mapAt(settings.mesh, 'defaultConfig');
    const fault = proxyConfigFault(base);
    if (fault !== undefined) {
      throw new MeshError('InvalidMeshConfig', `defaultConfig of the mesh configuration: ${fault}`);
    }
    const own = mapIn(pod.annotations['proxy.istio.io/config']);
    this.proxyConfig = mergeValues(mergeValues(this.#otherDiscovery(), base), own);
    this.apps = appContainers(pod).map(containerName);
    this.ownProxy = [...pod.containers, ...pod.initContainers].find((one) => containerName(one) === PROXY);
  }

  text(path: string): string {
    return textAt(this.values, path);
  }

  flag(path: string): boolean {
    return flagAt(this.values, path);
  }

  /** The annotation, or the value where the pod has no such annotation. */
  annotation(name: string, path: string): string {
    return this.pod.annotations[name] ?? this.text(path);
  }

  has(name: string): boolean {
    return this.pod.annotations[name] !== undefined;
  }

  get statusPort(): string {
    const fromConfig = textAt(this.proxyConfig, 'statusPort');
    return (
      this.pod.annotations['status.sidecar.istio.io/port'] ??
      (fromConfig === '' ? this.text('global.proxy.statusPort') : fromConfig)
    );
  }

  get interceptionMode(): string {
    const configured = textAt(this.proxyConfig, 'interceptionMode');
    return (
      this.pod.annotations['sidecar.istio.io/interceptionMode'] ??
      (configured === '' ? 'REDIRECT' : configured)
    );
  }

  get native(): boolean {
    const annotation = this.pod.annotations['sidecar.istio.io/nativeSidecar'];
    if (annotation !== undefined) return annotation === 'true';
    return (
      this.flag('global.proxy.nativeSidecar') || this.text('pilot.env.ENABLE_NATIVE_SIDECARS') === 'true'
    );
  }

  /** The application waits for the proxy. A native sidecar starts first anyway. */
  get hold(): boolean {
    return (
      !this.native &&
      (this.proxyConfig.holdApplicationUntilProxyStarts === true ||
        this.flag('global.proxy.holdApplicationUntilProxyStarts'))
    );
  }

  get cni(): boolean {
    return this.flag('pilot.cni.enabled') || this.flag('istio_cni.enabled');
  }

  get trustDomain(): string {
    return textAt(this.settings.mesh, 'trustDomain') || this.text('global.trustDomain') || 'cluster.local';
  }

  /** Settings of the proxy that travel as environment variables. */
  get proxyMetadata(): readonly (readonly [string, string])[] {
    return Object.entries(mapAt(this.proxyConfig, 'proxyMetadata')).map(([key, value]) => [
      key,
      String(value),
    ]);
  }

  /** `hub/name:tag`, or the image named in full by annotation or value. `path` is that of the image's name. */
  image(path: string): string {
    const named = this.annotation('sidecar.istio.io/proxyImage', path);
    if (named.includes('/')) return named;
    const name = this.text(path);
    const type =
      this.pod.annotations['sidecar.istio.io/proxyImageType'] ??
      (path === 'global.proxy.image' ? textAt(this.proxyConfig, 'image.imageType') : '');
    const tag = typedTag(this.text('global.tag'), type === '' ? this.text('global.variant') : type);
    return `${this.text('global.hub')}/${name}${tag === '' ? '' : `:${tag}`}`;
  }

  get resources(): JsonMap {
    const get = (name: string): string | undefined => this.pod.annotations[`sidecar.istio.io/${name}`];
    const requests = quantities(get('proxyCPU'), get('proxyMemory'));
    const limits = quantities(get('proxyCPULimit'), get('proxyMemoryLimit'));
    if (requests === undefined && limits === undefined) return mapAt(this.values, 'global.proxy.resources');
    return { ...(requests === undefined ? {} : { requests }), ...(limits === undefined ? {} : { limits }) };
  }

  /** The entries of a map value, where it has any. */
  optional(key: string, path: string): JsonMap {
    const value = mapAt(this.values, path);
    return Object.keys(value).length === 0 ? {} : { [key]: value };
  }

  get pullPolicy(): JsonMap {
    const policy = this.text('global.imagePullPolicy');
    return policy === '' ? {} : { imagePullPolicy: policy };
  }

  /** The address of the control plane's authority. */
  get controlPlane(): string {
    return `${this.#istiod()}:15012`;
  }

  #istiod(): string {
    const revision = this.settings.revision;
    const suffix = revision === '' || revision === 'default' ? '' : `-${revision}`;
    return `istiod${suffix}.${this.text('global.istioNamespace')}.svc`;
  }

  /** Where proxies get their configuration, if not where their agent looks by itself. */
  #otherDiscovery(): JsonMap {
    const istiod = this.#istiod();
    return istiod === 'istiod.istio-system.svc' ? {} : { discoveryAddress: `${istiod}:15010` };
  }
}

/** An environment variable. */
export function env(name: string, value: string): JsonMap {
  return { name, value };
}

/** An environment variable from a field of the pod. */
export function fieldEnv(name: string, fieldPath: string): JsonMap {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}

/** The texts of a list value. */
export function textsOf(value: Json | undefined): string[] {
  return Array.isArray(value)
    ? value.flatMap((item) =>
        typeof item === 'string' ? [item] : isMap(item) && typeof item.name === 'string' ? [item.name] : [],
      )
    : [];
}

function quantities(cpu: string | undefined, memory: string | undefined): JsonMap | undefined {
  if (cpu === undefined && memory === undefined) return undefined;
  return { ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) };
}

/** The tag with the type of image as its ending, in place of another type that it may end with. */
function typedTag(tag: string, type: string): string {
  if (type === '') return tag;
  const bare = tag.replace(/-(?:distroless|debug)$/, '');
  return type === 'default' ? bare : `${bare}-${type}`;
}
