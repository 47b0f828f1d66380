/**
 * Clients that ask only to take it back (CVE-2023-44487): a connection on which half of the requests end so is cut off.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/best_practices/edge, `overload.premature_reset_total_stream_count`
 */

/** Of so many requests the ratio is looked at; earlier when those to come could no longer mend it. */
const TOTAL = 500;

export class PrematureResets {
  #requests = 0;
  #premature = 0;

  /** A request is over. True when the connection should be. */
  add(premature: boolean): boolean {
    this.#requests++;
    if (premature) this.#premature++;
    return premature && this.#premature * 2 >= Math.max(TOTAL, this.#requests);
  }
}
