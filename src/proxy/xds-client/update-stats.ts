/** The counters of one subscription. https://www.envoyproxy.io/docs/envoy/latest/configuration/overview/mgmt_server */

import type { ConfigSource } from '../../xds/proto/generated/envoy/config/core/v3/config_source_pb.js';
import type { Counter, Gauge, StatsScope } from '../stats/stats.ts';
import { isFile } from './config-sources.ts';

export class UpdateStats {
  readonly #attempt: Counter;
  readonly #success: Counter;
  readonly #rejected: Counter;
  readonly #timeout: Counter;
  readonly #scope: StatsScope;

  constructor(scope: StatsScope) {
    this.#scope = scope;
    this.#attempt = scope.counter('update_attempt');
    this.#success = scope.counter('update_success');
    this.#rejected = scope.counter('update_rejected');
    this.#timeout = scope.counter('init_fetch_timeout');
    scope.counter('update_failure');
  }

  /** It has been asked for. Of files Envoy counts only that they have been read. */
  ask(source: ConfigSource): void {
    if (!isFile(source)) this.#attempt.value++;
  }

  timedOut(): void {
    this.#timeout.value++;
  }

  /** An update came, of which so many were refused. `bytes`: the only resource. */
  took(refused: number, resources: number, _bytes?: Uint8Array): void {
    this.#attempt.value++;
    if (refused > 0) this.#rejected.value++;
    else this.#success.value++;
    if (resources > refused) this.#scope.gauge('update_time').value = Date.now();
  }

  release(): void {
    this.#scope.release();
  }
}

/** Those of a route configuration, which tell how often it became another one: of the scope `http.PREFIX.rds.NAME.` */
export class RouteUpdateStats extends UpdateStats {
  readonly #reloads: Counter;
  readonly #reloadTime: Gauge;
  #inForce: Uint8Array | undefined;

  constructor(scope: StatsScope) {
    super(scope);
    this.#reloads = scope.counter('config_reload');
    this.#reloadTime = scope.gauge('config_reload_time_ms');
    scope.counter('update_empty');
  }

  override took(refused: number, resources: number, bytes?: Uint8Array): void {
    super.took(refused, resources);
    if (refused > 0 || bytes === undefined) return;
    if (this.#inForce !== undefined && Buffer.compare(this.#inForce, bytes) === 0) return;
    this.#inForce = bytes;
    this.#reloads.value++;
    this.#reloadTime.value = Date.now();
  }
}

/** Those of a secret: of the scope `sds.NAME.` */
export class SecretUpdateStats extends UpdateStats {
  constructor(scope: StatsScope) {
    super(scope);
    scope.counter('key_rotation_failed');
  }
}
