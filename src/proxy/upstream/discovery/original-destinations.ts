/** Connections go where they were going anyway: each destination becomes an endpoint when it is first asked for. */

import type { Cluster } from '../../../xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { canonicalIp, placeText, type SocketPlace } from '../../address.ts';
import { InvalidConfigError, milliseconds, refuseFields } from '../../config-error.ts';
import type { Counter, StatsScope } from '../../stats/stats.ts';
import type { Balancer } from '../balancers/balancer.ts';
import type { Endpoint } from '../host.ts';
import type { Membership } from '../membership.ts';
import type { LoadBalancerContext } from '../types.ts';
import { PassingHosts } from './passing-hosts.ts';

const HEADER = 'x-envoy-original-dst-host';
const HOST_PORT = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/;

/** https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/service_discovery#original-destination */
export class OriginalDestinations implements Balancer {
  readonly #hosts: PassingHosts;
  readonly #header: string | undefined;
  readonly #port: number | undefined;
  readonly #invalid: Counter;

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
    this.#hosts = new PassingHosts(hosts, milliseconds(message.cleanupInterval, 5000));
    this.#invalid = scope.counter('original_dst_host_invalid');
  }

  choose(context: LoadBalancerContext): Endpoint | undefined {
    const wanted = this.#destination(context);
    if (wanted === undefined) return undefined;
    const place = this.#port === undefined ? wanted : { ...wanted, port: this.#port };
    return this.#hosts.use(this.#hosts.find(placeText(place)) ?? this.#hosts.add(place));
  }

  close(): void {
    this.#hosts.close();
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
}
