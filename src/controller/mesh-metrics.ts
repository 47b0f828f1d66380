/** What `/metrics` shows of the controller, under the names that Istio's dashboards ask for. */

import type { KindKey } from '../api/kind-info.ts';
import { packageVersion } from '../base/package-version.ts';
import type { ChangeSet } from '../config/sources/source.ts';
import type { DiscoveryMetrics } from './discovery/metrics.ts';
import type { DiscoveryServer } from './discovery/server.ts';
import type { MeshState } from './mesh-state.ts';
import { Counter, expositionText, type Family, Gauge, Histogram } from './metrics.ts';

/** What an update is of, in Istio's words. */
type UpdateType = 'config' | 'eds' | 'svc';

const ENDPOINT_KINDS: ReadonlySet<KindKey> = new Set([
  'core/Endpoints',
  'core/Pod',
  'discovery.k8s.io/EndpointSlice',
]);
const SERVICE_KINDS: ReadonlySet<KindKey> = new Set(['core/Service']);

export class MeshMetrics {
  readonly #events = new Counter(
    'pilot_k8s_cfg_events',
    'Objects of the configuration that changed, by event.',
  );
  readonly #updates = new Counter('pilot_inbound_updates', 'Objects that changed, by what they are.');
  readonly #triggers = new Counter(
    'pilot_push_triggers',
    'New states that were sent, by what changed for them.',
  );
  readonly #building = new Histogram(
    'pilot_pushcontext_init_seconds',
    'Seconds that making a new state of the mesh takes.',
    [0.01, 0.1, 0.5, 1, 3, 5],
  );
  /** What changed since the last new state. */
  readonly #pending = new Set<UpdateType>();

  changed({ changed, removed }: ChangeSet): void {
    this.#events.add({ event: 'update' }, changed.length);
    this.#events.add({ event: 'delete' }, removed.length);
    for (const { key } of [...changed, ...removed]) {
      const type = updateType(key);
      this.#updates.add({ type });
      this.#pending.add(type);
    }
  }

  /** A new state was made, in so many seconds, and is sent. */
  pushed(seconds: number): void {
    this.#building.observe(seconds);
    // Nothing changed: it is the first state, or the mesh's own settings are others.
    if (this.#pending.size === 0) this.#triggers.add({ type: 'global' });
    for (const type of this.#pending) this.#triggers.add({ type: type === 'eds' ? 'endpoint' : type });
    this.#pending.clear();
  }

  text(
    state: MeshState,
    discovery: DiscoveryServer,
    ofDiscovery: DiscoveryMetrics,
    others: readonly Family[] = [],
  ): string {
    const gauge = (name: string, help: string, value: () => number): Gauge =>
      new Gauge(name, help, () => [[{}, value()]]);
    const version = packageVersion();
    return expositionText([
      new Gauge('istio_build', 'The version of the control plane.', () => [
        [{ component: 'pilot', tag: version }, 1],
      ]),
      new Gauge('pilot_info', 'The version of the control plane.', () => [[{ version }, 1]]),
      gauge('pilot_xds', 'Proxies that are connected.', () => [...discovery.streams].length),
      gauge(
        'pilot_services',
        'Services that the mesh knows.',
        () => state.snapshot?.services.all.length ?? 0,
      ),
      gauge(
        'pilot_virt_services',
        'VirtualServices that are in force.',
        () => state.snapshot?.virtualServices.length ?? 0,
      ),
      gauge(
        'pilot_total_rejected_configs',
        'Objects that are set aside for their errors.',
        () => state.rejections.length,
      ),
      gauge(
        'pilot_xds_bytes_in_flight',
        'Bytes on their way to proxies.',
        () => discovery.queue.bytesInFlight,
      ),
      gauge('process_resident_memory_bytes', 'Memory that the process holds.', () =>
        process.memoryUsage.rss(),
      ),
      new Gauge(
        'process_cpu_seconds_total',
        'Processor time that the process has used.',
        () => [[{}, cpuSeconds()]],
        'counter',
      ),
      gauge('process_start_time_seconds', 'When the process began, in seconds since 1970.', () =>
        Math.round(Date.now() / 1_000 - process.uptime()),
      ),
      this.#events,
      this.#updates,
      this.#triggers,
      this.#building,
      ofDiscovery.pushes,
      ofDiscovery.bytes,
      ofDiscovery.rejects,
      ofDiscovery.translationErrors,
      ofDiscovery.secretErrors,
      ofDiscovery.convergence,
      ...others,
    ]);
  }
}

function updateType(key: KindKey): UpdateType {
  if (ENDPOINT_KINDS.has(key)) return 'eds';
  return SERVICE_KINDS.has(key) ? 'svc' : 'config';
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
