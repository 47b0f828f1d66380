/** A ClusterLoadAssignment as a list of endpoints. */

import type { Address } from '../../xds/proto/generated/envoy/config/core/v3/address_pb.js';
import { SocketAddress_Protocol } from '../../xds/proto/generated/envoy/config/core/v3/address_pb.js';
import { HealthStatus } from '../../xds/proto/generated/envoy/config/core/v3/health_check_pb.js';
import type {
  LbEndpoint,
  LocalityLbEndpoints,
} from '../../xds/proto/generated/envoy/config/endpoint/v3/endpoint_components_pb.js';
import type {
  ClusterLoadAssignment,
  ClusterLoadAssignment_Policy_DropOverload,
} from '../../xds/proto/generated/envoy/config/endpoint/v3/endpoint_pb.js';
import { FractionalPercent_DenominatorType } from '../../xds/proto/generated/envoy/type/v3/percent_pb.js';
import { canonicalIp, type Place } from '../address.ts';
import { InvalidConfigError, milliseconds, refuseFields } from '../config-error.ts';
import { UnsupportedError } from '../route/unsupported.ts';
import { type EndpointSpec, HEALTH, type Locality, NO_LOCALITY } from './host.ts';

/** Where an endpoint is: at an address, or at what a name stands for. */
export type Target = Place | { readonly kind: 'name'; readonly name: string; readonly port: number };

export interface AssignedEndpoint extends Omit<EndpointSpec, 'place'> {
  readonly target: Target;
}

export interface Assignment {
  readonly endpoints: readonly AssignedEndpoint[];
  readonly overprovisioning: number;
  readonly weightedHealth: boolean;
  /** Weights of localities, by priority and by `localityKey`. */
  readonly localityWeights: ReadonlyMap<string, number>;
  /** The share of requests that is refused, 0 to 1, by category. */
  readonly drops: readonly { readonly category: string; readonly share: number }[];
  /** Milliseconds after which all endpoints are forgotten unless they are named again; 0 for never. */
  readonly staleAfter: number;
}

export const NO_ENDPOINTS: Assignment = {
  endpoints: [],
  overprovisioning: 140,
  weightedHealth: false,
  localityWeights: new Map(),
  drops: [],
  staleAfter: 0,
};

/** What an assignment says beside its endpoints, for those who have taken them. */
export function withoutEndpoints(assignment: Assignment): Assignment {
  const { overprovisioning, weightedHealth, localityWeights, drops, staleAfter } = assignment;
  const isPlain =
    overprovisioning === NO_ENDPOINTS.overprovisioning &&
    !weightedHealth &&
    localityWeights.size === 0 &&
    drops.length === 0 &&
    staleAfter === 0;
  return isPlain ? NO_ENDPOINTS : { ...assignment, endpoints: [] };
}

/** What weights of localities are kept under. */
export function localityKey(priority: number, { region, zone, subZone }: Locality): string {
  return `${priority}\0${region}\0${zone}\0${subZone}`;
}

/** Throws an `UnsupportedError` or `InvalidConfigError`. Names instead of addresses are allowed when `names` is true. */
export function readAssignment(owner: string, message: ClusterLoadAssignment, names: boolean): Assignment {
  let localityWeights: Map<string, number> | undefined;
  const endpoints = message.endpoints.flatMap((group, index) => {
    const where = `${owner}.endpoints[${index}]`;
    const locality = localityOf(group);
    if (group.priority > 128) throw new InvalidConfigError(`${where}.priority`, 'above 128');
    if (group.loadBalancingWeight !== undefined) {
      localityWeights ??= new Map();
      localityWeights.set(localityKey(group.priority, locality), group.loadBalancingWeight);
    }
    return endpointsOf(group, where).map((one, at) =>
      readEndpoint(one, `${where}.lb_endpoints[${at}]`, group.priority, locality, message, names),
    );
  });
  const { policy } = message;
  return {
    endpoints,
    overprovisioning: policy?.overprovisioningFactor ?? NO_ENDPOINTS.overprovisioning,
    weightedHealth: policy?.weightedPriorityHealth === true,
    localityWeights: localityWeights ?? NO_ENDPOINTS.localityWeights,
    drops: (policy?.dropOverloads ?? []).map(({ category, dropPercentage }) => ({
      category,
      share: shareOf(dropPercentage),
    })),
    staleAfter: milliseconds(policy?.endpointStaleAfter, 0),
  };
}

function localityOf({ locality }: LocalityLbEndpoints): Locality {
  if (locality === undefined) return NO_LOCALITY;
  return { region: locality.region, zone: locality.zone, subZone: locality.subZone };
}

function endpointsOf(group: LocalityLbEndpoints, where: string): readonly LbEndpoint[] {
  if (group.lbConfig.case === 'ledsClusterLocalityConfig') {
    throw new UnsupportedError(`${where}.leds_cluster_locality_config`);
  }
  return group.lbConfig.case === 'loadBalancerEndpoints'
    ? group.lbConfig.value.lbEndpoints
    : group.lbEndpoints;
}

function readEndpoint(
  one: LbEndpoint,
  where: string,
  priority: number,
  locality: Locality,
  message: ClusterLoadAssignment,
  names: boolean,
): AssignedEndpoint {
  const { hostIdentifier } = one;
  const { namedEndpoints: named } = message;
  const endpoint =
    hostIdentifier.case !== 'endpointName'
      ? hostIdentifier.value
      : Object.hasOwn(named, hostIdentifier.value)
        ? named[hostIdentifier.value]
        : undefined;
  if (endpoint === undefined) throw new InvalidConfigError(`${where}.endpoint`, 'missing');
  refuseFields(`${where}.endpoint`, { additional_addresses: endpoint.additionalAddresses.length > 0 });
  const weight = one.loadBalancingWeight ?? 1;
  if (weight < 1) throw new InvalidConfigError(`${where}.load_balancing_weight`, 'below 1');
  const target = targetOf(endpoint.address, `${where}.endpoint.address`);
  if (target.kind === 'name' && !names) {
    throw new InvalidConfigError(
      `${where}.endpoint.address`,
      `"${target.name}" is no IP address; for names set the cluster's type to STRICT_DNS or LOGICAL_DNS`,
    );
  }
  const check = endpoint.healthCheckConfig;
  return {
    target,
    hostname: endpoint.hostname === '' && target.kind === 'name' ? target.name : endpoint.hostname,
    weight,
    priority,
    locality,
    metadata: one.metadata,
    flags: flagsOf(one.healthStatus),
    checkPlace: checkPlaceOf(target, check?.address, check?.portValue ?? 0, where),
    checkHostname: check?.hostname ?? '',
    isChecked: check?.disableActiveHealthCheck !== true,
  };
}

function checkPlaceOf(
  target: Target,
  address: Address | undefined,
  port: number,
  where: string,
): Place | undefined {
  const own = address === undefined ? target : targetOf(address, `${where}.health_check_config.address`);
  if (address === undefined && port === 0) return undefined;
  if (own.kind === 'pipe') return own;
  // The port stays open until the name of the endpoint is known.
  if (own.kind === 'name') return { kind: 'ip', ip: '', port };
  return { ...own, port: port === 0 ? own.port : port };
}

/** https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/core/v3/health_check.proto#enum-config-core-v3-healthstatus */
export function flagsOf(status: HealthStatus): number {
  switch (status) {
    case HealthStatus.UNHEALTHY:
    case HealthStatus.TIMEOUT:
      return HEALTH.failedByDiscovery;
    case HealthStatus.DRAINING:
      return HEALTH.drainingByDiscovery;
    case HealthStatus.DEGRADED:
      return HEALTH.degradedByDiscovery;
    case HealthStatus.UNKNOWN:
    case HealthStatus.HEALTHY:
      return 0;
    default:
      return 0;
  }
}

/** Where a socket address or pipe is. Throws for UDP and internal listeners. */
export function targetOf(address: Address | undefined, where: string): Target {
  switch (address?.address.case) {
    case 'socketAddress': {
      const { value } = address.address;
      if (value.protocol === SocketAddress_Protocol.UDP) throw new UnsupportedError(`${where} over UDP`);
      refuseFields(where, {
        resolver_name: value.resolverName !== '',
        named_port: value.portSpecifier.case === 'namedPort',
      });
      const port = value.portSpecifier.case === 'portValue' ? value.portSpecifier.value : 0;
      if (port > 65_535) throw new InvalidConfigError(`${where}.port_value`, 'above 65535');
      const ip = canonicalIp(value.address);
      return ip === undefined ? { kind: 'name', name: value.address, port } : { kind: 'ip', ip, port };
    }
    case 'pipe': {
      const { path } = address.address.value;
      if (path === '') throw new InvalidConfigError(`${where}.pipe.path`, 'empty');
      return { kind: 'pipe', path };
    }
    case 'envoyInternalAddress':
      throw new UnsupportedError(`${where}.envoy_internal_address`);
    default:
      throw new InvalidConfigError(where, 'missing');
  }
}

function shareOf(percent: ClusterLoadAssignment_Policy_DropOverload['dropPercentage']): number {
  if (percent === undefined) return 0;
  const whole = {
    [FractionalPercent_DenominatorType.HUNDRED]: 100,
    [FractionalPercent_DenominatorType.TEN_THOUSAND]: 10_000,
    [FractionalPercent_DenominatorType.MILLION]: 1_000_000,
  }[percent.denominator];
  return Math.min(1, percent.numerator / whole);
}
