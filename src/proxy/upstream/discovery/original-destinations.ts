/** Connections go where they were going anyway: each destination becomes an endpoint when it is first asked for. */

import type { Cluster } from '../../../xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { canonicalIp, placeText, type SocketPlace } from '../../address.ts';
import { InvalidConfigError, milliseconds, refuseFields } from '../../config-error.ts';
import type { Counter, StatsScope } from '../../stats/stats.ts';
import type { Balancer } from '../balancers/balancer.ts';
import { Endpoint, NO_LOCALITY } from '../host.ts';
import type { Membership } from '../membership.ts';
import type { LoadBalancerContext } from '../types.ts';

const HEADER = 'x-envoy-original-dst-host';
const HOST_PORT = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/;

/** https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/service_discovery#original-destination */
export class OriginalDestinations implements Balancer {
  readonly #hosts: Membership;
  readonly #header: string | undefined;
  readonly #port: number | undefined;
  readonly #cleanupInterval: number;
  readonly #invalid: Counter;
  readonly #used = new Set<Endpoint>();
  #timer: NodeJS.Timeout | undefined;

  /** Throws an `UnsupportedError` or `InvalidConfigError`. */
  constructor(owner: string, message: Cluster, hosts: Membership, scope: StatsScope) {
    const config = message.lbConfig.case === 'originalDstLbConfig' ? message.lbConfig.value : undefined;
    refuseFields(`${owner}.original_dst_lb_config`, { metadata_key: config?.metadataKey !== undefined });
    if (message.loadAssignment !== undefined) {
      throw new InvalidConfigError(`${owner}.load_assignment`, 'not with type ORIGINAL_DST');
    }
    const name = config?.httpHeaderName ?? '';
    this.#header = config?.useHttpHeader === true ? (name === '' ? HEADER : name.toLowerCase()) : undefined;
    this.#port = config?.upstreamPortOverride;
    this.#cleanupInterval = milliseconds(message.cleanupInterval, 5000);
    this.#hosts = hosts;
    this.#invalid = scope.counter('original_dst_host_invalid');
  }

  choose(context: LoadBalancerContext): Endpoint | undefined {
    const wanted = this.#destination(context);
    if (wanted === undefined) return undefined;
    const place = this.#port === undefined ? wanted : { ...wanted, port: this.#port };
    const host = this.#hosts.find(placeText(place)) ?? this.#add(place);
    this.#used.add(host);
    return host;
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #destination(context: LoadBalancerContext): SocketPlace | undefined {
    const text = this.#header === undefined ? undefined : context.header?.(this.#header);
    if (text === undefined) return context.originalDestination;
    const match = HOST_PORT.exec(text);
    const ip = canonicalIp(match?.[1] ?? match?.[2] ?? '');
    const port = Number(match?.[3]);
    if (ip !== undefined && port <= 65_535) return { kind: 'ip', ip, port };
    this.#invalid.value++;
    return undefined;
  }

  #add(place: SocketPlace): Endpoint {
    const host = new Endpoint({
      place,
      hostname: '',
      weight: 1,
      priority: 0,
      locality: NO_LOCALITY,
      metadata: undefined,
      flags: 0,
      checkPlace: undefined,
      checkHostname: '',
      isChecked: false,
    });
    this.#hosts.add(host);
    // Nothing to do while there are no endpoints.
    this.#timer ??= setTimeout(() => this.#cleanUp(), this.#cleanupInterval).unref();
    return host;
  }

  /** Endpoints that nobody asked for since the last time, and that no connection goes to, are forgotten. */
  #cleanUp(): void {
    this.#timer = undefined;
    for (const host of this.#hosts.hosts) {
      if (!this.#used.has(host) && host.stats.cxActive === 0) this.#hosts.remove(host);
    }
    this.#used.clear();
    if (this.#hosts.size > 0) this.#timer = setTimeout(() => this.#cleanUp(), this.#cleanupInterval).unref();
  }
}
