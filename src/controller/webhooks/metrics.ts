/** What the webhooks count, under Istio's names. */

import { Counter, type Family } from '../metrics.ts';

export class WebhookMetrics {
  readonly injections = new Counter(
    'sidecar_injection_requests_total',
    'Pods that the injector was asked about.',
  );
  readonly injected = new Counter('sidecar_injection_success_total', 'Pods that were given a sidecar.');
  readonly notInjected = new Counter(
    'sidecar_injection_failure_total',
    'Requests to the injector that failed.',
  );
  readonly skipped = new Counter('sidecar_injection_skip_total', 'Pods that need no sidecar.');
  readonly passed = new Counter('galley_validation_passed', 'Objects that the validator let through.');
  readonly refused = new Counter('galley_validation_failed', 'Objects that the validator refused.');

  constructor() {
    // A rate of failures can be had from the first one on only where there was a zero before.
    for (const one of [this.injections, this.injected, this.notInjected, this.skipped]) one.add({}, 0);
  }

  get families(): readonly Family[] {
    return [this.injections, this.injected, this.notInjected, this.skipped, this.passed, this.refused];
  }
}
