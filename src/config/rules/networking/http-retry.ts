/** Checks retry policies of HTTP routes. */

import type { HTTPRetry } from '../../../api/generated/types/networking.istio.io/VirtualService.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import { isRegisteredStatus } from '../../../base/http.ts';
import { nearestName } from '../../../base/nearest.ts';
import type { RuleReport } from '../rule.ts';
import { checkDuration } from './duration-field.ts';

/**
 * Failures that Envoy can try again: of HTTP, and in the last line of gRPC.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#x-envoy-retry-on
 */
export const RETRY_ON_WORDS: ReadonlySet<string> = new Set(
  `5xx gateway-error reset reset-before-request connect-failure envoy-ratelimited retriable-4xx refused-stream
  retriable-status-codes retriable-headers http3-post-connect-failure
  cancelled deadline-exceeded internal resource-exhausted unavailable`.split(/\s+/),
);

/** Also the shape of the mesh's default retry policies. `useless`: how bad settings are that no try is made for. */
export function checkHttpRetry(
  report: RuleReport,
  path: FieldPath,
  retries: HTTPRetry | undefined,
  useless: 'error' | 'warn' = 'error',
): void {
  if (retries === undefined) return;
  const { attempts = 0, retryOn = '', perTryTimeout, retryRemoteLocalities } = retries;
  const configured =
    perTryTimeout !== undefined || retryOn !== '' || (retryRemoteLocalities ?? null) !== null;
  if (attempts === 0 && configured) {
    report[useless](
      [...path, 'attempts'],
      'is 0, which turns retries off, while other retry settings are there; set attempts, or remove the others',
    );
  }
  checkDuration(report, [...path, 'perTryTimeout'], perTryTimeout);
  checkDuration(report, [...path, 'backoff'], retries.backoff);
  if (retryOn === '') return;
  for (const word of retryOn.split(',')) checkWord(report, [...path, 'retryOn'], word);
}

function checkWord(report: RuleReport, path: FieldPath, word: string): void {
  if (RETRY_ON_WORDS.has(word)) return;
  if (/^\d{3}$/.test(word)) {
    if (isRegisteredStatus(Number(word))) return;
    return report.error(path, `${word} is no HTTP status`);
  }
  const trimmed = word.trim();
  if (trimmed !== word && (RETRY_ON_WORDS.has(trimmed) || /^\d{3}$/.test(trimmed))) {
    return report.error(path, `has spaces around "${trimmed}"; remove them`);
  }
  const near = nearestName(trimmed, RETRY_ON_WORDS);
  report.error(path, `"${word}" is neither a failure that can be tried again nor an HTTP status`, {
    hint: near === undefined ? `Known are ${[...RETRY_ON_WORDS].join(', ')}.` : `Did you mean "${near}"?`,
  });
}
