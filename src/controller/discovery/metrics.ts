/** What discovery counts; the names are Istio's where it has one. */

import {
  CLUSTER_TYPE,
  ENDPOINT_TYPE,
  EXTENSION_TYPE,
  LISTENER_TYPE,
  ROUTE_TYPE,
  SECRET_TYPE,
} from '../../xds/resource.ts';
import { Counter, Histogram } from '../metrics.ts';

/** Short names, as metrics and debug pages use them. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  [CLUSTER_TYPE]: 'cds',
  [ENDPOINT_TYPE]: 'eds',
  [LISTENER_TYPE]: 'lds',
  [ROUTE_TYPE]: 'rds',
  [SECRET_TYPE]: 'sds',
  [EXTENSION_TYPE]: 'ecds',
};

/** `cds`, `eds`, `lds`, `rds`, `sds`, `ecds`, and `other` for what the controller does not serve. */
export function shortTypeName(typeUrl: string): string {
  return SHORT_NAMES[typeUrl] ?? 'other';
}

export class DiscoveryMetrics {
  readonly pushes = new Counter('pilot_xds_pushes', 'Responses sent to proxies, by type.');
  readonly bytes = new Counter('pilot_xds_sent_bytes', 'Bytes of responses sent to proxies, by type.');
  readonly rejects = new Counter('pilot_total_xds_rejects', 'Responses that proxies refused, by type.');
  readonly translationErrors = new Counter(
    'pilot_xds_push_context_errors',
    'Times that the resources of a proxy could not be made.',
  );
  readonly secretErrors = new Counter(
    'pilot_sds_certificate_errors_total',
    'Secrets that proxies ask for and cannot get, and certificates outside of their time.',
  );
  readonly convergence = new Histogram(
    'pilot_proxy_convergence_time',
    'Seconds from a change until every proxy has taken it.',
    [0.1, 0.5, 1, 3, 5, 10, 20, 30],
  );

  sent(typeUrl: string, bytes: number): void {
    const type = shortTypeName(typeUrl);
    this.pushes.add({ type });
    this.bytes.add({ type }, bytes);
  }

  rejected(typeUrl: string): void {
    this.rejects.add({ type: shortTypeName(typeUrl) });
  }
}
