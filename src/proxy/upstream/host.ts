/** An endpoint of a cluster, with everything that is known of its health. */

import type { Metadata } from '../../xds/proto/generated/envoy/config/core/v3/base_pb.js';
import { type Place, placeText } from '../address.ts';
import type { Host, HostStats } from './types.ts';

/** Why an endpoint is not used, or used less; bits of `Endpoint.flags`. */
export const HEALTH = {
  failedActiveCheck: 1,
  failedOutlierCheck: 2,
  failedByDiscovery: 4,
  degradedByActiveCheck: 8,
  degradedByDiscovery: 16,
  drainingByDiscovery: 32,
  pendingActiveCheck: 64,
  excluded: 128,
  activeCheckTimedOut: 256,
  /** It is no longer discovered, but stays until its active health check fails. */
  pendingRemoval: 512,
} as const;

const UNHEALTHY =
  HEALTH.failedActiveCheck |
  HEALTH.failedOutlierCheck |
  HEALTH.failedByDiscovery |
  HEALTH.drainingByDiscovery;
const DEGRADED = HEALTH.degradedByActiveCheck | HEALTH.degradedByDiscovery;
const EXCLUDED = HEALTH.pendingActiveCheck | HEALTH.excluded;
const BY_DISCOVERY = HEALTH.failedByDiscovery | HEALTH.degradedByDiscovery | HEALTH.drainingByDiscovery;

export interface Locality {
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
}

export const NO_LOCALITY: Locality = { region: '', zone: '', subZone: '' };

/** What discovery says of an endpoint. */
export interface EndpointSpec {
  readonly place: Place;
  /** What it is known by when not by its place, which may change then. */
  readonly key?: string | undefined;
  readonly hostname: string;
  readonly weight: number;
  readonly priority: number;
  readonly locality: Locality;
  readonly metadata: Metadata | undefined;
  /** Bits of `HEALTH` that discovery sets. */
  readonly flags: number;
  /** Where active health checks go, when not to `place`. */
  readonly checkPlace: Place | undefined;
  readonly checkHostname: string;
  readonly isChecked: boolean;
}

/** How an endpoint's failures are counted, kept with it by outlier detection. */
export interface OutlierState {
  consecutive5xx: number;
  consecutiveGatewayFailure: number;
  consecutiveLocalOriginFailure: number;
  ejections: number;
  /** Grows with each ejection and shrinks with each interval without one. */
  ejectTimeBackoff: number;
  /** Milliseconds of `performance.now()`; undefined while it is not ejected. */
  ejectedAt: number | undefined;
  lastUnejectedAt: number | undefined;
  /** Answers of the running interval and of the last one, by where they come from. */
  external: { total: number; success: number };
  local: { total: number; success: number };
  externalSuccessRate: number;
  localSuccessRate: number;
}

/** The object stays as long as the endpoint is discovered at its place. */
export class Endpoint implements Host {
  place: Place;
  id: string;
  hostname: string;
  weight: number;
  priority: number;
  locality: Locality;
  metadata: Metadata | undefined;
  flags: number;
  checkPlace: Place | undefined;
  checkHostname: string;
  isChecked: boolean;
  readonly stats: HostStats = {
    cxActive: 0,
    cxTotal: 0,
    cxConnectFail: 0,
    rqActive: 0,
    rqTotal: 0,
    rqSuccess: 0,
    rqError: 0,
    rqTimeout: 0,
  };
  /** When it last became healthy: slow start counts from there. `performance.now()`. */
  healthySince: number | undefined;
  outlier: OutlierState | undefined;

  constructor(spec: EndpointSpec) {
    this.place = spec.place;
    this.id = placeText(spec.place);
    this.hostname = spec.hostname;
    this.weight = spec.weight;
    this.priority = spec.priority;
    this.locality = spec.locality;
    this.metadata = spec.metadata;
    this.flags = spec.flags;
    this.checkPlace = spec.checkPlace;
    this.checkHostname = spec.checkHostname;
    this.isChecked = spec.isChecked;
  }

  get healthy(): boolean {
    return (this.flags & (UNHEALTHY | DEGRADED)) === 0;
  }

  get degraded(): boolean {
    return (this.flags & UNHEALTHY) === 0 && (this.flags & DEGRADED) !== 0;
  }

  /** Not counted when the share of healthy endpoints is found. */
  get excluded(): boolean {
    return (this.flags & EXCLUDED) !== 0;
  }

  has(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }

  /** Sets or clears flags; true when something changed. */
  mark(flag: number, isSet: boolean): boolean {
    const flags = isSet ? this.flags | flag : this.flags & ~flag;
    if (flags === this.flags) return false;
    this.flags = flags;
    return true;
  }

  /** Takes on what discovery says now; true when anything that balancers look at changed. */
  update(spec: EndpointSpec): boolean {
    const flags = (this.flags & ~BY_DISCOVERY & ~HEALTH.pendingRemoval) | (spec.flags & BY_DISCOVERY);
    const isChanged =
      flags !== this.flags ||
      spec.weight !== this.weight ||
      spec.priority !== this.priority ||
      spec.hostname !== this.hostname ||
      spec.metadata !== this.metadata ||
      !sameLocality(spec.locality, this.locality);
    if (spec.key !== undefined) {
      this.place = spec.place;
      this.id = placeText(spec.place);
    }
    this.checkPlace = spec.checkPlace;
    this.checkHostname = spec.checkHostname;
    this.isChecked = spec.isChecked;
    this.flags = flags;
    this.weight = spec.weight;
    this.priority = spec.priority;
    this.hostname = spec.hostname;
    this.metadata = spec.metadata;
    this.locality = spec.locality;
    return isChanged;
  }
}

export function sameLocality(a: Locality, b: Locality): boolean {
  return a.region === b.region && a.zone === b.zone && a.subZone === b.subZone;
}

/** In the order of region, zone and sub-zone. */
export function compareLocalities(a: Locality, b: Locality): number {
  return compare(a.region, b.region) || compare(a.zone, b.zone) || compare(a.subZone, b.subZone);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
