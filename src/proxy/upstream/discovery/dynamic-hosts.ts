/** Endpoints that each request names: its host, with the address that a DNS cache has for it. */

import type { Cluster } from '../../../xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterConfigSchema } from '../../../xds/proto/generated/envoy/extensions/clusters/dynamic_forward_proxy/v3/cluster_pb.js';
import { InvalidConfigError, milliseconds, refuseFields, unpacked } from '../../config-error.ts';
import type { Balancer } from '../balancers/balancer.ts';
import type { DnsCache, DnsCaches } from '../dns/cache.ts';
import type { Endpoint } from '../host.ts';
import type { Membership } from '../membership.ts';
import type { LoadBalancerContext } from '../types.ts';
import { PassingHosts } from './passing-hosts.ts';

/** The name of such clusters' type. */
export const DYNAMIC_TYPE = 'envoy.clusters.dynamic_forward_proxy';

/** How a connection of TCP says where it goes, in its filter state. */
export const DYNAMIC_HOST_KEY = 'envoy.upstream.dynamic_host';

const HOST_PORT = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/;

/** Name and port of a request's host; undefined for what is none. The port is undefined where it names none. */
export function namedHost(authority: string): { name: string; port: number | undefined } | undefined {
  const [, literal, name, port] = HOST_PORT.exec(authority) ?? [];
  const found = literal ?? name;
  if (found === undefined || Number(port ?? 0) > 65_535) return undefined;
  return { name: found, port: port === undefined ? undefined : Number(port) };
}

export interface DynamicOptions {
  readonly hosts: Membership;
  readonly caches: DnsCaches;
  /** Requests that name no port go to that of HTTPS. */
  readonly isSecure: boolean;
  /** The cluster's HTTP options, where it has any: server names and certificates are the host's. */
  readonly names: { readonly autoSni: boolean; readonly autoSanValidation: boolean } | undefined;
}

/** https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/http/http_proxy */
export class DynamicHosts implements Balancer {
  readonly #hosts: PassingHosts;
  readonly #cache: DnsCache;
  readonly #release: () => void;
  readonly #port: number;

  /** Throws an `UnsupportedError` or `InvalidConfigError`. */
  constructor(owner: string, message: Cluster, options: DynamicOptions) {
    const type = message.clusterDiscoveryType;
    const field = `${owner}.cluster_type`;
    const any = type.case === 'clusterType' ? type.value.typedConfig : undefined;
    if (any === undefined) throw new InvalidConfigError(field, 'typed_config is missing');
    const config = unpacked(field, any, ClusterConfigSchema);
    refuseFields(field, {
      sub_clusters_config: config.clusterImplementationSpecifier.case === 'subClustersConfig',
      allow_coalesced_connections: config.allowCoalescedConnections,
    });
    const { names } = options;
    if (
      !config.allowInsecureClusterOptions &&
      names !== undefined &&
      !(names.autoSni && names.autoSanValidation)
    ) {
      throw new InvalidConfigError(
        field,
        'auto_sni and auto_san_validation must be set, unless allow_insecure_cluster_options is',
      );
    }
    const cache = config.clusterImplementationSpecifier;
    const acquired = options.caches.acquire(
      `${field}.dns_cache_config`,
      cache.case === 'dnsCacheConfig' ? cache.value : undefined,
    );
    this.#cache = acquired.cache;
    this.#release = acquired.release;
    this.#hosts = new PassingHosts(options.hosts, milliseconds(message.cleanupInterval, 5000));
    this.#port = options.isSecure ? 443 : 80;
  }

  choose({ authority }: LoadBalancerContext): Endpoint | undefined {
    const named = authority === undefined ? undefined : namedHost(authority);
    const ip = named === undefined ? undefined : this.#cache.find(named.name);
    if (named === undefined || ip === undefined) return undefined;
    const port = named.port ?? this.#port;
    const key = `${named.name.toLowerCase()}:${port}`;
    const known = this.#hosts.find(key);
    if (known?.place.kind === 'ip' && known.place.ip === ip) return this.#hosts.use(known);
    if (known !== undefined) this.#hosts.remove(known);
    return this.#hosts.use(this.#hosts.add({ kind: 'ip', ip, port }, named.name, key));
  }

  close(): void {
    this.#hosts.close();
    this.#release();
  }
}
