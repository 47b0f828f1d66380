/** The kinds of discovery by the cluster's type. */

import {
  type Cluster,
  Cluster_DiscoveryType,
} from '../../../xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { UnsupportedError } from '../../route/unsupported.ts';
import { NO_ENDPOINTS, readAssignment } from '../assignment.ts';
import type { CountMembership } from '../cluster-stats.ts';
import type { DnsResolver } from '../dns/resolver.ts';
import { dnsSettings } from '../dns/settings.ts';
import { logicalDns, strictDns } from './by-dns.ts';
import type { Discovery } from './discovery.ts';
import { byEds } from './eds.ts';
import { fixedEndpoints } from './fixed.ts';

/** Throws an `UnsupportedError` or `InvalidConfigError`. */
export function discoveryOf(
  owner: string,
  cluster: Cluster,
  count: CountMembership,
  dns: DnsResolver,
): Discovery {
  const type = cluster.clusterDiscoveryType;
  // Endpoints come as they are asked for.
  if (type.case === 'clusterType') return fixedEndpoints(NO_ENDPOINTS);
  const kind = type.case === 'type' ? type.value : Cluster_DiscoveryType.STATIC;
  const assignment = (names: boolean) =>
    cluster.loadAssignment === undefined
      ? NO_ENDPOINTS
      : readAssignment(`${owner}.load_assignment`, cluster.loadAssignment, names);
  switch (kind) {
    case Cluster_DiscoveryType.STATIC:
      return fixedEndpoints(assignment(false));
    case Cluster_DiscoveryType.EDS: {
      const name = cluster.edsClusterConfig?.serviceName ?? '';
      return byEds(name === '' ? cluster.name : name, count);
    }
    case Cluster_DiscoveryType.STRICT_DNS:
      return strictDns(assignment(true), dnsSettings(owner, cluster, dns), count);
    case Cluster_DiscoveryType.LOGICAL_DNS:
      return logicalDns(owner, assignment(true), dnsSettings(owner, cluster, dns), count);
    case Cluster_DiscoveryType.ORIGINAL_DST:
      // Endpoints come as they are asked for.
      return fixedEndpoints(NO_ENDPOINTS);
    default:
      throw new UnsupportedError(`${owner}.type ${String(kind)}`);
  }
}
