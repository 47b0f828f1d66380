/** Clusters for what requests are sent to. */

import { isHttp, isHttp2 } from '../../base/protocol.ts';
import type { ConfigReference } from '../problem.ts';
import { upstreamHttp1 } from '../http-filters/proxy-headers.ts';
import type { Input } from '../input.ts';
import { configPath } from '../names.ts';
import {
  Cluster_DiscoveryType,
  Cluster_DnsLookupFamily,
  Cluster_LbPolicy,
} from '../proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { localityEndpoints } from '../endpoints/localities.ts';
import { weighsPlaces, zoneSettings } from '../endpoints/locality-policy.ts';
import type { MeshService, MeshServicePort } from '../../model/services.ts';
import { knowsOwnEndpoints } from '../endpoints/own-endpoints.ts';
import { secretFault } from '../secrets/fault.ts';
import { FROM_ADS, defined, durationOf, istioMetadata, seconds } from '../values.ts';
import { circuitBreakers, connectTimeout, httpOptions, keepalive } from './connection-pool.ts';
import type { ClusterInit } from './fixed.ts';
import { loadBalancing } from './load-balancer.ts';
import { outlierDetection, panicThreshold } from './outlier-detection.ts';
import { serviceMetadata } from '../service-metadata.ts';
import type { Target } from './targets.ts';
import { type ClientTls, NO_TLS, clientTls } from './client-tls.ts';
import { dynamicDiscovery } from './dynamic.ts';
import { cacheOf } from '../dynamic-dns.ts';

/** The cluster of a target; undefined for one that DNS resolves, but that names no host to ask for. */
export function outboundClusterOf(target: Target, input: Input): ClusterInit | undefined {
  const { name, policy, port, rule, subset } = target;
  const mesh = input.snapshot.mesh.config;
  const owner: ConfigReference =
    rule === undefined
      ? meshConfigOf(input.snapshot)
      : { kind: 'DestinationRule', namespace: rule.namespace, name: rule.name };
  const tls = target.passedOn
    ? NO_TLS
    : clientTls(policy, {
        http2: isHttp2(port.speaks),
        external: target.service.external,
        ofHosts: target.discovery === 'dynamic-dns',
        proxyCertificate: () => input.proxy.clientCertificate,
        takesCredentials: () => input.proxy.type === 'router' || rule?.workloadSelector !== undefined,
        secretFault: (name) => secretFault(name, input),
        serverNames: () => certifiedNames(target, input),
        mesh,
        owner,
        report: input.report,
      });
  const discovery = tls.refused ? nowhere() : discoveryFields(target, tls, input);
  if (discovery === undefined) return undefined;
  if (policy.tunnel !== undefined && isHttp(port.speaks) && !target.passedOn) {
    input.report(
      owner,
      `trafficPolicy.tunnel is not in force for the HTTP port ${port.number}: tunnels are for TCP and TLS.`,
    );
  }
  const sidecar = input.proxy.type === 'sidecar';
  const settings = { protocol: port.speaks, outbound: true, sidecar, mesh, http1: upstreamHttp1(input) };
  return {
    name,
    altStatName: `${name};`,
    connectTimeout: connectTimeout(policy, mesh),
    circuitBreakers: circuitBreakers(policy),
    commonLbConfig: {
      healthyPanicThreshold: panicThreshold(policy, target.service),
      ...(target.discovery !== 'dynamic-dns' && localityConfig(target, input, owner)),
    },
    ...defined({
      upstreamConnectionOptions: keepalive(policy, mesh),
      outlierDetection: outlierDetection(policy),
      typedExtensionProtocolOptions: httpOptions(policy, { ...settings, tls }),
      transportSocket: tls.socket,
    }),
    metadata: istioMetadata({
      services: [serviceMetadata(target.service)],
      ...(target.service.external && { external: true }),
      ...(rule !== undefined && { config: configPath(rule.apiVersion, 'destination-rule', rule) }),
      ...(subset !== undefined && { subset: subset.name ?? '' }),
    }),
    ...discovery,
  };
}

function meshConfigOf({ mesh }: Input['snapshot']): ConfigReference {
  return { kind: 'MeshConfig', namespace: mesh.istioNamespace, name: 'mesh' };
}

/** Whether places have weights, or requests stay in the proxy's own zone as far as its endpoints can take them. */
function localityConfig(
  { policy, service }: Target,
  { snapshot, proxy, report }: Input,
  owner: ConfigReference,
): Pick<NonNullable<ClusterInit['commonLbConfig']>, 'localityConfigSpecifier'> {
  const mesh = snapshot.mesh.config;
  const zones = zoneSettings(policy, mesh, service.prefers);
  if (zones === undefined) {
    if (!weighsPlaces(policy, mesh, service.prefers)) return {};
    return { localityConfigSpecifier: { case: 'localityWeightedLbConfig', value: {} } };
  }
  const isOff = zones.enabled === false;
  const smallest = zones.minClusterSize ?? undefined;
  if (!isOff && !knowsOwnEndpoints(proxy)) {
    report(
      policy.loadBalancer?.zoneAwareLbSetting === undefined ? meshConfigOf(snapshot) : owner,
      'zoneAwareLbSetting keeps requests in their region, not in their zone: the proxy does not know the endpoints beside ' +
        'it. Set ISTIO_META_ENABLE_SELF_DISCOVERY to "true" in proxyMetadata of its ProxyConfig.',
    );
  }
  return {
    localityConfigSpecifier: {
      case: 'zoneAwareLbConfig',
      value: {
        ...(isOff && { routingEnabled: { value: 0 } }),
        ...(smallest !== undefined && { minClusterSize: BigInt(smallest) }),
      },
    },
  };
}

/**
 * Names that the endpoints of a ServiceEntry have certificates for: those it says, and the identities of its
 * workloads. None for a Service of Kubernetes, which says nothing of certificates.
 */
function certifiedNames({ service, port }: Target, { snapshot }: Input): readonly string[] {
  if (service.origin !== 'ServiceEntry') return [];
  const trustDomain = snapshot.mesh.config.trustDomain ?? 'cluster.local';
  const identities = snapshot
    .endpointsOf(service, port)
    .filter(({ serviceAccount }) => serviceAccount !== '')
    .map((endpoint) => `spiffe://${trustDomain}/ns/${endpoint.namespace}/sa/${endpoint.serviceAccount}`);
  return [...new Set([...service.certifiedNames, ...identities])].sort();
}

/** No endpoints at all: requests are refused. */
function nowhere(): Partial<ClusterInit> {
  return { clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.STATIC } };
}

/** The address that a connection is for stays, but not the port, where an entry without endpoints names another one. */
function otherPort(
  { origin, resolution }: MeshService,
  { number, targetPort }: MeshServicePort,
): Pick<ClusterInit, 'lbConfig'> {
  if (origin !== 'ServiceEntry' || resolution !== 'none') return {};
  if (typeof targetPort !== 'number' || targetPort === number) return {};
  return { lbConfig: { case: 'originalDstLbConfig', value: { upstreamPortOverride: targetPort } } };
}

function discoveryFields(target: Target, tls: ClientTls, input: Input): Partial<ClusterInit> | undefined {
  const { name, policy, discovery, service, port } = target;
  const type = (value: Cluster_DiscoveryType) => ({ case: 'type' as const, value });
  switch (discovery) {
    case 'original-destination':
      return {
        clusterDiscoveryType: type(Cluster_DiscoveryType.ORIGINAL_DST),
        lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED,
        ...otherPort(service, port),
      };
    case 'dynamic-dns':
      return dynamicDiscovery(cacheOf(target.service, input), tls);
    case 'eds':
      return {
        clusterDiscoveryType: type(Cluster_DiscoveryType.EDS),
        edsClusterConfig: { edsConfig: FROM_ADS, serviceName: name },
        ...loadBalancing(policy),
      };
    default: {
      const endpoints = localityEndpoints(target, input);
      if (endpoints.length === 0) return undefined;
      const isStrict = discovery === 'strict-dns';
      // One address at a time takes exactly one name.
      const [first] = endpoints;
      const one = first?.lbEndpoints?.slice(0, 1);
      return {
        clusterDiscoveryType: type(
          isStrict ? Cluster_DiscoveryType.STRICT_DNS : Cluster_DiscoveryType.LOGICAL_DNS,
        ),
        dnsLookupFamily: Cluster_DnsLookupFamily.V4_ONLY,
        dnsRefreshRate: durationOf(input.snapshot.mesh.config.dnsRefreshRate) ?? seconds(60),
        respectDnsTtl: true,
        loadAssignment: {
          clusterName: name,
          endpoints:
            isStrict || first === undefined || one === undefined
              ? endpoints
              : [{ ...first, lbEndpoints: one }],
        },
        ...loadBalancing(policy),
      };
    }
  }
}
